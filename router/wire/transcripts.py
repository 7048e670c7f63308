"""One transcript, whichever vendor heard it. Times are seconds from the start of the file, never milliseconds.

What lives here: the value and how captions are cut from words. How it is written out: `wire.render`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct

__all__ = ["Segment", "Token", "Transcript", "Word", "cut", "lacking_in"]

LINE_CHARACTERS = 84  # two caption lines of 42, the broadcasters' usual bound
LONGEST_CUE_S = 7.0
PAUSE_S = 0.8
SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")  # noqa: RUF001 - sentences end so elsewhere


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


class Segment(Struct, frozen=True, gc=False):
    """A stretch of speech: a sentence, a caption, a turn. The last four are Whisper's own and None elsewhere."""

    text: str
    start: float
    end: float
    speaker: str | None = None
    avg_logprob: float | None = None
    no_speech_prob: float | None = None
    compression_ratio: float | None = None
    temperature: float | None = None


class Transcript(Struct, frozen=True):
    """What was said. `language` is what the vendor calls it: a code or an English name; None: not told."""

    text: str
    language: str | None = None
    duration: float | None = None
    words: Sequence[Word] = ()
    segments: Sequence[Segment] = ()
    tokens: Sequence[Token] = ()

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


def cut(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """Runs of words that make one caption: to the end of a sentence, a pause, a change of speaker, or a full line."""
    first = 0
    for last, word in enumerate(words):
        following = words[last + 1] if last + 1 < len(words) else None
        if following is None or _ends(words[first], word, following, _characters(words[first : last + 1])):
            yield words[first : last + 1]
            first = last + 1


def _ends(first: Word, word: Word, following: Word, characters: int) -> bool:
    return (
        word.text.endswith(SENTENCE_ENDS)
        or following.start - word.end > PAUSE_S
        or following.speaker != word.speaker
        or following.end - first.start > LONGEST_CUE_S
        or characters + 1 + len(following.text) > LINE_CHARACTERS
    )


def _characters(words: Sequence[Word]) -> int:
    return sum(len(word.text) + 1 for word in words) - 1


def join(words: Sequence[Word]) -> Segment:
    """One segment out of a run of words (at least one)."""
    logprobs = [word.logprob for word in words if word.logprob is not None]
    return Segment(
        text=" ".join(word.text.strip() for word in words),
        start=words[0].start,
        end=words[-1].end,
        speaker=words[0].speaker,
        avg_logprob=sum(logprobs) / len(logprobs) if logprobs else None,
    )
