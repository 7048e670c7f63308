"""How many calls a target takes at once: the rest wait in a bounded line, and not for long.

What lives here: places and lines, by target. How many of each is the plan's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.wire.faults import Fault, Kind

__all__ = ["Places"]


class Places:
    """The places of all targets of a process. A limit that has changed counts those in who came under the old one."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def taken(self, target: str, limit: int, queue: int, wait_s: float) -> AsyncIterator[None]:
        """Hold one of `limit` places, after waiting for it with at most `queue` others. Raises `Fault` (FULL)."""
        line = self._lines.setdefault(target, _Line())
        line.limit = limit
        await line.enter(queue, wait_s)
        try:
            yield
        finally:
            line.leave()


class _Line:
    """Those who are in, and those who wait, first come first in."""

    def __init__(self) -> None:
        self.limit = 0
        self._taken = 0
        self._waiting: deque[asyncio.Future[None]] = deque()

    async def enter(self, queue: int, wait_s: float) -> None:
        self._let_in()
        if self._taken < self.limit and not self._waiting:
            self._taken += 1
            return
        if len(self._waiting) >= queue:
            raise Fault(Kind.FULL, f"{self.limit} calls at once, and {queue} are waiting already")
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        is_in = False
        try:
            async with asyncio.timeout(wait_s):
                await place
            is_in = True
        except TimeoutError as error:
            raise Fault(Kind.FULL, f"{self.limit} calls at once, and none ended in {wait_s:g} s") from error
        finally:
            if not is_in:
                self._give_up(place)

    def _give_up(self, place: asyncio.Future[None]) -> None:
        if place in self._waiting:
            self._waiting.remove(place)
        elif not place.cancelled():
            self.leave()  # it was given in the same moment

    def leave(self) -> None:
        self._taken -= 1
        self._let_in()

    def _let_in(self) -> None:
        while self._waiting and self._taken < self.limit:
            place = self._waiting.popleft()
            if not place.done():
                self._taken += 1
                place.set_result(None)
