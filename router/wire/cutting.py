"""Words into runs that can be read as one caption, or sentence by sentence.

What lives here: where speech is cut. A run ends with a sentence, before a pause, with a speaker's turn; what is longer
than a caption is parted so that few captions result, of about one length, after punctuation where there is some.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Protocol, TypeVar

from router.wire.lines import CUE_COLUMNS, LINE_COLUMNS, columns, ends_clause, is_glued, separators

__all__ = ["LONGEST_CUE_S", "PAUSE_S", "SENTENCE_ENDS", "cut"]

LONGEST_CUE_S = 7.0
PAUSE_S = 0.8
SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？", "।", "؟")  # noqa: RUF001 - sentences end so elsewhere

_CLOSERS = "\"'’”»)]」』）】"  # noqa: RUF001 - as they are written
_ABBREVIATION = re.compile(r"(mr|mrs|ms|dr|prof|st|vs|e\.g|i\.e)\.", re.IGNORECASE)
_INITIAL = re.compile(r"[A-HJ-Z]\.")  # "I." is a sentence's end

A_CUE, A_TEAR, AN_ORPHAN, MID_PHRASE = 1_000.0, 500.0, 150.0, 60.0
"""Paid for one caption more, and for a cut before a comma, beside a word left alone, in the middle of a phrase."""
UNEVEN = 40.0


class Spoken(Protocol):
    """A word, as far as cutting looks at it. Seconds."""

    @property
    def text(self) -> str: ...
    @property
    def start(self) -> float: ...
    @property
    def end(self) -> float: ...
    @property
    def speaker(self) -> str | None: ...


W = TypeVar("W", bound=Spoken)


def cut(words: Sequence[W]) -> Iterator[Sequence[W]]:
    """Runs of words that make one caption each: two lines and 7 s at most, or one word that is more by itself."""
    measure = _Measure(words)
    first = 0
    for last in range(len(words)):
        if last + 1 == len(words) or measure.must_end(last):
            for begin, end in _parted(measure, first, last + 1):
                yield words[begin:end]
            first = last + 1


class _Measure:
    """What is asked about a run again and again, counted once."""

    def __init__(self, words: Sequence[Spoken]) -> None:
        self._words = words
        texts = [word.text for word in words]
        apart = separators(texts)
        stripped = [text.strip() for text in texts]
        widths = [len(space) + columns(text) for space, text in zip(apart, stripped, strict=True)]
        self.is_rest = [ends_clause(text) for text in stripped]
        self._texts = stripped
        self._apart = apart
        self._reach = list(accumulate(widths, initial=0))
        self.is_glued = [at > 0 and is_glued(stripped[at - 1], apart[at], stripped[at]) for at in range(len(words))] + [
            False
        ]

    def must_end(self, last: int) -> bool:
        """Whether another run begins after this word, which is not the last of all."""
        word, following = self._words[last], self._words[last + 1]
        if following.speaker != word.speaker:
            return True
        is_rest = _ends_sentence(self._texts[last]) or following.start - word.end > PAUSE_S
        return is_rest and not self.is_glued[last + 1]

    def columns(self, first: int, end: int) -> int:
        """How wide the words are as one line."""
        return self._reach[end] - self._reach[first] - len(self._apart[first])

    def ends_from(self, first: int, limit: int) -> Iterator[int]:
        """Each place where a caption that begins with `first` may end; the next word at least."""
        second: int | None = None  # where its second line would begin
        yield first + 1
        for end in range(first + 2, limit + 1):
            is_short = self._words[end - 1].end - self._words[first].start <= LONGEST_CUE_S
            if not is_short or self.columns(first, end) > CUE_COLUMNS:
                return
            if self.columns(first, end) > LINE_COLUMNS:
                second = second or self._second_line(first, end)
                if not second or self.columns(second, end) > LINE_COLUMNS:
                    return
            yield end

    def _second_line(self, first: int, end: int) -> int | None:
        """Where the first line ends when it is as full as can be, if it can end at all."""
        for at in range(end - 1, first, -1):
            if not self.is_glued[at] and self.columns(first, at) <= LINE_COLUMNS:
                return at
        return None


def _parted(measure: _Measure, first: int, limit: int) -> Iterator[tuple[int, int]]:
    """The cheapest way to part a run, as pairs of first word and end."""
    if limit in measure.ends_from(first, limit):
        yield first, limit
        return
    costs = [0.0] * (limit - first + 1)
    ends = [limit] * (limit - first)
    for begin in reversed(range(first, limit)):
        candidates = (
            (_cost(measure, begin, end, first, limit) + costs[end - first], end)
            for end in measure.ends_from(begin, limit)
        )
        costs[begin - first], ends[begin - first] = min(candidates)
    begin = first
    while begin < limit:
        yield begin, ends[begin - first]
        begin = ends[begin - first]


def _cost(measure: _Measure, begin: int, end: int, first: int, limit: int) -> float:
    cost = A_CUE + UNEVEN * (1 - measure.columns(begin, end) / CUE_COLUMNS) ** 2
    if end - begin == 1 and limit - first > 1:
        cost += AN_ORPHAN
    if end < limit:
        cost += A_TEAR if measure.is_glued[end] else 0.0 if measure.is_rest[end - 1] else MID_PHRASE
    return cost


def _ends_sentence(text: str) -> bool:
    bare = text.rstrip(_CLOSERS)
    return bare.endswith(SENTENCE_ENDS) and not _ABBREVIATION.fullmatch(bare) and not _INITIAL.fullmatch(bare)
