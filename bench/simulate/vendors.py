"""What vendors do with a request: when they answer, how they fail, what they charge. In virtual time.

What lives here: the vendors' side, which no rule may look at. What happens to a request depends on the seed, the call,
the vendor and how often that call has asked it, never on the rule: all rules meet the same luck.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from statistics import NormalDist

from msgspec import Struct

from bench.simulate.traffic import Arrival
from bench.simulate.world import FULL_DAY, VENDORS, VOICES, Profile
from router.vendors.prices import Unit, price_of
from router.wire.faults import Fault, Kind

__all__ = ["Answer", "SimulatedVendor", "charged", "opened"]

CHARACTERS_PER_TOKEN = 4.2
TOKENS_PER_SECOND = 21.0
STREAM_SPEED = 6.0  # seconds of audio that arrive in one
SLOWDOWN, SLOW_ERRORS = 8.0, 0.05
STRAGGLERS, STRAGGLING = 0.01, 6.0
PLACES = 60
"""Requests that a vendor begins to answer at full speed side by side, on a full day; more of them share that."""
FEWEST_PLACES = 4
REFUSAL_S, ERROR_S, THROTTLE_S = 0.02, 0.15, 0.04
WINDOW_S = 60.0

_STEPS = 1 << 16
_MASK = (1 << 64) - 1
_NORMAL = tuple(NormalDist().inv_cdf((step + 0.5) / _STEPS) for step in range(_STEPS))


class Answer(Struct, frozen=True):
    """What becomes of a request that is waited for long enough: first audio `after_s`, or a fault.

    `stream_s`: from there to the end of the audio; `breaks_s`: to where it breaks off. `usd`: what is charged for it.
    """

    after_s: float
    fault: Fault | None = None
    stream_s: float = 0.0
    breaks_s: float | None = None
    usd: float = 0.0


class SimulatedVendor:
    """One vendor in the course of a day."""

    def __init__(self, profile: Profile, index: int, calls: int, seed: int) -> None:
        share = calls / FULL_DAY
        self.profile = profile
        self._salt = _mixed(seed * 1_000_003 + index)
        self._factors = tuple(math.exp(profile.spread * normal) for normal in _NORMAL)
        self._rates = price_of(profile.price).rates
        self._places = max(FEWEST_PLACES, PLACES * share)
        self._a_minute = profile.a_minute and max(1, round(profile.a_minute * share))
        self._taken: deque[float] = deque()
        self.waiting = 0

    def asked(self, arrival: Arrival, nth: int, now: float) -> Answer:
        """The answer to a call that asks here for the `nth` time; it counts as `waiting` from now on."""
        self.waiting += 1
        incident = next((one for one in self.profile.incidents if one.begins_s <= now < one.ends_s), None)
        what = incident.kind if incident else None
        if what == "refused":
            return Answer(REFUSAL_S, Fault(Kind.CONNECT, "connection refused"))
        if what == "key":
            return Answer(ERROR_S, Fault(Kind.KEY, "invalid key", status=401))
        if what == "silent":
            return Answer(math.inf, usd=self._charge(arrival))
        if (retry_after_s := self._throttled(now)) is not None:
            return Answer(THROTTLE_S, Fault(Kind.BUSY, "slow down", status=429, retry_after_s=retry_after_s))
        return self._answered(arrival, nth, is_slow=what == "slow")

    def _answered(self, arrival: Arrival, nth: int, *, is_slow: bool) -> Answer:
        luck = _mixed(self._salt + arrival.number * 0x9E3779B97F4A7C15 + nth * 0xD1B54A32D192ED03)
        wait, error, straggling, breaking = luck & 0xFFFF, luck >> 16 & 0xFFFF, luck >> 32 & 0xFFFF, luck >> 48
        if error < (SLOW_ERRORS if is_slow else self.profile.errors) * _STEPS:
            return Answer(ERROR_S, Fault(Kind.FAILED, "internal error", status=500))
        after_s = self.profile.wait_s * self._factors[wait] + self.profile.per_character_s * arrival.characters
        after_s *= (SLOWDOWN if is_slow else 1.0) * (STRAGGLING if straggling < STRAGGLERS * _STEPS else 1.0)
        after_s *= max(1.0, self.waiting / self._places)
        stream_s = _spoken_s(arrival) / STREAM_SPEED
        most = self.profile.breaks * _STEPS
        breaks_s = stream_s * breaking / most if breaking < most else None
        return Answer(round(after_s, 6), None, stream_s, breaks_s, self._charge(arrival))

    def _throttled(self, now: float) -> float | None:
        """Whole seconds after which it has room again, as vendors say it; None: the request is taken, and counted."""
        if self._a_minute is None:
            return None
        while self._taken and self._taken[0] <= now - WINDOW_S:
            self._taken.popleft()
        if len(self._taken) >= self._a_minute:
            return float(math.ceil(self._taken[0] + WINDOW_S - now))
        self._taken.append(now)
        return None

    def _charge(self, arrival: Arrival) -> float:
        return charged(self._rates, arrival.characters, _spoken_s(arrival))


def charged(rates: Mapping[Unit, float], characters: int, spoken_s: float) -> float:
    """Dollars for speech, by what the vendor itself counts, which is not what anybody estimates."""
    amounts = {
        Unit.CHARACTER: characters,
        Unit.SECOND: spoken_s,
        Unit.INPUT_TOKEN: characters / CHARACTERS_PER_TOKEN,
        Unit.OUTPUT_TOKEN: spoken_s * TOKENS_PER_SECOND,
    }
    return sum(rate * amounts[unit] for unit, rate in rates.items())


def opened(calls: int, seed: int) -> Sequence[SimulatedVendor]:
    """The vendors at midnight, of a day of that many calls."""
    return [SimulatedVendor(profile, index, calls, seed) for index, profile in enumerate(VENDORS)]


def _spoken_s(arrival: Arrival) -> float:
    return arrival.characters / VOICES[arrival.voice]


def _mixed(number: int) -> int:
    """64 bits that look random (the finaliser of splitmix64)."""
    number = (number ^ number >> 30) * 0xBF58476D1CE4E5B9 & _MASK
    number = (number ^ number >> 27) * 0x94D049BB133111EB & _MASK
    return number ^ number >> 31
