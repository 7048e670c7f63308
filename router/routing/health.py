"""Who is out, and until when. Pure: the clock is an argument, nothing is scheduled.

A throttled target rests as long as the vendor says; a run of failures rests it for a while; a refused key or an empty
account rests the whole outlet for long. The first call after a rest is the probe: one more failure rests it again.
"""

from __future__ import annotations

from enum import Enum

from router.routing.plan import Target

__all__ = ["Blame", "Health"]

COOL_DOWN_S = 10.0  # after a 429 that does not say how long
FAILURES_TO_REST = 5  # in a row
REST_S = 30.0
MOST_NAMES = 10_000
OUT_S = 600.0  # our key or our account: nothing heals by itself


class Blame(Enum):
    """What an attempt says about its target."""

    NONE = "none"
    COOL = "cool"
    COUNT = "count"
    REST = "rest"
    EJECT = "eject"


class Health:
    """What is known of every target and outlet, by name."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}
        self._failures: dict[str, int] = {}

    def rests_until(self, target: Target, now: float) -> float | None:
        """When (seconds of the same clock) the target may be tried again; None: at once."""
        until = max(self._until.get(target.name, 0.0), self._until.get(target.outlet.name, 0.0))
        return until if until > now else None

    def succeeded(self, target: Target) -> None:
        """Forget what was held against it."""
        for name in (target.name, target.outlet.name):
            self._until.pop(name, None)
            self._failures.pop(name, None)

    def failed(self, target: Target, blame: Blame, now: float, retry_after_s: float | None = None) -> None:
        """Hold an attempt against its target."""
        self._forget_some(now)
        if blame is Blame.COOL:
            self._rest(target.name, now + (COOL_DOWN_S if retry_after_s is None else retry_after_s))
        elif blame is Blame.EJECT:
            self._rest(target.outlet.name, now + OUT_S)
        elif blame is Blame.REST:
            self._rest(target.name, now + OUT_S)
        elif blame is Blame.COUNT:
            failures = self._failures.get(target.name, 0) + 1
            self._failures[target.name] = failures
            if failures >= FAILURES_TO_REST:
                self._rest(target.name, now + REST_S)

    def _rest(self, name: str, until: float) -> None:
        self._until[name] = max(until, self._until.get(name, 0.0))

    def _forget_some(self, now: float) -> None:
        """Clients can name models that nobody knows: what is held against names is bounded."""
        if len(self._failures) > MOST_NAMES:
            self._failures.clear()
        if len(self._until) > MOST_NAMES:
            self._until = {name: until for name, until in self._until.items() if until > now}
