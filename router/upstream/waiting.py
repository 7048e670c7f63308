"""How long one attempt is waited for: as a whole, and for its first byte once the vendor has the whole request.

What lives here: the two limits and whose fault it is when one of them runs out. How long they run is the plan's.
"""

from __future__ import annotations

import asyncio
import math
from types import TracebackType
from typing import Self

from msgspec import Struct

from router.wire.faults import Fault, Kind

__all__ = ["Abandoned", "DeadlineOver", "Limits", "Waiting"]

TICK_S = 0.001  # timers of the loop ring as early as that


class DeadlineOver(Exception):
    """The time of the whole call is over: no verdict on the target that was being waited for."""


class Abandoned(Exception):
    """An attempt that was begun while its upload arrived, and that a slow client has spoilt: nobody's fault."""


class Limits(Struct, frozen=True, gc=False):
    """Seconds for an attempt, from the full request to its first byte, of silence once it has begun, and to connect.

    `is_deadline`: it is the call's deadline that ends the attempt.
    """

    attempt_s: float
    first_byte_s: float
    silence_s: float
    connect_s: float = 10.0
    is_deadline: bool = False


class Waiting:
    """Wait for what runs inside, and no longer. Raises `Fault` (TIMEOUT) or `DeadlineOver`.

    The time of the first byte runs from when the vendor has the whole request until that byte is here. Where the
    waiting is not started, it begins when it `starts`.

    As `asyncio.timeout`, whose rules of cancelling it keeps, but with two limits and one timer: that rings when the
    earlier of them could be over, and is seldom set again (`docs/decisions/0040`).
    """

    def __init__(self, limits: Limits, *, is_started: bool = True) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._due = self._loop.time() + limits.attempt_s if is_started else math.inf
        self._alarm: asyncio.TimerHandle | None = None
        self._is_for_first_byte = self._has_rung = self._is_over = False

    def __enter__(self) -> Self:
        task = asyncio.current_task(self._loop)
        assert task
        self._task = task
        self._before = task.cancelling()
        self._wait()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._is_over = True
        if self._alarm is not None:
            self._alarm.cancel()
        is_own = self._has_rung and self._task.uncancel() <= self._before and isinstance(error, asyncio.CancelledError)
        if not (is_own or isinstance(error, TimeoutError)):
            return
        if self._limits.is_deadline and not self._is_for_first_byte:
            raise DeadlineOver from error
        raise Fault(Kind.TIMEOUT, "no answer in time") from error

    def starts(self) -> None:
        """Only now is it the vendor's time: until here the client was still uploading."""
        self._due = self._loop.time() + self._limits.attempt_s
        self._wait()

    def request_is_sent(self) -> None:
        """Start the timer; a vendor may answer before it has read everything, and then there is nothing to wait for."""
        due = self._loop.time() + self._limits.first_byte_s
        if due < self._due and not (self._is_over or self._has_rung):
            self._due, self._is_for_first_byte = due, True
            self._wait()

    def _wait(self) -> None:
        """See that the timer rings no later than it must."""
        if self._is_over or self._has_rung or self._due == math.inf:
            return
        at = min(self._due, self._loop.time() + self._limits.first_byte_s)
        if self._alarm is None or at < self._alarm.when():
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self._loop.call_at(at, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        if self._loop.time() + TICK_S < self._due:
            self._wait()
        else:
            self._has_rung = True
            self._task.cancel()
