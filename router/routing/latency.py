"""How long targets take to their first byte: a moving average by target and voice. Pure; the clock is an argument.

An average forgets by time, not by count: a busy target's is taken over many calls, a rare one's is nearly the last.
"""

from __future__ import annotations

import math
from collections import OrderedDict

from msgspec import Struct

from router.routing.fit import Fitted
from router.vendors.spec import SpeechAsk

__all__ = ["Latency"]

MEMORY_S = 10.0
"""After that long without news an average has lost two thirds of its weight."""
MOST_NAMES = 10_000


class _Average(Struct):
    seconds: float
    at: float


class Latency:
    """Averages by target and voice, and by target alone for voices that were not heard yet; bounded in number."""

    def __init__(self) -> None:
        self._averages: OrderedDict[tuple[str, str | None], _Average] = OrderedDict()
        self._asked: OrderedDict[str, float] = OrderedDict()

    def began(self, fitted: Fitted, now: float) -> None:
        """An attempt begins, so that there will be news of its target."""
        self._asked[fitted.target.name] = now
        self._asked.move_to_end(fitted.target.name)
        if len(self._asked) > MOST_NAMES:
            self._asked.popitem(last=False)

    def spoke(self, fitted: Fitted, seconds: float, now: float) -> None:
        """The first byte came after so many seconds."""
        for name in _names(fitted):
            self._average(name, seconds, now)

    def kept_silent(self, fitted: Fitted, seconds: float, now: float) -> None:
        """Nothing came in so many seconds, and nobody waited longer: no news, unless that is beyond the average."""
        for name in _names(fitted):
            known = self._averages.get(name)
            if known is None or seconds > known.seconds:
                self._average(name, seconds, now)

    def expected(self, fitted: Fitted) -> float | None:
        """Seconds to the first byte: of this voice there, else of any; None where nobody has waited for it yet."""
        known = (self._averages.get(name) for name in _names(fitted))
        return next((average.seconds for average in known if average), None)

    def asked_at(self, fitted: Fitted) -> float:
        """When the target was last asked (seconds of the same clock)."""
        return self._asked.get(fitted.target.name, -math.inf)

    def _average(self, name: tuple[str, str | None], seconds: float, now: float) -> None:
        if known := self._averages.get(name):
            weight = 1 - math.exp(-max(now - known.at, 0.0) / MEMORY_S)
            known.seconds += weight * (seconds - known.seconds)
            known.at = now
        else:
            self._averages[name] = _Average(seconds, now)
        self._averages.move_to_end(name)
        if len(self._averages) > MOST_NAMES:
            self._averages.popitem(last=False)


def _names(fitted: Fitted) -> tuple[tuple[str, str | None], ...]:
    name = fitted.target.name
    return ((name, fitted.ask.voice), (name, None)) if isinstance(fitted.ask, SpeechAsk) else ((name, None),)
