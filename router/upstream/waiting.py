"""How long one attempt is waited for: as a whole, and for its first byte once the vendor has the whole request.

What lives here: the two timers and whose fault it is when one of them runs out. How long they run is the plan's.
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from msgspec import Struct

from router.wire.faults import Fault, Kind

__all__ = ["Abandoned", "DeadlineOver", "Limits", "Waiting"]


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

    The timer of the first byte runs from when the vendor has the whole request until that byte is here. Where the
    waiting is not started, it begins when it `starts`.
    """

    def __init__(self, limits: Limits, *, is_started: bool = True) -> None:
        self._limits = limits
        self._scope = asyncio.timeout(limits.attempt_s if is_started else None)
        self._is_over = False
        self._is_for_first_byte = False

    async def __aenter__(self) -> Self:
        await self._scope.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over = True
        late = error if isinstance(error, TimeoutError) else None
        try:
            await self._scope.__aexit__(kind, error, trace)
        except TimeoutError as over:
            late = over
        if late is None:
            return
        if self._limits.is_deadline and not self._is_for_first_byte:
            raise DeadlineOver from late
        raise Fault(Kind.TIMEOUT, "no answer in time") from late

    def starts(self) -> None:
        """Only now is it the vendor's time: until here the client was still uploading."""
        if not self._is_over and not self._scope.expired():
            self._scope.reschedule(asyncio.get_running_loop().time() + self._limits.attempt_s)

    def request_is_sent(self) -> None:
        """Start the timer; a vendor may answer before it has read everything, and then there is nothing to wait for."""
        limit = self._scope.when()
        due = asyncio.get_running_loop().time() + self._limits.first_byte_s
        if not self._is_over and not self._scope.expired() and (limit is None or due < limit):
            self._scope.reschedule(due)
            self._is_for_first_byte = True
