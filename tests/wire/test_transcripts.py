"""Captions cut from words: readable, in order, nothing lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.wire.transcripts import LINE_CHARACTERS, LONGEST_CUE_S, Segment, Transcript, Word, cut


def spoken(text: str, pause_after: str = "", speaker: str | None = None) -> list[Word]:
    """A word every half second; two seconds of silence after the words in `pause_after`."""
    words, now = [], 0.0
    for one in text.split():
        words.append(Word(one, now, now + 0.4, speaker))
        now += 2.5 if one in pause_after.split() else 0.5
    return words


def texts(words: list[Word]) -> list[str]:
    return [one.text for one in Transcript("", words=words).timed()]


def test_a_sentence_is_a_caption() -> None:
    """A full stop, a question mark or an exclamation mark ends one."""
    assert texts(spoken("Hello world. How are you? Fine!")) == ["Hello world.", "How are you?", "Fine!"]


def test_a_pause_and_a_change_of_speaker_end_a_caption() -> None:
    """Whoever only gives words without punctuation still gets readable lines."""
    assert texts(spoken("one two three four", pause_after="two")) == ["one two", "three four"]
    assert texts([*spoken("yes", speaker="A"), Word("no", 0.5, 0.9, "B")]) == ["yes", "no"]


def test_a_caption_starts_with_its_first_word_and_ends_with_its_last() -> None:
    """Times and speaker come from the words, the log-probability is their mean."""
    words = [Word("a", 1.0, 1.5, "S", -0.2), Word("b.", 1.6, 2.0, "S", -0.4)]

    (segment,) = Transcript("", words=words).timed()

    assert segment == Segment("a b.", 1.0, 2.0, "S", avg_logprob=segment.avg_logprob)
    assert round(segment.avg_logprob or 0, 9) == -0.3


def test_a_vendors_own_segments_are_kept() -> None:
    """Words are only cut where there is nothing better."""
    own = [Segment("a b", 0, 1)]

    assert Transcript("", words=spoken("a b. c"), segments=own).timed() == own


@given(st.lists(st.tuples(st.text("abc.", min_size=1, max_size=30), st.floats(0, 5)), max_size=60))
def test_nothing_is_lost_and_no_line_is_too_long(pieces: list[tuple[str, float]]) -> None:
    """All words, once, in order; a line is over its bounds only if one word alone is."""
    words, now = [], 0.0
    for text, length in pieces:
        words.append(Word(text, now, now + length))
        now += length

    runs = list(cut(words))

    assert [word for run in runs for word in run] == words
    for run in runs:
        characters = len(" ".join(word.text for word in run))
        assert len(run) == 1 or (characters <= LINE_CHARACTERS and run[-1].end - run[0].start <= LONGEST_CUE_S)
