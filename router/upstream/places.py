"""How many calls a target takes at once: the rest wait in a bounded line, and not for long.

What lives here: places and lines, by target. How many of each is the plan's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from router.wire.faults import Fault, Kind

__all__ = ["Places"]


class _Line:
    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.places = asyncio.Semaphore(limit)
        self.waiting = 0


class Places:
    """The places of all targets of a process."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}

    @asynccontextmanager
    async def taken(self, target: str, limit: int, queue: int, wait_s: float) -> AsyncIterator[None]:
        """Hold one of `limit` places, after waiting for it with at most `queue` others. Raises `Fault` (FULL)."""
        line = self._line(target, limit)
        if line.places.locked():
            await _wait(line, queue, wait_s)
        else:
            await line.places.acquire()  # at once
        try:
            yield
        finally:
            line.places.release()

    def _line(self, target: str, limit: int) -> _Line:
        """The line of a target; a new one where its limit has changed: who is in the old one leaves that."""
        line = self._lines.get(target)
        if line is None or line.limit != limit:
            line = self._lines[target] = _Line(limit)
        return line


async def _wait(line: _Line, queue: int, wait_s: float) -> None:
    if line.waiting >= queue:
        raise Fault(Kind.FULL, f"{line.limit} calls at once, and {queue} are waiting already")
    line.waiting += 1
    try:
        async with asyncio.timeout(wait_s):
            await line.places.acquire()
    except TimeoutError as error:
        raise Fault(Kind.FULL, f"{line.limit} calls at once, and none ended in {wait_s:g} s") from error
    finally:
        line.waiting -= 1
