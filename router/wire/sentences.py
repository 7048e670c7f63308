"""Text cut into pieces of a bounded length, where a reader would pause: nothing of it is lost, nothing doubled.

What lives here: where paragraphs, sentences and clauses end, in any script. Pure; what a piece is for is not known.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import NamedTuple

__all__ = ["split"]

_SPACED_ENDS = ".!?…"  # of sentences, where a space follows: else it is `example.com`, `3.5`, `Yahoo!s`
_ENDS = "。．｡！？‼⁇⁈⁉؟۔।॥։׃።፧፨។៕။།༎᠃᠉\u037e"  # noqa: RUF001 - sentences end so elsewhere
_SPACED_PAUSES = ",;:·–\u0387"  # noqa: RUF001 - of clauses; without a space they are in words and numbers
_PAUSES = "、，､；：—،؛፣፤፥၊᠂"  # noqa: RUF001 - clauses end so elsewhere
_GUILLEMETS = "»›"  # noqa: RUF001 - French has a hard space in front of them
_CLOSERS = _GUILLEMETS + "\"'”’“)]}」』）】〉》〕〗］｝｣"  # noqa: RUF001 - quotes and brackets; “ closes in German
_HARD_SPACES = ("\xa0", "\u2007", "\u202f")  # which hold together what they stand between
_CLOSING = _CLOSERS + "".join(_HARD_SPACES)
_MARKS = re.escape(_SPACED_ENDS + _ENDS + _SPACED_PAUSES + _PAUSES)
_STOP = re.compile(
    rf"(?P<marks>[{_MARKS}](?:[{_MARKS}{re.escape(_CLOSERS)}]|[\xa0\u202f][{_GUILLEMETS}])*)(?P<gap>\s*)|(?P<space>\s+)"
)
_INK = re.compile(r"\S")

_NOT_WORD = re.compile(r"[^\w.]+")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]")  # J. S. Bach, U.S., e.g., z.B.
_ABBREVIATIONS = frozenset(
    """
    mr mrs ms mx dr prof rev hon gen col capt lt sgt sen gov st mt messrs vs approx dept hr fr bzw ca vgl evtl inkl ggf
    sog mme mlle sr sra srta dra uds sig dott
    """.split()  # noqa: SIM905 - words are easier to read without quotes
)
_BEFORE_NUMBERS = frozenset(
    """
    no nr num fig vol pp ch sec art abb bd jan feb mar apr jun jul aug sep sept oct nov dec
    """.split()  # noqa: SIM905 - as above
)
_LONGEST_WORD = 16  # looked at in front of a full stop: more than any abbreviation has
_LONGEST_ORDINAL = 2  # digits: `am 3. Oktober`, `1. Open the lid`, but `in 1999. Then`

_JOINER = "\u200d"
_EXTENDING = "\u200c\u200d\u0e33\u0eb3\uff9e\uff9f"  # beside marks: joiners, vowels and voicing written behind
_VIRAMA = 9  # its combining class: the next consonant is written into the one before

_PARAGRAPH, _SENTENCE, _CLAUSE, _WORD = range(4)


class _Stops(NamedTuple):
    """Where a text may be cut, in rising order; each rank has the stops of those before it as well."""

    paragraphs: list[int]
    sentences: list[int]
    clauses: list[int]
    words: list[int]


def split(text: str, longest: int) -> tuple[str, ...]:
    """Cut into few pieces of at most `longest` characters, none of them blank, without the whitespace around a cut.

    A cut is made where the best pause is: after a paragraph, a sentence, a clause, a word, else between two characters
    as readers see them. Text that fits is given as it is; of text that is blank there is always one piece.
    """
    if longest < 1:
        raise ValueError(f"a piece has at least 1 character, not {longest}")
    if len(text) <= longest:
        return (text,)
    if not text.strip():
        return (text[:longest],)
    stops = _stops_in(text)
    spans = _balanced(text, list(_packed(text, longest, stops)), longest, stops)
    return tuple(text[start:end].rstrip() for start, end in spans)


# ------------------------------------------------------------------ packing


def _packed(text: str, longest: int, stops: _Stops) -> Iterator[tuple[int, int]]:
    """Where pieces start and end, each as long as may be; a start is never whitespace."""
    start, end = _ink(text, 0), len(text.rstrip())
    while end - start > longest:
        cut = _best(stops, start, longest) or _last_seam(text, start, start + longest)
        yield start, cut
        start = _ink(text, cut)
    yield start, end


def _best(stops: _Stops, start: int, longest: int) -> int | None:
    """The last stop of the best rank there is. Paragraphs and clauses are not worth a piece of less than half."""
    half = start + longest // 2
    for rank, least in zip(stops, (half, start, half, start), strict=True):
        index = bisect_right(rank, start + longest)
        if index and rank[index - 1] > least:
            return rank[index - 1]
    return None


def _balanced(text: str, spans: list[tuple[int, int]], longest: int, stops: _Stops) -> list[tuple[int, int]]:
    """Give a last piece of less than a fifth some sentences of the one before, where that evens them out."""
    if len(spans) < 2 or (spans[-1][1] - spans[-1][0]) * 5 >= longest:
        return spans
    (start, cut), (last, end) = spans[-2:]
    index = bisect_right(stops.sentences, (start + end) // 2)
    around = [at for at in stops.sentences[max(0, index - 1) : index + 1] if start < at < cut and end - at <= longest]
    best = max(around, key=lambda at: min(at - start, end - at), default=start)
    if min(best - start, end - best) <= end - last:
        return spans
    return [*spans[:-2], (start, best), (_ink(text, best), end)]


def _ink(text: str, at: int) -> int:
    found = _INK.search(text, at)
    assert found  # what follows the last stop has been seen to be more than whitespace
    return found.start()


# ------------------------------------------------------------------ stops


def _stops_in(text: str) -> _Stops:
    found: tuple[list[int], ...] = ([], [], [], [])
    for match in _STOP.finditer(text):
        if (rank := _rank(text, match)) is not None:
            found[rank].append(match.end("marks") if match["marks"] else match.start())
    return _Stops(*accumulate(found, lambda better, more: sorted(better + more)))


def _rank(text: str, match: re.Match[str]) -> int | None:
    """How good a stop is; None for none."""
    marks, gap, space = match.groups()
    if space == " ":
        return _WORD
    white = gap or space or ""
    if white in _HARD_SPACES:
        return None
    if white.count("\n") > 1 or "\u2029" in white:
        return _PARAGRAPH
    if marks:
        return _rank_of_marks(text, match)
    return _CLAUSE if "\n" in white else _WORD


def _rank_of_marks(text: str, match: re.Match[str]) -> int | None:
    mark = match["marks"].rstrip(_CLOSING)[-1]
    if not match["gap"]:
        if mark in _SPACED_ENDS or mark in _SPACED_PAUSES or not _is_apart(text, match.start(), match.end()):
            return None
    elif mark in _SPACED_ENDS:
        return _rank_of_end(text, match)
    return _SENTENCE if mark in _ENDS else _CLAUSE


def _is_apart(text: str, start: int, end: int) -> bool:
    """Whether marks without a space behind them stop anything: not inside a number, nor with an accent on top."""
    before, after = text[start - 1 : start], text[end : end + 1]
    return not (before.isdigit() and after.isdigit()) and not (after and _is_extending(after))


def _rank_of_end(text: str, match: re.Match[str]) -> int:
    """What `.`, `!`, `?` or `…` is with a space behind it: it ends a sentence, a part of one, or only a word."""
    following = text[match.end() : match.end() + 1]
    if match["marks"] == ".":
        word = _NOT_WORD.split(text[max(0, match.start() - _LONGEST_WORD) : match.start()])[-1]
        if _is_abbreviation(word, following):
            return _WORD
        if word.isdigit() and len(word) <= _LONGEST_ORDINAL:
            return _CLAUSE
    return _CLAUSE if following.islower() else _SENTENCE


def _is_abbreviation(word: str, following: str) -> bool:
    folded = word.casefold()
    return bool(
        folded in _ABBREVIATIONS or _INITIALS.fullmatch(word) or (following.isdigit() and folded in _BEFORE_NUMBERS)
    )


# ------------------------------------------------------------------ characters


def _last_seam(text: str, start: int, limit: int) -> int:
    """The last place up to `limit` between two characters as readers see them; `limit` itself where there is none."""
    return next((at for at in range(limit, start, -1) if _is_seam(text, start, at)), limit)


def _is_seam(text: str, start: int, at: int) -> bool:
    """Whether one character ends and another begins at `at`; `start` is where one surely does.

    Unicode's annex 29 without its rare prefixes, and a little more careful: a joiner joins whatever it stands between.
    """
    before, after = text[at - 1], text[at]
    if _is_extending(after) or before == _JOINER or _is_syllable(before, after):
        return False
    if unicodedata.combining(before) == _VIRAMA and after.isalpha():
        return False
    if "\ud800" <= before <= "\udbff" and "\udc00" <= after <= "\udfff":
        return False
    return not (_is_flag_letter(after) and _flag_letters_before(text, start, at) % 2)


def _is_extending(char: str) -> bool:
    return (
        unicodedata.category(char)[0] == "M"
        or char in _EXTENDING
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # colours of skin
        or "\U000e0020" <= char <= "\U000e007f"  # tags, which make flags of regions
    )


def _is_syllable(before: str, after: str) -> bool:
    """Whether two are letters of one Hangul syllable: a vowel or an end behind, or a beginning in front."""
    if "\u1160" <= after <= "\u11ff" or "\ud7b0" <= after <= "\ud7fb":
        return True
    is_beginning = "\u1100" <= before <= "\u115f" or "\ua960" <= before <= "\ua97c"
    return is_beginning and ("\u1100" <= after <= "\u115f" or "\ua960" <= after <= "\ua97c" or "가" <= after <= "힣")


def _is_flag_letter(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _flag_letters_before(text: str, start: int, at: int) -> int:
    first = at
    while first > start and _is_flag_letter(text[first - 1]):
        first -= 1
    return at - first
