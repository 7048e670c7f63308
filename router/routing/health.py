"""Who is out, and until when. Pure: the clock is an argument, nothing is scheduled.

A throttled target rests as long as the vendor says. Failures in a row, or too many of the last minute's calls, rest it
for a while, and longer each time; a refused key or an empty account rests the whole outlet. After a rest one call is
the probe, and until it has ended the others go elsewhere: a success brings the target back, a failure rests it again.
"""

from __future__ import annotations

from collections import OrderedDict
from enum import Enum

from msgspec import Struct

from router.routing.plan import Target

__all__ = ["Blame", "Health"]

COOL_DOWN_S = 10.0  # after a 429 that does not say how long
FAILURES_TO_REST = 5  # in a row
REST_S = 30.0
LONGEST_REST_S = 240.0
OUT_S = 600.0  # our key or our account: nothing heals by itself
PROBE_S = 30.0
"""How long the others wait for what a probe finds out: beyond it the next one goes."""
WINDOW_S = 60.0
CALLS_TO_JUDGE = 10
WORST_RATIO = 0.5
"""Of failures among the attempts of a window, once there are enough to be judged by."""
MOST_NAMES = 10_000


class Blame(Enum):
    """What an attempt says about its target."""

    NONE = "none"
    COOL = "cool"
    COUNT = "count"
    REST = "rest"
    EJECT = "eject"


class _State(Struct):
    """What is held against a target or an outlet. `rests` in a row, without a success between them."""

    since: float = 0.0
    until: float = 0.0
    probe_until: float = 0.0
    rests: int = 0
    in_a_row: int = 0
    window_from: float = 0.0
    attempts: int = 0
    failures: int = 0
    before: tuple[int, int] = (0, 0)  # attempts and failures of the window before this one
    is_account: bool = False

    def counts(self, now: float, *, is_failure: bool) -> None:
        """Count one attempt; two half windows are a moving one that costs nothing."""
        half = WINDOW_S / 2
        if (elapsed := now - self.window_from) >= half:
            self.before = (self.attempts, self.failures) if elapsed < WINDOW_S else (0, 0)
            self.window_from, self.attempts, self.failures = now, 0, 0
        self.attempts += 1
        self.failures += is_failure

    def is_failing(self) -> bool:
        attempts, failures = self.attempts + self.before[0], self.failures + self.before[1]
        is_too_often = attempts >= CALLS_TO_JUDGE and failures >= attempts * WORST_RATIO
        return is_too_often or self.in_a_row >= FAILURES_TO_REST

    def rest(self, now: float, seconds: float) -> None:
        self.since = now
        self.until = max(now + seconds, self.until)
        self.probe_until = 0.0
        self.in_a_row = self.attempts = self.failures = 0
        self.before = (0, 0)


class Health:
    """What is known of every target and outlet, by name; of those that were asked last, where clients invent names."""

    def __init__(self) -> None:
        self._states: OrderedDict[str, _State] = OrderedDict()

    def rests_until(self, target: Target, now: float) -> float | None:
        """When (seconds of the same clock) the target may be tried again; None: at once."""
        until = 0.0
        for name in (target.name, target.outlet.name):
            if state := self._states.get(name):
                until = max(until, state.until, state.probe_until)
        return until if until > now else None

    def began(self, target: Target, now: float) -> None:
        """An attempt begins: the first after a rest is the probe."""
        for name in (target.name, target.outlet.name):
            state = self._states.get(name)
            if state and state.until and state.until <= now:
                state.probe_until = now + PROBE_S

    def succeeded(self, target: Target, began: float, now: float) -> None:
        """Forget what was held against it, but for how often it failed of late.

        `began`: when the attempt did. One from before the rest says nothing about what the rest is for.
        """
        for name in (target.name, target.outlet.name):
            state = self._states.get(name)
            if state and began >= state.since:
                state.until = state.probe_until = 0.0
                state.rests = state.in_a_row = 0
                state.is_account = False
        if state := self._states.get(target.name):  # nobody else is watched
            state.counts(now, is_failure=False)

    def failed(self, target: Target, blame: Blame, now: float, retry_after_s: float | None = None) -> None:
        """Hold an attempt against its target."""
        if blame is Blame.NONE:
            self._end_probe(target)
        elif blame is Blame.COOL:
            self._state(target.name).rest(now, COOL_DOWN_S if retry_after_s is None else retry_after_s)
        elif blame is Blame.EJECT:
            state = self._state(target.outlet.name)
            state.rest(now, OUT_S)
            state.is_account = True
        elif blame is Blame.REST:
            self._state(target.name).rest(now, OUT_S)
        else:
            self._count(self._state(target.name), now)

    def forgive_accounts(self) -> None:
        """Let the outlets that refused us be asked again: keys and accounts may be new ones."""
        for state in self._states.values():
            if state.is_account:
                state.until = state.probe_until = 0.0
                state.is_account = False

    def _count(self, state: _State, now: float) -> None:
        if state.until > now:
            return  # one of many that were under way when it was sent to rest
        is_probe = state.until > 0.0
        state.in_a_row += 1
        state.counts(now, is_failure=True)
        if is_probe or state.is_failing():
            state.rest(now, min(REST_S * 2**state.rests, LONGEST_REST_S))
            state.rests += 1

    def _end_probe(self, target: Target) -> None:
        for name in (target.name, target.outlet.name):
            if state := self._states.get(name):
                state.probe_until = 0.0

    def _state(self, name: str) -> _State:
        state = self._states.setdefault(name, _State())
        self._states.move_to_end(name)
        if len(self._states) > MOST_NAMES:
            self._states.popitem(last=False)
        return state
