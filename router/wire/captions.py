"""A transcript as captions: SubRip (srt) and WebVTT, in cues that can be read.

What lives here: which cues, when each is shown, and how the two formats write them. Speakers stay out, as at OpenAI.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from msgspec.structs import replace

from router.wire.cutting import LONGEST_CUE_S, cut
from router.wire.lines import CUE_COLUMNS, CUE_LINES, columns, wrapped
from router.wire.transcripts import LAST_S, Segment, Transcript, Word, join

__all__ = ["srt", "vtt"]

SHORTEST_CUE_MS = 100
LAST_MS = round(LAST_S * 1000)
LOOK_AHEAD = 60  # characters that a segment may say between two of its words

_UNPRINTABLE = dict.fromkeys((*range(0x20), *range(0x7F, 0xA0)), " ") | {0xFEFF: None}
_OPENING = "\"'“‘«„‚([{¿¡「『（《〈【"  # noqa: RUF001 - quotes as they are written


class Cue(NamedTuple):
    """What is shown at once: lines that are neither empty nor longer than a screen, at least one."""

    start_ms: int
    end_ms: int
    lines: Sequence[str]


def srt(transcript: Transcript) -> str:
    """SubRip; empty where nothing was said. `transcript` is writable."""
    return "".join(
        f"{number}\n{_times(cue, ',')}\n{_unlike_times(cue.lines)}\n\n"
        for number, cue in enumerate(_cues(transcript), start=1)
    )


def vtt(transcript: Transcript) -> str:
    """WebVTT. `transcript` is writable."""
    blocks = (f"{_times(cue, '.')}\n{_escaped(cue.lines)}\n\n" for cue in _cues(transcript))
    return "WEBVTT\n\n" + "".join(blocks)


def _unlike_times(lines: Sequence[str]) -> str:
    """SubRip has no escape, so an arrow that could be another cue's becomes one that cannot."""
    return "\n".join(lines).replace("-->", "→")


def _escaped(lines: Sequence[str]) -> str:
    return "\n".join(lines).replace("&", "&amp;").replace("<", "&lt;").replace("-->", "--&gt;")


def _times(cue: Cue, point: str) -> str:
    return f"{_clock(cue.start_ms, point)} --> {_clock(cue.end_ms, point)}"


def _clock(milliseconds: int, point: str) -> str:
    seconds, milliseconds = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{milliseconds:03}"


# ------------------------------------------------------------------ when


def _cues(transcript: Transcript) -> Iterator[Cue]:
    """In order, none over another, none shorter than can be seen."""
    shown = [(one, lines) for one in _readable(transcript) if (lines := wrapped(_plain(one.text)))]
    shown.sort(key=lambda pair: pair[0].start)
    starts = _starts([one for one, _ in shown])
    for (one, lines), start, following in zip(shown, starts, [*starts, LAST_MS][1:], strict=True):
        yield Cue(start, min(max(_ms(one.end), start + SHORTEST_CUE_MS), following), lines)


def _starts(segments: Sequence[Segment]) -> list[int]:
    """Milliseconds; a start waits for its predecessor to be seen, and leaves room for all that follow."""
    starts: list[int] = []
    for index, one in enumerate(segments):
        earliest = starts[-1] + SHORTEST_CUE_MS if starts else 0
        latest = LAST_MS - SHORTEST_CUE_MS * (len(segments) - index)
        starts.append(min(max(_ms(one.start), earliest), latest))
    return starts


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


def _plain(text: str) -> str:
    """On one line, and nothing in it that is not shown."""
    return " ".join(text.translate(_UNPRINTABLE).split())


# ------------------------------------------------------------------ which


def _readable(transcript: Transcript) -> Iterator[Segment]:
    """The vendor's segments; those too long to be read are cut again where its words say how."""
    words = _Words(transcript.words)
    if not transcript.segments:
        yield from _cut_to_captions(transcript.words)
    for segment in transcript.segments:
        spelled = None if _is_readable(segment) else _spelled_as(segment, words.within(segment))
        if spelled:
            yield from _cut_to_captions(spelled)
        else:
            yield segment


def _is_readable(segment: Segment) -> bool:
    text = _plain(segment.text)
    is_short = segment.end - segment.start <= LONGEST_CUE_S and columns(text) <= CUE_COLUMNS
    return is_short and len(wrapped(text)) <= CUE_LINES


def _cut_to_captions(words: Sequence[Word]) -> Iterator[Segment]:
    for one in map(join, cut(words)):
        yield replace(one, end=min(one.end, one.start + LONGEST_CUE_S))


class _Words:
    """A transcript's words in order of time, and where each speaker's are among them."""

    def __init__(self, words: Sequence[Word]) -> None:
        self._words = sorted(words, key=lambda word: word.start)
        self._places: dict[str | None, list[int]] = {}
        for place, word in enumerate(self._words):
            self._places.setdefault(word.speaker, []).append(place)

    def within(self, segment: Segment) -> Sequence[Word]:
        """Those that begin in the segment and are not another speaker's; none where they are too many to be its own.

        So all segments together cost what they say, however many words lie under each.
        """
        first = bisect_left(self._words, segment.start, key=lambda word: word.start)
        end = bisect_left(self._words, segment.end, key=lambda word: word.start)
        spans = [(places, bisect_left(places, first), bisect_left(places, end)) for places in self._places_for(segment)]
        if sum(stop - start for _, start, stop in spans) > 2 * len(segment.text):
            return ()
        return [self._words[place] for place in sorted(chain(*(places[start:stop] for places, start, stop in spans)))]

    def _places_for(self, segment: Segment) -> Sequence[Sequence[int]]:
        if segment.speaker is None:
            return (range(len(self._words)),)
        return [self._places.get(speaker, []) for speaker in (segment.speaker, None)]


def _spelled_as(segment: Segment, words: Sequence[Word]) -> Sequence[Word] | None:
    """The words as the segment spells them, with its punctuation and nothing of it lost; None if it says others.

    Vendors write segments as prose and words as sounds: without full stops, "20" as "twenty".
    """
    text, lower = segment.text, segment.text.lower()
    sought_in = lower if len(lower) == len(text) else text
    found: list[Word] = []
    begins: list[int] = []
    said_to = 0
    for word in words:
        sought = word.text.strip().lower()
        at = sought_in.find(sought, said_to, said_to + LOOK_AHEAD + len(sought)) if sought else -1
        if at >= 0:
            found.append(word)
            begins.append(_with_what_opens(text, said_to, at))
            said_to = at + len(sought)
    if not found or 2 * len(found) < len(words):
        return None
    ends = [*begins[1:], len(text)]
    pieces = (text[begin:end] for begin, end in zip([0, *begins[1:]], ends, strict=True))
    return [replace(word, text=piece) for word, piece in zip(found, pieces, strict=True)]


def _with_what_opens(text: str, after: int, at: int) -> int:
    """Where a word begins that stands at `at`, with the space and the opening marks before it."""
    return after + len(text[after:at].rstrip(_OPENING).rstrip())
