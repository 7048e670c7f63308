"""How long targets take to their first byte: a moving average by target and voice. Pure; the clock is an argument.

An average forgets by time: a busy target's is taken over many calls; of a rare one's each counts, but none for all.
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
MOST_WEIGHT = 0.1
"""Of one call, however long ago the last one was: answers differ, and who is passed over has no next one."""
GOOD_NEWS_WEIGHT = 0.5
"""Of one that took less than half of what was expected: somebody has recovered."""
USUAL_CALLS = 200
"""How many calls what is usual is taken over."""
MOST_NAMES = 10_000


class _Average(Struct):
    """Of late, and as a rule."""

    seconds: float
    at: float
    usual: float
    calls: int = 1


class Latency:
    """Averages by target and voice, and by target alone for voices that were not heard yet; bounded in number."""

    def __init__(self) -> None:
        self._averages: OrderedDict[tuple[str, str | None], _Average] = OrderedDict()
        self._asked: OrderedDict[tuple[str, str | None], float] = OrderedDict()

    def began(self, fitted: Fitted, now: float) -> None:
        """An attempt begins, so that there will be news of its target and voice."""
        name = _names(fitted)[0]
        self._asked[name] = now
        self._asked.move_to_end(name)
        if len(self._asked) > MOST_NAMES:
            self._asked.popitem(last=False)

    def spoke(self, fitted: Fitted, seconds: float, now: float) -> None:
        """The first byte came after so many seconds."""
        for name in _names(fitted):
            self._average(name, seconds, now)

    def kept_silent(self, fitted: Fitted, seconds: float, now: float, *, is_late: bool) -> None:
        """Nothing came in so many seconds, and nobody waited longer: no news, unless that is beyond the average.

        Where there is no average it becomes one only if the target was late: who leaves early makes nobody quick.
        """
        for name in _names(fitted):
            known = self._averages.get(name)
            if (is_late and known is None) or (known is not None and seconds > known.seconds):
                self._average(name, seconds, now)

    def expected(self, fitted: Fitted) -> float | None:
        """Seconds to the first byte: of this voice there, else of any; None where nobody has waited for it yet."""
        known = (self._averages.get(name) for name in _names(fitted))
        return next((average.seconds for average in known if average), None)

    def usual(self, fitted: Fitted) -> float:
        """Seconds as a rule, whatever they are of late; 0 where nobody knows."""
        known = (self._averages.get(name) for name in _names(fitted))
        return next((average.usual for average in known if average), 0.0)

    def asked_at(self, fitted: Fitted) -> float:
        """When the target was last asked for that voice (seconds of the same clock)."""
        return self._asked.get(_names(fitted)[0], -math.inf)

    def _average(self, name: tuple[str, str | None], seconds: float, now: float) -> None:
        if known := self._averages.get(name):
            most = GOOD_NEWS_WEIGHT if seconds < known.seconds / 2 else MOST_WEIGHT
            weight = min(1 - math.exp(-max(now - known.at, 0.0) / MEMORY_S), most)
            known.seconds += weight * (seconds - known.seconds)
            known.calls = min(known.calls + 1, USUAL_CALLS)
            known.usual += (seconds - known.usual) / known.calls
            known.at = now
        else:
            self._averages[name] = _Average(seconds, now, seconds)
        self._averages.move_to_end(name)
        if len(self._averages) > MOST_NAMES:
            self._averages.popitem(last=False)


def _names(fitted: Fitted) -> tuple[tuple[str, str | None], ...]:
    name = fitted.target.name
    return ((name, fitted.ask.voice), (name, None)) if isinstance(fitted.ask, SpeechAsk) else ((name, None),)
