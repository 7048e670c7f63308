"""One transcript, whichever vendor heard it. Times are seconds from the start of the file, never milliseconds.

What lives here: the value, and what of it cannot be written. Where words are cut: `wire.cutting`. How it is written
out: `wire.render`, `wire.captions`.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from router.wire.cutting import cut
from router.wire.lines import spelled

__all__ = ["Delta", "Segment", "Token", "Transcript", "Word", "join", "lacking_in", "writable"]

LAST_S = 359_999.999  # 99:59:59.999: the last time that a caption can have, and more than any upload holds
NEVER = -9999.0  # OpenAI's own log-probability for what it thinks impossible


class Word(Struct, frozen=True, gc=False):
    """One spoken word."""

    text: str
    start: float
    end: float
    speaker: str | None = None
    logprob: float | None = None


class Token(Struct, frozen=True, gc=False):
    """A piece of the text as the model chose it, without times. `data`: its UTF-8, maybe but part of a character."""

    text: str
    logprob: float
    data: bytes


class Delta(Struct, frozen=True):
    """A few words more of a transcript that is still being made. `segment_id` is the vendor's own."""

    text: str
    tokens: Sequence[Token] = ()
    segment_id: str | None = None


class Segment(Struct, frozen=True, gc=False):
    """A stretch of speech: a sentence, a caption, a turn. Six are Whisper's own, and `id` is the vendor's, if any.

    `seek`: where the window begins in which it was heard, in hundredths of a second. `tokens`: as Whisper numbers them.
    """

    text: str
    start: float
    end: float
    speaker: str | None = None
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    compression_ratio: float | None = None
    temperature: float | None = None
    id: str | None = None
    seek: int | None = None
    tokens: Sequence[int] = ()


class Transcript(Struct, frozen=True):
    """What was said. `language` is what the vendor calls it: a code or an English name; None: not told.

    `languages`: codes, from a vendor that tells several, or none at all where it could not tell.
    """

    text: str
    language: str | None = None
    duration: float | None = None
    words: Sequence[Word] = ()
    segments: Sequence[Segment] = ()
    tokens: Sequence[Token] = ()
    languages: Sequence[str] | None = None

    def timed(self) -> Sequence[Segment]:
        """The vendor's segments, or readable ones cut from its words."""
        return self.segments or [join(part) for part in cut(self.words)]


def lacking_in(transcript: Transcript, wants: frozenset[str]) -> frozenset[str]:
    """What of `words segments speakers logprobs` is wanted and not there; silence lacks nothing."""
    timed: list[Segment | Word] = [*transcript.segments, *transcript.words]
    has = {
        "words": bool(transcript.words),
        "segments": bool(timed),
        "speakers": any(one.speaker is not None for one in timed),
        "logprobs": bool(transcript.tokens) or any(word.logprob is not None for word in transcript.words),
    }
    return frozenset(want for want in wants if transcript.text.strip() and not has[want])


def join(words: Sequence[Word]) -> Segment:
    """One segment out of a run of words (at least one)."""
    logprobs = [word.logprob for word in words if word.logprob is not None]
    return Segment(
        text=spelled([word.text for word in words]),
        start=words[0].start,
        end=words[-1].end,
        speaker=words[0].speaker,
        avg_logprob=sum(logprobs) / len(logprobs) if logprobs else None,
    )


# ------------------------------------------------------------------ what can be written


def writable(transcript: Transcript) -> Transcript:
    """The same with times from 0 to `LAST_S` that do not run backwards, finite numbers, and text that is Unicode."""
    return replace(
        transcript,
        text=_text(transcript.text),
        language=_label(transcript.language),
        languages=None if transcript.languages is None else [_text(code) for code in transcript.languages],
        duration=None if transcript.duration is None or math.isnan(transcript.duration) else _time(transcript.duration),
        words=[_word(one) for one in transcript.words],
        segments=[_segment(one) for one in transcript.segments],
        tokens=[replace(one, text=_text(one.text), logprob=_logprob(one.logprob)) for one in transcript.tokens],
    )


def _word(word: Word) -> Word:
    start = _time(word.start)
    return Word(
        _text(word.text),
        start,
        max(start, _time(word.end)),
        _label(word.speaker),
        None if word.logprob is None else _logprob(word.logprob),
    )


def _segment(segment: Segment) -> Segment:
    start = _time(segment.start)
    return replace(
        segment,
        text=_text(segment.text),
        start=start,
        end=max(start, _time(segment.end)),
        speaker=_label(segment.speaker),
        id=_label(segment.id),
        avg_logprob=_finite(segment.avg_logprob),
        no_speech_prob=_finite(segment.no_speech_prob),
        compression_ratio=_finite(segment.compression_ratio),
        temperature=_finite(segment.temperature),
    )


def _time(seconds: float) -> float:
    return float(min(max(0.0, seconds), LAST_S))  # in this order: of 0.0 and NaN, max takes the first


def _finite(number: float | None) -> float | None:
    return number if number is not None and math.isfinite(number) else None


def _logprob(logprob: float) -> float:
    return NEVER if math.isnan(logprob) else min(max(NEVER, logprob), 0.0)


def _label(text: str | None) -> str | None:
    return None if text is None else _text(text)


def _text(text: str) -> str:
    """With halves of surrogate pairs put together where they belong together, and replaced where not."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text
