"""Text as lines on a screen: how words are spelled together, how wide they are, where a line may end.

What lives here: characters. When a line is shown is `cutting`'s and `captions`' business. The rules are those of
Unicode line breaking (UAX 14) as far as captions need them, without a dictionary.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple
from unicodedata import category, east_asian_width

__all__ = [
    "CUE_COLUMNS",
    "CUE_LINES",
    "LINE_COLUMNS",
    "columns",
    "ends_clause",
    "is_glued",
    "separators",
    "spelled",
    "wrapped",
]

LINE_COLUMNS = 42  # of 2 lines: the broadcasters' usual bound
CUE_LINES = 2
CUE_COLUMNS = CUE_LINES * LINE_COLUMNS
CLAUSE_BONUS = 60  # a line ends after punctuation when that is within five columns of the even split

_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\ua9e0-\ua9ff\uaa60-\uaa7f"  # Thai, Lao, Myanmar, Khmer
    "\u3000-\u312f\u31a0-\u31bf\u31f0-\u31ff\uff01-\uff9f"  # CJK punctuation, kana, bopomofo, full and half width
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # ideographs
)
_CLOSING = frozenset(",.;:!?…%)]}’”»›、。，．！？：；）］｝」』】〉》〕｣｡､،؛؟۔।॥။၊។៕")  # noqa: RUF001 - as they are written
_OPENING = frozenset("([{‘“«‹¿¡（［｛「『【〈《〔｢")  # noqa: RUF001 - as they are written
_CLAUSE_ENDS = frozenset(",;:–—.!?…、。，；：！？،؛؟۔।")  # noqa: RUF001 - as they are written
_LEANS_BACK = frozenset("ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮーゝゞヽヾ々ะาำๅๆຯະາຳໆ\u200d")
_LEANS_FORWARD = frozenset("เแโใไເແໂໃໄ\u17d2\u1039\u200d")  # vowels before their consonant, and what stacks the next


class _Piece(NamedTuple):
    """What no line may part, and what stands before it unless it begins a line."""

    separator: str
    text: str
    columns: int
    is_rest: bool


def columns(text: str) -> int:
    """Width in columns; ideographs, kana, Hangul and emoji take two."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(one) in "WF" else 1 for one in text)


def ends_clause(text: str) -> bool:
    """Whether a reader may rest after it."""
    return text.rstrip("\"'’”»)]」』）")[-1:] in _CLAUSE_ENDS if text else False  # noqa: RUF001 - closing marks


def separators(words: Sequence[str]) -> list[str]:
    """What stands before each word: nothing or a space.

    Words that bring their own spaces are put together as they are; else by script, and punctuation clings.
    """
    if any(word != word.strip() for word in words):
        spaced = (before[-1:].isspace() or after[:1].isspace() for before, after in pairwise(words))
    else:
        spaced = (_is_spaced(before, after) for before, after in pairwise(words))
    return ["", *(" " if one else "" for one in spaced)][: len(words)]


def spelled(words: Sequence[str]) -> str:
    """The words as one text, with single spaces only."""
    texts = [separator + word.strip() for separator, word in zip(separators(words), words, strict=True)]
    return " ".join("".join(texts).split())


def _is_spaced(before: str, after: str) -> bool:
    if not before or not after:
        return True
    if before[-1] in _OPENING or _CLOSING.issuperset(after):
        return False
    sides = before[-1], after[0]
    is_spaceless = [bool(_SPACELESS.match(one)) for one in sides]
    has_letter = any(one.isalpha() and not bare for one, bare in zip(sides, is_spaceless, strict=True))
    return has_letter or not any(is_spaceless)


def is_glued(before: str, separator: str, after: str) -> bool:
    """Whether two neighbours belong together: neither a space nor a script without spaces lets a line end there."""
    return not separator and bool(before) and bool(after) and not _may_end(before[-1], after[0])


def wrapped(text: str) -> list[str]:
    """Lines of at most `LINE_COLUMNS`, as few as will do, about even, rather after punctuation than elsewhere.

    `text` has single spaces only. What has no place for a line's end in `LINE_COLUMNS` is parted between characters.
    """
    if columns(text) <= LINE_COLUMNS:
        return [text] if text else []
    pieces = list(_pieces(text))
    ends = _line_ends(pieces)
    lines, first = [], 0
    while first < len(pieces):
        line = pieces[first : ends[first]]
        lines.append("".join([line[0].text, *(piece.separator + piece.text for piece in line[1:])]))
        first = ends[first]
    return lines


def _line_ends(pieces: Sequence[_Piece]) -> list[int]:
    """For each piece that may begin a line, where that line ends at the lowest cost of it and all that follow."""
    costs: list[tuple[int, int]] = [(0, 0)] * (len(pieces) + 1)  # lines, unevenness
    ends = [0] * len(pieces)
    for first in reversed(range(len(pieces))):
        candidates = [
            ((1 + costs[end][0], unevenness + costs[end][1]), end) for end, unevenness in _lines_from(pieces, first)
        ]
        costs[first], ends[first] = min(candidates)
    return ends


def _lines_from(pieces: Sequence[_Piece], first: int) -> Iterator[tuple[int, int]]:
    """Each end that a line beginning with `first` may have, and how far from full it is then."""
    width = -len(pieces[first].separator)
    for end in range(first + 1, len(pieces) + 1):
        piece = pieces[end - 1]
        width += len(piece.separator) + piece.columns
        if width > LINE_COLUMNS:
            return
        bonus = CLAUSE_BONUS if piece.is_rest and end < len(pieces) else 0
        yield end, (LINE_COLUMNS - width) ** 2 - bonus


def _pieces(text: str) -> Iterator[_Piece]:
    for token in text.split():
        separator = " "
        for part in _parted(token, _may_end) if _SPACELESS.search(token) else [token]:
            for chunk in _chunks(part):
                yield _Piece(separator, chunk, columns(chunk), ends_clause(chunk))
                separator = ""


def _parted(text: str, may_end: Callable[[str, str], bool]) -> Iterator[str]:
    first = 0
    for at in range(1, len(text)):
        if may_end(text[at - 1], text[at]):
            yield text[first:at]
            first = at
    yield text[first:]


def _may_end(before: str, after: str) -> bool:
    """Whether a line may end between two characters of which one belongs to a script without spaces."""
    return (
        bool(_SPACELESS.match(before) or _SPACELESS.match(after))
        and before not in _OPENING
        and before not in _LEANS_FORWARD
        and after not in _CLOSING
        and after not in _LEANS_BACK
        and not category(after).startswith("M")
    )


def _may_tear(before: str, after: str) -> bool:
    """Whether two characters are two to a reader: a mark, a joiner and half of a flag are not one alone."""
    is_joined = "\u200d" in (before, after) or category(after).startswith("M") or "🏻" <= after <= "🏿"
    return not is_joined and not ("🇦" <= before <= "🇿" and "🇦" <= after <= "🇿")


def _chunks(part: str) -> Iterator[str]:
    """The part itself, or as many characters of it as a line holds, again and again."""
    if columns(part) <= LINE_COLUMNS:
        yield part
        return
    chunk = ""
    for cluster in _clusters(part):
        if columns(chunk) + columns(cluster) > LINE_COLUMNS:
            yield chunk
            chunk = ""
        chunk += cluster
    yield chunk


def _clusters(part: str) -> Iterator[str]:
    """What a reader takes for one character; a heap of marks that fills a line by itself is parted."""
    for cluster in _parted(part, _may_tear):
        if columns(cluster) <= LINE_COLUMNS:
            yield cluster
        else:
            yield from (cluster[at : at + CUE_COLUMNS // 4] for at in range(0, len(cluster), CUE_COLUMNS // 4))
