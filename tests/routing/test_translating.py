"""What a translator is asked, and what becomes of its answer: pure."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.routing.translating import (
    LONGEST_BATCH,
    asked,
    batches,
    in_english,
    is_english,
    lines_of,
    prepared,
    read_lines,
)
from router.wire.transcripts import Segment, Transcript, Word

TEXTS = st.text(st.characters(codec="utf-8"), max_size=200)


@given(st.lists(TEXTS))
def test_batches_are_the_lines_in_order(lines: list[str]) -> None:
    """None is lost, and none but a single long line is more than fits."""
    parts = list(batches(lines))

    assert [line for part in parts for line in part] == lines
    assert all(len(part) == 1 or sum(map(len, part)) <= LONGEST_BATCH for part in parts)


@given(st.lists(TEXTS, min_size=2, max_size=20))
def test_lines_come_back_as_they_are_written(lines: list[str]) -> None:
    """As a bare array, in a code fence, or with words around it."""
    array = msgspec.json.encode(lines).decode()
    for answer in (array, f"```json\n{array}\n```", f"Here you are: {array}"):
        assert read_lines(answer, len(lines)) == [" ".join(line.split()) for line in lines]


@given(st.text(), st.integers(2, 5))
def test_whatever_a_model_says_is_lines_or_nothing(answer: str, count: int) -> None:
    """Never a crash, never another number of lines."""
    lines = read_lines(answer, count)

    assert lines is None or len(lines) == count


def test_one_line_is_text_and_its_answer_is_too() -> None:
    """No JSON to get wrong; the client's prompt is the context."""
    system, user = asked(["Guten Tag."], "A greeting.")

    assert user == "Guten Tag."
    assert "A greeting." in system
    assert read_lines(" Good\nday. ", 1) == ["Good day."]


@pytest.mark.parametrize(
    ("language", "text", "english"),
    [
        ("en", "x", True),
        ("english", "x", True),
        ("en-US", "x", True),
        ("de", "x", False),
        (None, "x", False),
        (None, " ", True),
    ],
)
def test_english_is_told_by_the_vendors_word(language: str | None, text: str, english: bool) -> None:
    """A language that nobody told is translated."""
    assert is_english(Transcript(text, language)) is english


def test_segments_keep_their_times_and_lose_the_spoken_words() -> None:
    """What is cut from words is translated like a vendor's own segments; words of another language are gone."""
    heard = Transcript("Ja. Nein.", "de", 2.0, [Word("Ja.", 0.0, 0.5), Word("Nein.", 1.5, 2.0)])
    ready = prepared(heard, frozenset({"segments"}))

    english = in_english(ready, ["Yes.", "No."])

    assert list(lines_of(ready)) == ["Ja.", "Nein."]
    assert english == Transcript(
        "Yes. No.", "english", 2.0, segments=[Segment("Yes.", 0.0, 0.5), Segment("No.", 1.5, 2.0)]
    )


def test_a_text_without_segments_is_split_at_sentences() -> None:
    """Each part fits a question."""
    heard = prepared(Transcript("Guten Tag. " * 1_000, "de", words=[Word("Guten", 0, 1)]), frozenset())
    lines = lines_of(heard)

    assert all(len(line) <= LONGEST_BATCH and line.endswith(".") for line in lines)
    assert " ".join(lines) == heard.text.strip()
    assert in_english(heard, ["a", "b"]) == Transcript("a b", "english", segments=[])
