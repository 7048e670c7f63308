"""How long one attempt is waited for: as a whole, and for its first byte once the vendor has the whole request.

What lives here: the two timers and whose fault it is when one of them runs out. How long they run is the plan's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from msgspec import Struct

from router.wire.faults import Fault, Kind

__all__ = ["Abandoned", "DeadlineOver", "Limits", "Waiting", "waited"]


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
    """The timer of the first byte: it runs from when the vendor has the whole request until that byte is here."""

    def __init__(self, scope: asyncio.Timeout, limits: Limits) -> None:
        self._scope = scope
        self._attempt_s = limits.attempt_s
        self._first_byte_s = limits.first_byte_s
        self._is_over = False
        self.is_for_first_byte = False

    def starts(self) -> None:
        """Only now is it the vendor's time: until here the client was still uploading."""
        if not self._is_over and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time() + self._attempt_s)

    def request_is_sent(self) -> None:
        """Start the timer; a vendor may answer before it has read everything, and then there is nothing to wait for."""
        limit = self._scope.when()
        due = asyncio.get_running_loop().time() + self._first_byte_s
        if not self._is_over and not self._scope.expired() and (limit is None or due < limit):
            self._scope.reschedule(due)
            self.is_for_first_byte = True

    def is_over(self) -> None:
        """The first byte is here, or nobody waits for it any more."""
        self._is_over = True


@asynccontextmanager
async def waited(limits: Limits, *, is_started: bool = True) -> AsyncIterator[Waiting]:
    """Wait for what runs inside, and no longer. Raises `Fault` (TIMEOUT) or `DeadlineOver`.

    Where it is not started, the waiting begins when it `starts`.
    """
    waiting = None
    try:
        async with asyncio.timeout(limits.attempt_s if is_started else None) as scope:
            waiting = Waiting(scope, limits)
            try:
                yield waiting
            finally:
                waiting.is_over()
    except TimeoutError as error:
        if limits.is_deadline and not (waiting and waiting.is_for_first_byte):
            raise DeadlineOver from error
        raise Fault(Kind.TIMEOUT, "no answer in time") from error
