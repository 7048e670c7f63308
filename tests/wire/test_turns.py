"""Each speaker has a name of its own, the same to the end."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.wire import turns
from router.wire.transcripts import Segment
from router.wire.turns import Turns


def names_of(labels: list[str | None]) -> list[str]:
    written = Turns()
    return [written.written(Segment("x", 0, 1, label))["speaker"] for label in labels]


def test_numbers_become_letters_in_order_of_appearance() -> None:
    """However a vendor counts; no label is a speaker too."""
    assert names_of(["speaker_7", "0", None, "Speaker 3", "0", "speaker_7"]) == ["A", "B", "C", "D", "B", "A"]


def test_names_are_kept_and_their_letters_not_given_twice() -> None:
    """Also where the name is a letter itself."""
    assert names_of(["A", "agent", "0", "C", "1", "2", "0"]) == ["A", "agent", "B", "C", "D", "E", "B"]


def test_letters_do_not_end() -> None:
    """As a spreadsheet's columns go on."""
    names = names_of([str(number) for number in range(703)])

    assert [names[at] for at in (25, 26, 27, 701, 702)] == ["Z", "AA", "AB", "ZZ", "AAA"]


@given(st.lists(st.one_of(st.none(), st.integers(0, 40).map(str)), max_size=80))
def test_a_speaker_is_told_by_the_name(labels: list[str | None]) -> None:
    """One name a label, one label a name."""
    names = names_of(labels)

    assert len(set(zip(labels, names, strict=True))) == len(set(labels)) == len(set(names))


def test_each_letter_is_tried_once(monkeypatch) -> None:
    """A thousand speakers cost a thousand letters."""
    tried: list[int] = []
    monkeypatch.setattr(turns, "_letters", lambda index: tried.append(index) or f"#{index}")

    assert len(set(names_of([str(number) for number in range(1_000)]))) == 1_000
    assert tried == list(range(1_000))
