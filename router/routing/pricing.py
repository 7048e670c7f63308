"""What a call costs at a target: estimated before it is sent, settled from what the vendor reported or really made.

Pure. A price that nobody knows, or that bills by something that cannot be counted, makes no cost: `None`, never 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Literal

from msgspec import Struct

from router.routing.counting import counted, spoken_s
from router.routing.fit import Fitted
from router.vendors.prices import Price
from router.vendors.spec import ListenAsk, SoundAsk, SpeechAsk, Unit

__all__ = [
    "NOTHING",
    "Basis",
    "Bill",
    "Cost",
    "basis_of",
    "dollars",
    "estimate",
    "foreseen_s",
    "is_by_length",
    "settle",
    "total",
]

Basis = Literal["exact", "estimated", "unpriced"]


class Cost(Struct, frozen=True, gc=False):
    """US dollars. `is_exact`: every unit billed was reported by the vendor, and the price is the vendor's own unit."""

    usd: float
    is_exact: bool

    def __str__(self) -> str:
        """In dollars."""
        return dollars(self.usd)


NOTHING = Cost(0.0, is_exact=True)


def dollars(usd: float) -> str:
    """`0.000153`: plain digits, never an exponent."""
    return f"{usd:.9f}".rstrip("0").rstrip(".")


def basis_of(cost: Cost | None) -> Basis:
    """How sure a cost is."""
    if cost is None:
        return "unpriced"
    return "exact" if cost.is_exact else "estimated"


def total(costs: Iterable[Cost | None]) -> Cost | None:
    """The sum; None where one of them is not known."""
    usd, is_exact = 0.0, True
    for cost in costs:
        if cost is None:
            return None
        usd += cost.usd
        is_exact = is_exact and cost.is_exact
    return Cost(usd, is_exact)


def estimate(fitted: Fitted) -> Cost | None:
    """What the whole call will cost, before it is sent. None: unpriced, or by a unit that cannot be foreseen.

    Of a transcript that a chat model has yet to translate nobody knows how long it is.
    """
    price = fitted.operation.price
    if price is None or fitted.is_to_translate:
        return None
    if price.is_free:
        return NOTHING
    requests = _requests(fitted, price)
    amounts = {unit: _foreseen(unit, fitted, requests) for unit in price.rates}
    cost = _priced(price, amounts, requests)
    return None if cost is None else Cost(cost, is_exact=False)


class Bill(Struct):
    """One request and what is known of it so far: what the vendor has `reported`, how many `seconds` the audio has.

    `answer`: a chat model's words.
    """

    asked: Fitted
    reported: dict[Unit, float]
    seconds: float | None = None
    answer: str | None = None


def settle(bill: Bill) -> Cost | None:
    """What a request costs, by what the vendor reported, else by what is counted here. None: as for `estimate`."""
    price, reported = bill.asked.operation.price, bill.reported
    if price is None:
        return None
    if price.is_free:
        return NOTHING
    if price.unit_usd is None:
        return None
    if price.is_in_credits and Unit.CREDIT in reported:
        return Cost(reported[Unit.CREDIT] * price.unit_usd, is_exact=not price.is_estimate)
    amounts, is_exact = _counted(price, reported, lambda unit: counted(unit, bill.asked, bill.seconds, bill.answer))
    usd = _priced(price, amounts, 1)
    return None if usd is None else Cost(usd, is_exact=is_exact and not price.is_estimate)


def foreseen_s(asked: Fitted) -> float:
    """Seconds of audio that a call makes, as far as can be told beforehand; 0 where nothing can, or none is made."""
    match asked.ask:
        case SpeechAsk() as ask:
            return spoken_s(ask)
        case SoundAsk() as ask:
            return ask.duration or 0.0
        case _:
            return 0.0


def is_by_length(fitted: Fitted, reported: Mapping[Unit, float]) -> bool:
    """Whether the length of the audio decides what a request costs, as far as the vendor has `reported` nothing.

    Of speech that is billed by tokens the text says enough: to measure it would be to decode every stream.
    """
    price = fitted.operation.price
    if price is None or price.is_free:
        return False
    units = _BY_LENGTH if isinstance(fitted.ask, ListenAsk) else {Unit.SECOND}
    return any(_reported(unit, reported) is None for unit in units & price.rates.keys())


_BY_LENGTH = {Unit.SECOND, Unit.INPUT_TOKEN, Unit.INPUT_AUDIO_TOKEN, Unit.OUTPUT_TOKEN}


# ------------------------------------------------------------------ amounts into dollars


def _priced(price: Price, amounts: Mapping[Unit, float | None], requests: int) -> float | None:
    """Dollars for amounts of what the price bills by; None where one is not known."""
    if not amounts:
        return None  # billed in credits alone, and none were reported
    billed = 0.0
    for unit, amount in amounts.items():
        if amount is None:
            return None
        billed += price.rates[unit] * (_rounded(price, amount, requests) if unit is Unit.SECOND else amount)
    return None if price.unit_usd is None else billed * price.unit_usd


def _rounded(price: Price, seconds: float, requests: int) -> float:
    """Seconds as they are billed: each request has the minimum, and is rounded up to whole steps."""
    each = max(seconds / requests, price.minimum_s)
    if price.step_s:
        each = math.ceil(round(each / price.step_s, 6)) * price.step_s
    return each * requests


def _counted(
    price: Price, reported: Mapping[Unit, float], count: Callable[[Unit], float | None]
) -> tuple[dict[Unit, float | None], bool]:
    """The amount of each unit that is billed, and whether the vendor reported, or a request is, all of them."""
    amounts: dict[Unit, float | None] = {}
    is_exact = True
    for unit in price.rates:
        amount = 1.0 if unit in (Unit.REQUEST, Unit.GENERATION) else _reported(unit, reported)
        is_exact = is_exact and amount is not None
        amounts[unit] = count(unit) if amount is None else amount
    if Unit.INPUT_AUDIO_TOKEN in amounts and Unit.INPUT_TOKEN in reported and not is_exact:
        amounts |= _undivided(price, reported)
    return amounts, is_exact


def _reported(unit: Unit, reported: Mapping[Unit, float]) -> float | None:
    parts = (Unit.INPUT_TEXT_TOKEN, Unit.INPUT_AUDIO_TOKEN)
    if unit is Unit.INPUT_TOKEN and unit not in reported and all(part in reported for part in parts):
        return sum(reported[part] for part in parts)
    return reported.get(unit)


def _undivided(price: Price, reported: Mapping[Unit, float]) -> dict[Unit, float | None]:
    """Input tokens of which a vendor tells the sum alone: of what listens they are audio, but for a few."""
    whole, text = reported[Unit.INPUT_TOKEN], reported.get(Unit.INPUT_TEXT_TOKEN, 0.0)
    parts: dict[Unit, float | None] = {Unit.INPUT_AUDIO_TOKEN: max(whole - text, 0.0), Unit.INPUT_TEXT_TOKEN: text}
    return {unit: amount for unit, amount in parts.items() if unit in price.rates and unit not in reported}


def _requests(fitted: Fitted, price: Price) -> int:
    """How many requests the call takes, where the price makes a difference of it: a text must be cut to be counted."""
    is_counted = price.rates.keys() & {Unit.REQUEST, Unit.GENERATION} or price.minimum_s or price.step_s
    return len(fitted.pieces()) if is_counted else 1


def _foreseen(unit: Unit, fitted: Fitted, requests: int) -> float | None:
    return float(requests) if unit in (Unit.REQUEST, Unit.GENERATION) else counted(unit, fitted, None, None)
