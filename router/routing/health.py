"""Who is out, and until when. Pure: the clock is an argument, nothing is scheduled.

A throttled target rests as long as the vendor says. Failures in a row, or too many of the last minute's calls, rest it
for a while, and longer each time; a refused key or an empty account rests the whole outlet. After a rest one call is
the probe, and until it has ended the others go elsewhere: a success brings the target back, a failure rests it again.
"""

from __future__ import annotations

import math
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
    why: str = ""
    is_refused: bool = False  # by a vendor that does not take our key, or has no money of ours

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

    def rest(self, now: float, seconds: float, why: str, *, is_refused: bool = False) -> None:
        self.why, self.is_refused = why, is_refused
        self.since = now
        self.until = max(now + seconds, self.until)
        self.probe_until = 0.0
        self.in_a_row = self.attempts = self.failures = 0
        self.before = (0, 0)


class Health:
    """What is known of every target and outlet, by name; of those that were asked last, where clients invent names.

    Times are seconds of one clock; `began`: when the attempt did, which says nothing about a rest that is younger.
    """

    def __init__(self) -> None:
        self._states: OrderedDict[str, _State] = OrderedDict()
        self._forgiven_at = -math.inf

    def rests_until(self, target: Target, now: float) -> float | None:
        """When the target may be tried again; None: at once."""
        if not self._states:
            return None
        until = max((max(state.until, state.probe_until) for state in self._of(target)), default=0.0)
        return until if until > now else None

    def why(self, target: Target, now: float) -> str:
        """Why it rests, which completes "is resting for 30 s, …"."""
        resting = [state for state in self._of(target) if state.until > now]
        return max(resting, key=lambda state: state.until).why if resting else "while another call tries it"

    def began(self, target: Target, now: float) -> None:
        """An attempt begins: the first after a rest is the probe."""
        for state in self._of(target):
            if state.until and state.until <= now:
                state.probe_until = now + PROBE_S

    def spoke(self, target: Target, began: float) -> None:
        """The first byte is here: whoever rested is back. What comes of the rest of it counts, too."""
        for state in self._of(target):
            if began >= state.since:
                state.until = state.probe_until = 0.0
                state.is_refused = False

    def succeeded(self, target: Target, began: float, now: float) -> None:
        """All went well to the end, or as long as somebody listened: forget the failures in a row and the rests."""
        for state in self._of(target):
            if began >= state.since:
                state.rests = state.in_a_row = 0
        if (own := self._states.get(target.name)) is not None:  # nobody else is watched
            own.counts(now, is_failure=False)

    def failed(
        self, target: Target, blame: Blame, began: float, now: float, retry_after_s: float | None = None
    ) -> None:
        """Hold an attempt against its target."""
        if blame is Blame.NONE:
            self.gave_up(target)
        elif blame is Blame.COOL:
            seconds = COOL_DOWN_S if retry_after_s is None else retry_after_s
            self._state(target.name).rest(now, seconds, "since it throttles us")
        elif blame is Blame.COUNT:
            self._count(self._state(target.name), began, now)
        elif began >= self._forgiven_at:
            name = target.outlet.name if blame is Blame.EJECT else target.name
            self._state(name).rest(now, OUT_S, "since it has refused our account", is_refused=True)

    def gave_up(self, target: Target) -> None:
        """An attempt has ended and says nothing: if it was the probe, another call may be it."""
        for state in self._of(target):
            state.probe_until = 0.0

    def forgive_refusals(self, now: float) -> None:
        """Let those that refused us be asked again: keys and accounts may be new. Calls with old ones do not count."""
        self._forgiven_at = now
        for state in self._states.values():
            if state.is_refused:
                state.until = state.probe_until = 0.0
                state.is_refused = False

    def _count(self, state: _State, began: float, now: float) -> None:
        if state.until > now or began < state.since:
            return  # one of many that were under way when it was sent to rest
        is_probe = state.until > 0.0
        state.in_a_row += 1
        state.counts(now, is_failure=True)
        if is_probe or state.is_failing():
            state.rest(now, min(REST_S * 2**state.rests, LONGEST_REST_S), "after failures")
            state.rests += 1

    def _of(self, target: Target) -> list[_State]:
        if not self._states:  # nothing is held against anybody
            return []
        names = (target.name, target.outlet.name)
        return [state for name in names if (state := self._states.get(name))]

    def _state(self, name: str) -> _State:
        state = self._states.setdefault(name, _State())
        self._states.move_to_end(name)
        if len(self._states) > MOST_NAMES:
            self._states.popitem(last=False)
        return state
