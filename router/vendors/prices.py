"""What a vendor bills by, and how much: prices as the vendor states them, in dollars, and per single unit.

What lives here: values and the words that vendor files and tables write them with. What a call costs is `routing`'s to
say. A model whose price is not known has none; only what runs on this machine is `free`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

__all__ = [
    "STATED",
    "Price",
    "Unit",
    "each",
    "free",
    "in_credits",
    "per_1m_bytes",
    "per_1m_characters",
    "per_1m_tokens",
    "per_hour",
    "per_minute",
    "price_of",
]


class Unit(StrEnum):
    """What vendors bill by. Seconds are those of the audio: taken in by who listens, given out by who speaks."""

    CHARACTER = "characters"
    BYTE = "bytes"  # of the text, in UTF-8
    SECOND = "seconds"
    INPUT_TOKEN = "input_tokens"  # noqa: S105 - a unit
    OUTPUT_TOKEN = "output_tokens"  # noqa: S105 - a unit
    INPUT_TEXT_TOKEN = "input_text_tokens"  # noqa: S105 - a unit
    INPUT_AUDIO_TOKEN = "input_audio_tokens"  # noqa: S105 - a unit
    REQUEST = "requests"
    GENERATION = "generations"
    STEP = "steps"
    COMPUTE_SECOND = "compute_seconds"
    CREDIT = "credits"


STATED: Mapping[str, tuple[Unit, int]] = {
    "per_1m_characters": (Unit.CHARACTER, 1_000_000),
    "per_1m_bytes": (Unit.BYTE, 1_000_000),
    "per_second": (Unit.SECOND, 1),
    "per_minute": (Unit.SECOND, 60),
    "per_hour": (Unit.SECOND, 3_600),
    "per_1m_input_tokens": (Unit.INPUT_TOKEN, 1_000_000),
    "per_1m_output_tokens": (Unit.OUTPUT_TOKEN, 1_000_000),
    "per_1m_input_text_tokens": (Unit.INPUT_TEXT_TOKEN, 1_000_000),
    "per_1m_input_audio_tokens": (Unit.INPUT_AUDIO_TOKEN, 1_000_000),
    "per_request": (Unit.REQUEST, 1),
    "per_generation": (Unit.GENERATION, 1),
    "per_step": (Unit.STEP, 1),
    "per_compute_second": (Unit.COMPUTE_SECOND, 1),
}
"""How prices are stated: the word -> the unit, and how many of it the dollars (or credits) are for."""

PARTS = frozenset({Unit.INPUT_TEXT_TOKEN, Unit.INPUT_AUDIO_TOKEN})
"""Units that are counted among `INPUT_TOKEN` as well: whoever bills by the parts does not bill by the whole."""


class Price(Struct, frozen=True, kw_only=True):
    """Dollars, as the vendor states them (a word of `STATED` -> dollars) and as `rates`, for one unit each.

    A request is billed as `minimum_s` seconds at least, and in whole steps of `step_s` seconds (0: to the fraction).
    `is_in_credits`: the figures are credits, of which one is worth `credit_usd` dollars (None: nobody has said); what
    the vendor says it has charged, in credits, goes before what is counted here. `is_estimate`: the vendor bills by
    something else, and says only what that amounts to.
    """

    stated: Mapping[str, float]
    rates: Mapping[Unit, float]
    minimum_s: float = 0.0
    step_s: float = 0.0
    credit_usd: float | None = None
    is_in_credits: bool = False
    is_estimate: bool = False

    @property
    def is_free(self) -> bool:
        """Whether nothing is charged, whatever is counted."""
        return not self.is_in_credits and not any(self.rates.values())

    @property
    def unit_usd(self) -> float | None:
        """Dollars for one of what the figures are in; None where nobody knows."""
        return self.credit_usd if self.is_in_credits else 1.0

    def in_dollars(self) -> Mapping[str, float]:
        """As stated, with credits turned into dollars; nothing where nobody knows what one is worth."""
        worth = self.unit_usd
        return {} if worth is None else {word: figure * worth for word, figure in self.stated.items()}

    def __str__(self) -> str:
        """`15 per 1m characters`, in dollars."""
        if self.is_free:
            return "free"
        stated = " + ".join(f"{figure:g} {word.replace('_', ' ')}" for word, figure in self.stated.items())
        least = f", {self.minimum_s:g} s at least" if self.minimum_s else ""
        steps = f", in steps of {self.step_s:g} s" if self.step_s else ""
        worth = "" if self.credit_usd is None else f" of {self.credit_usd:g}"
        credit = f"{' in credits' if stated else 'credits'}{worth}" if self.is_in_credits else ""
        return f"{'about ' if self.is_estimate else ''}{stated}{least}{steps}{credit}"


def price_of(
    stated: Mapping[str, float],
    *,
    minimum_s: float = 0.0,
    step_s: float = 0.0,
    credit_usd: float | None = None,
    is_in_credits: bool = False,
    is_estimate: bool = False,
) -> Price:
    """A price in the words of `STATED`; what a credit is worth says that it is in such.

    Raises ValueError for two that bill the same thing twice.
    """
    rates: dict[Unit, float] = {}
    for word, figure in stated.items():
        unit, count = STATED[word]
        whole_or_parts = PARTS if unit is Unit.INPUT_TOKEN else {Unit.INPUT_TOKEN} if unit in PARTS else frozenset()
        if unit in rates or whole_or_parts & rates.keys():
            raise ValueError(f"{word} bills again what another of the price's words bills")
        rates[unit] = figure / count
    is_in_credits = is_in_credits or credit_usd is not None
    if not stated and not is_in_credits:
        raise ValueError("a price says at least one figure")
    return Price(
        stated=stated,
        rates=rates,
        minimum_s=minimum_s,
        step_s=step_s,
        credit_usd=credit_usd,
        is_in_credits=is_in_credits,
        is_estimate=is_estimate,
    )


free = price_of({"per_request": 0.0})
"""Costs nothing, whatever is counted."""


def per_1m_characters(usd: float) -> Price:
    """Dollars for a million characters of text."""
    return price_of({"per_1m_characters": usd})


def each(usd: float) -> Price:
    """Dollars for whatever comes of one request."""
    return price_of({"per_generation": usd})


def in_credits(usd: float | None = None, **stated: float) -> Price:
    """Credits of the vendor's own, in the words of `STATED`; `usd`: what one is worth, where that is known."""
    return price_of(stated, credit_usd=usd, is_in_credits=True)


def per_1m_bytes(usd: float) -> Price:
    """Dollars for a million bytes of text in UTF-8."""
    return price_of({"per_1m_bytes": usd})


def per_minute(usd: float, *, minimum_s: float = 0.0, step_s: float = 0.0, is_estimate: bool = False) -> Price:
    """Dollars for a minute of audio."""
    return price_of({"per_minute": usd}, minimum_s=minimum_s, step_s=step_s, is_estimate=is_estimate)


def per_hour(usd: float, *, minimum_s: float = 0.0, step_s: float = 0.0) -> Price:
    """Dollars for an hour of audio."""
    return price_of({"per_hour": usd}, minimum_s=minimum_s, step_s=step_s)


def per_1m_tokens(
    *,
    output: float,
    input: float | None = None,  # noqa: A002 - the vendors' own word
    text_in: float | None = None,
    audio_in: float | None = None,
) -> Price:
    """Dollars for a million tokens. Of speech the output is audio and the input text, of transcription the reverse.

    `text_in` and `audio_in`, where the vendor bills the input's parts differently; else `input`.
    """
    stated = {
        "per_1m_input_tokens": input,
        "per_1m_input_text_tokens": text_in,
        "per_1m_input_audio_tokens": audio_in,
        "per_1m_output_tokens": output,
    }
    return price_of({word: usd for word, usd in stated.items() if usd is not None})
