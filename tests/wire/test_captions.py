"""Captions that independent parsers accept and people can read, whatever a vendor heard."""

from __future__ import annotations

import html
import itertools
from typing import NamedTuple

import pytest
import srt
import webvtt
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.wire import captions
from router.wire.lines import LINE_COLUMNS, columns
from router.wire.render import Rendering, Usage, render
from router.wire.transcripts import LAST_S, Segment, Transcript, Word

LAST_MS = 359_999_999


class Shown(NamedTuple):
    """A cue as a parser read it; times in milliseconds."""

    start: int
    end: int
    text: str


def body_of(transcript: Transcript, shape: str) -> str:
    return render(transcript, Rendering(format=shape), Usage())[1].decode()


def srt_cues(transcript: Transcript) -> list[Shown]:
    cues = list(srt.parse(body_of(transcript, "srt")))
    assert [cue.index for cue in cues] == list(range(1, len(cues) + 1))
    return [
        Shown(round(cue.start.total_seconds() * 1000), round(cue.end.total_seconds() * 1000), cue.content)
        for cue in cues
    ]


def vtt_cues(transcript: Transcript) -> list[Shown]:
    read = webvtt.from_string(body_of(transcript, "vtt"), strict=True).captions
    return [Shown(_ms(one.start), _ms(one.end), html.unescape(one.raw_text)) for one in read]


def _ms(clock: str) -> int:
    hours, minutes, seconds = clock.split(":")
    return (int(hours) * 60 + int(minutes)) * 60_000 + round(float(seconds) * 1000)


def bare(text: str) -> str:
    """What must not get lost: characters that are shown, without the space between them."""
    shown = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    kept = (one for one in shown if not one.isspace() and one != "\ufeff")
    return "".join(one for one in kept if not (ord(one) < 0x20 or 0x7F <= ord(one) < 0xA0))


times = st.one_of(st.floats(), st.floats(0, 60), st.floats(0, LAST_S), st.integers(-1, 30).map(float))
texts = st.one_of(
    st.text(st.characters(), max_size=60),
    st.lists(
        st.sampled_from(
            [
                *(
                    "Hello,",
                    "world.",
                    "2",
                    "17",
                    "don't",
                    "“quoted”",
                    "…",
                    "👩\u200d👩\u200d👧",
                    "مرحبا",
                    "今日は",
                    "สวัสดี",
                    "ខ្មែរ",
                ),
                *(
                    "00:00:01,000",
                    "00:00:02.000",
                    "-->",
                    "--",
                    ">",
                    "&",
                    "<",
                    "</i>",
                    "&amp;",
                    "NOTE",
                    "WEBVTT",
                    "안녕",
                ),
                *("\ud800", "\x00", "\r\n", "\n\n", "\u2028", "\x85", "\ufeff"),
            ]
        ),
        max_size=30,
    ).map(" ".join),
)
speakers = st.sampled_from([None, "0", "1"])
segments = st.builds(Segment, texts, times, times, speakers)
words = st.builds(Word, texts, times, times, speakers)
heard = st.builds(Transcript, texts, words=st.lists(words, max_size=12), segments=st.lists(segments, max_size=8))


@given(heard)
def test_any_transcript_is_captions_that_parsers_accept(transcript: Transcript) -> None:
    """SubRip and WebVTT hold the same cues, in order, not over one another, each long enough to be drawn."""
    in_srt, in_vtt = srt_cues(transcript), vtt_cues(transcript)

    assert [cue[:2] for cue in in_srt] == [cue[:2] for cue in in_vtt]
    assert [bare(cue.text.replace("→", "-->")) for cue in in_srt] == [
        bare(cue.text.replace("→", "-->")) for cue in in_vtt
    ]
    assert all(0 <= cue.start < cue.end <= LAST_MS for cue in in_srt)
    assert all(before.end <= after.start for before, after in itertools.pairwise(in_srt))
    assert all(columns(line) <= LINE_COLUMNS for cue in in_vtt for line in cue.text.split("\n"))


@given(st.lists(segments, max_size=8))
def test_every_segment_is_shown_once(heard: list[Segment]) -> None:
    """One cue for each that says something, in order of time, with its text."""
    said = [one for one in heard if bare(one.text)]

    cues = vtt_cues(Transcript("", segments=said))

    assert len(cues) == len(said)
    assert sorted(bare(cue.text) for cue in cues) == sorted(bare(one.text) for one in said)


@given(st.lists(words, max_size=20))
def test_no_word_is_lost(heard: list[Word]) -> None:
    """Words become cues with all of their text; which cue comes first is a matter of their times."""
    shown = "".join(cue.text for cue in vtt_cues(Transcript("", words=heard)))

    assert sorted(bare(shown)) == sorted(bare("".join(one.text for one in heard)))


@given(st.lists(st.tuples(st.integers(100, 6_900), st.integers(0, 5_000)), max_size=20))
def test_times_that_make_sense_are_kept(lengths: list[tuple[int, int]]) -> None:
    """To the millisecond."""
    expected, now = [], 0
    for length, gap in lengths:
        expected.append(Shown(now, now + length, "x"))
        now += length + gap
    heard = [Segment("x", cue.start / 1000, cue.end / 1000) for cue in expected]

    assert srt_cues(Transcript("", segments=heard)) == expected


def spoken(text: str, seconds_each: float = 0.4) -> list[Word]:
    return [Word(one, at * seconds_each, (at + 0.9) * seconds_each) for at, one in enumerate(text.split())]


GETTYSBURG = (
    "Four score and seven years ago our fathers brought forth, on this continent, a new nation, conceived in liberty, "
    "and dedicated to the proposition that all men are created equal."
)


def test_a_long_sentence_is_cut_where_a_reader_rests() -> None:
    """At its commas, in two even lines, never over 7 s, and no word stands alone."""
    cues = srt_cues(Transcript("", words=spoken(GETTYSBURG, 0.35)))

    assert [cue.text.replace("\n", " / ") for cue in cues] == [
        "Four score and seven years / ago our fathers brought forth,",
        "on this continent, a new nation, / conceived in liberty,",
        "and dedicated to the proposition / that all men are created equal.",
    ]


PROSE = "And so, my fellow Americans, ask not what your country can do for you: ask what you can do for 20 others."
SOUNDS = "and so my fellow americans ask not what your country can do for you ask what you can do for twenty others"


def test_a_segment_too_long_to_be_read_is_cut_by_its_words() -> None:
    """It keeps its own spelling and punctuation, which words often lack; verbose_json keeps the segment."""
    heard = Transcript(PROSE, words=spoken(SOUNDS, 0.5), segments=[Segment(PROSE, 0, 11)])

    cues = srt_cues(heard)

    assert " ".join(cue.text.replace("\n", " ") for cue in cues) == PROSE
    assert len(cues) > 1
    assert all(cue.end - cue.start <= 7_000 and cue.text.count("\n") <= 1 for cue in cues)
    assert b'"start":0.0,"end":11.0' in render(heard, Rendering(format="verbose_json"), Usage())[1]


@pytest.mark.parametrize("others", [[], spoken("something else was heard here")])
def test_a_long_segment_without_words_of_its_own_stays_whole(others: list[Word]) -> None:
    """Times are never made up."""
    (cue,) = srt_cues(Transcript(PROSE, words=others, segments=[Segment(PROSE, 0, 11)]))

    assert (cue.start, cue.end) == (0, 11_000)
    assert cue.text.replace("\n", " ") == PROSE


def test_talking_at_once_is_shown_one_after_the_other() -> None:
    """A cue ends where the next begins; of two that begin together the first is still seen."""
    heard = [Segment("late", 5, 6), Segment("one", 0, 3), Segment("two", 0, 4), Segment("never", 2, 2)]

    assert srt_cues(Transcript("", segments=heard)) == [
        Shown(0, 100, "one"),
        Shown(100, 2_000, "two"),
        Shown(2_000, 2_100, "never"),
        Shown(5_000, 6_000, "late"),
    ]


def test_markup_is_text() -> None:
    """WebVTT escapes it; SubRip cannot, and only loses the arrow."""
    heard = Transcript("", segments=[Segment("a < b && c --> d", 0, 1)])

    assert "a &lt; b &amp;&amp; c --&gt; d\n" in body_of(heard, "vtt")
    assert "a < b && c → d\n" in body_of(heard, "srt")


def test_nothing_said_is_no_cue() -> None:
    """Blank segments as well; WebVTT still has its head."""
    silence = Transcript("", duration=2.0, segments=[Segment(" \n", 0, 1), Segment("\x00", 1, 2)])

    assert (body_of(silence, "srt"), body_of(silence, "vtt")) == ("", "WEBVTT\n\n")


def test_talking_over_one_another_keeps_each_speakers_words() -> None:
    """A long segment is cut by its own speaker's words and by those of nobody, however many lie between them."""
    own = [replace(word, speaker="0" if at % 2 else None) for at, word in enumerate(spoken(SOUNDS, 0.5))]
    others = [Word("no", at / 100, at / 100 + 0.01, "1") for at in range(1_100)]
    heard = Transcript(PROSE, words=[*others, *own], segments=[Segment(PROSE, 0, 11, "0")])

    cues = srt_cues(heard)

    assert " ".join(cue.text.replace("\n", " ") for cue in cues) == PROSE
    assert len(cues) > 1


def test_the_words_under_a_segment_are_looked_at_only_where_it_can_have_said_them(monkeypatch) -> None:
    """A vendor may answer with many segments over the same words: what they cost grows with what they say."""
    looked_at: list[int] = []
    spell = captions._spelled_as
    monkeypatch.setattr(
        captions, "_spelled_as", lambda segment, words: looked_at.append(len(words)) or spell(segment, words)
    )
    heard = Transcript("", words=spoken("a " * 500), segments=[Segment("a b", 0, 300) for _ in range(500)])

    assert len(srt_cues(heard)) == 500
    assert len(looked_at) == 500
    assert sum(looked_at) <= 500 * 2 * len("a b")
