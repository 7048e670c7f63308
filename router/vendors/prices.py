"""What a vendor bills by, and how much: prices as the vendor states them, in dollars, and per single unit.

What lives here: values and the words that vendor files write them with. What a call costs is `routing`'s to say. A
model whose price is not known has none; only what runs on this machine is `free`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from msgspec import Struct

__all__ = ["STATED", "Price", "Unit", "free", "per_1m_characters", "per_1m_tokens", "per_hour", "per_minute"]


class Unit(Enum):
    """What vendors bill by."""

    CHARACTER = "characters"
    SECOND = "seconds"
    INPUT_TOKEN = "input_tokens"  # noqa: S105 - a unit
    OUTPUT_TOKEN = "output_tokens"  # noqa: S105 - a unit
    INPUT_TEXT_TOKEN = "input_text_tokens"  # noqa: S105 - a unit
    INPUT_AUDIO_TOKEN = "input_audio_tokens"  # noqa: S105 - a unit


STATED: Mapping[str, tuple[Unit, int]] = {
    "per_1m_characters": (Unit.CHARACTER, 1_000_000),
    "per_minute": (Unit.SECOND, 60),
    "per_hour": (Unit.SECOND, 3_600),
    "per_1m_input_tokens": (Unit.INPUT_TOKEN, 1_000_000),
    "per_1m_output_tokens": (Unit.OUTPUT_TOKEN, 1_000_000),
}
"""How prices are stated: the word -> the unit, and how many of it the dollars are for."""


class Price(Struct, frozen=True, kw_only=True):
    """Dollars, as the vendor states them (a word of `STATED` -> dollars) and as `rates`, for one unit each.

    A call is billed as `minimum_s` seconds at least, and in whole steps of `step_s` seconds (0: to the fraction).
    `is_estimate`: the vendor bills by something else, and says only what that amounts to.
    """

    stated: Mapping[str, float]
    rates: Mapping[Unit, float]
    minimum_s: float = 0.0
    step_s: float = 0.0
    is_estimate: bool = False

    def __str__(self) -> str:
        """`15 per 1m characters`, in dollars."""
        if not any(self.rates.values()):
            return "free"
        stated = " + ".join(f"{usd:g} {word.replace('_', ' ')}" for word, usd in self.stated.items())
        least = f", {self.minimum_s:g} s at least" if self.minimum_s else ""
        return f"{'about ' if self.is_estimate else ''}{stated}{least}"


free = Price(stated={"per_call": 0.0}, rates=dict.fromkeys(Unit, 0.0))
"""Costs nothing, whatever is counted."""


def per_1m_characters(usd: float) -> Price:
    """Dollars for a million characters of text."""
    return _price({"per_1m_characters": usd})


def per_minute(usd: float, *, minimum_s: float = 0.0, step_s: float = 0.0, is_estimate: bool = False) -> Price:
    """Dollars for a minute of audio."""
    return _price({"per_minute": usd}, minimum_s=minimum_s, step_s=step_s, is_estimate=is_estimate)


def per_hour(usd: float, *, minimum_s: float = 0.0, step_s: float = 0.0) -> Price:
    """Dollars for an hour of audio."""
    return _price({"per_hour": usd}, minimum_s=minimum_s, step_s=step_s)


def per_1m_tokens(*, input: float, output: float) -> Price:  # noqa: A002 - the vendors' own word
    """Dollars for a million tokens: of speech the input is text and the output audio, of transcription the reverse."""
    return _price({"per_1m_input_tokens": input, "per_1m_output_tokens": output})


def _price(
    stated: Mapping[str, float], *, minimum_s: float = 0.0, step_s: float = 0.0, is_estimate: bool = False
) -> Price:
    rates = {unit: usd / count for word, usd in stated.items() for unit, count in [STATED[word]]}
    return Price(stated=stated, rates=rates, minimum_s=minimum_s, step_s=step_s, is_estimate=is_estimate)
