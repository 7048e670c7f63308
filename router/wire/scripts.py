"""What language a text is in, for vendors that must be told: the one that was said, else by its letters alone.

What lives here: scripts and the language that each of them stands for. Source: the Unicode Standard's blocks.
"""

from __future__ import annotations

import re

from router.wire.languages import code_of

__all__ = ["spoken_in", "written_in"]

_SCRIPTS = {  # the language with the most readers, where a script has several
    "ar": "\u0600-\u06ff",
    "bn": "\u0980-\u09ff",
    "el": "\u0370-\u03ff",
    "gu": "\u0a80-\u0aff",
    "he": "\u0590-\u05ff",
    "hi": "\u0900-\u097f",
    "ja": "\u3040-\u30ff",
    "kn": "\u0c80-\u0cff",
    "ko": "\uac00-\ud7a3",
    "ml": "\u0d00-\u0d7f",
    "or": "\u0b00-\u0b7f",
    "pa": "\u0a00-\u0a7f",
    "ru": "\u0400-\u04ff",
    "ta": "\u0b80-\u0bff",
    "te": "\u0c00-\u0c7f",
    "th": "\u0e00-\u0e7f",
    "zh": "\u4e00-\u9fff",
}
_LETTERS = {language: re.compile(f"[{block}]") for language, block in _SCRIPTS.items()}
_LATIN = re.compile("[A-Za-z]")


def written_in(text: str, among: frozenset[str], latin_counts: float = 0.5) -> str:
    """The one of these languages (ISO 639-1) whose script a text has most of; English for Latin letters, and for none.

    `latin_counts`: what one of those counts: names and loan words stand in them everywhere. 0: the others go first.
    """
    if text.isascii():
        return "en"
    counts = {language: float(len(_LETTERS[language].findall(text))) for language in _LETTERS.keys() & among}
    if counts.get("ja"):
        counts["ja"] += counts.pop("zh", 0.0)  # which Japanese is written in as well
    counts["en"] = len(_LATIN.findall(text)) * latin_counts
    best = max(sorted(counts), key=counts.__getitem__)
    return best if counts[best] else "en"


def spoken_in(text: str, told: str | None, among: frozenset[str], latin_counts: float = 0.5) -> str:
    """The language (ISO 639-1) to speak a text in: the one that was told, however that is written; else by its letters.

    `among` and `latin_counts` as in `written_in`: they have no say in what was told.
    """
    return code_of(told) if told else written_in(text, among, latin_counts)
