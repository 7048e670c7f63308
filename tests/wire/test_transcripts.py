"""Captions cut from words: readable, in order, nothing lost; and what of a transcript can be written at all."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.cutting import LONGEST_CUE_S, cut
from router.wire.lines import CUE_COLUMNS, CUE_LINES, spelled, wrapped
from router.wire.transcripts import LAST_S, NEVER, Segment, Token, Transcript, Word, writable


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
    """A full stop, a question mark or an exclamation mark ends one, within quotation marks as well."""
    assert texts(spoken("Hello world. How are you? Fine!")) == ["Hello world.", "How are you?", "Fine!"]
    assert texts(spoken('He said "Go." Then he went.')) == ['He said "Go."', "Then he went."]


def test_a_title_and_an_initial_end_no_sentence() -> None:
    """Their full stops are none."""
    assert texts(spoken("Mr. J. Smith met Dr. Who.")) == ["Mr. J. Smith met Dr. Who."]


def test_punctuation_that_comes_by_itself_stays_with_its_word() -> None:
    """Some vendors send it as words of their own."""
    assert texts(spoken("Well , yes . No !")) == ["Well, yes.", "No!"]


def test_a_pause_and_a_change_of_speaker_end_a_caption() -> None:
    """Whoever only gives words without punctuation still gets readable lines."""
    assert texts(spoken("one two three four", pause_after="two")) == ["one two", "three four"]
    assert texts([*spoken("yes", speaker="A"), Word("no", 0.5, 0.9, "B")]) == ["yes", "no"]


def test_no_word_is_left_alone() -> None:
    """What does not fit is parted evenly: sixteen words of half a second are eight and eight, not fourteen and two."""
    assert [len(text.split()) for text in texts(spoken("word " * 16))] == [8, 8]


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


@given(st.lists(st.tuples(st.text("abc.,語", min_size=1, max_size=30), st.floats(0, 5)), max_size=60))
def test_nothing_is_lost_and_no_caption_is_too_long(pieces: list[tuple[str, float]]) -> None:
    """All words, once, in order; a caption is over its bounds only if one word alone is."""
    words, now = [], 0.0
    for text, length in pieces:
        words.append(Word(text, now, now + length))
        now += length

    runs = list(cut(words))

    assert [word for run in runs for word in run] == words
    for run in runs:
        text = spelled([word.text for word in run])
        is_readable = len(text) <= CUE_COLUMNS and len(wrapped(text)) <= CUE_LINES
        assert len(run) == 1 or (is_readable and run[-1].end - run[0].start <= LONGEST_CUE_S)


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (1, 2.5, (1.0, 2.5)),
        (3.0, 2.0, (3.0, 3.0)),
        (-1.0, math.nan, (0.0, 0.0)),
        (math.nan, 1.0, (0.0, 1.0)),
        (1e300, math.inf, (LAST_S, LAST_S)),
        (-math.inf, 1e6, (0.0, LAST_S)),
    ],
)
def test_times_that_can_be_written(start: float, end: float, expected: tuple[float, float]) -> None:
    """From the start of the file on, and not backwards."""
    made = writable(Transcript("", words=[Word("a", start, end)], segments=[Segment("a", start, end)]))

    assert [(one.start, one.end) for one in (*made.words, *made.segments)] == [expected, expected]


def test_what_cannot_be_written_becomes_what_can() -> None:
    """Halves of characters, numbers that are none, logarithms of zero."""
    made = writable(
        Transcript(
            "\ud83d\ude00 \ud800",
            duration=math.nan,
            segments=[Segment("\udfff", 0, 1, "\ud800", avg_logprob=-math.inf, temperature=math.nan)],
            tokens=[Token("a", -math.inf, b"a")],
        )
    )

    assert made == Transcript(
        "😀 �", segments=[Segment("�", 0.0, 1.0, "�")], words=[], tokens=[Token("a", NEVER, b"a")]
    )
