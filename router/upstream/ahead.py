"""Streams one after the other without a gap: the next is opened, and read, while the one before still runs.

What lives here: when they are opened and closed, and where what has come too early waits. What they are streams of is
the caller's business, and when one may be opened again.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from tempfile import SpooledTemporaryFile
from typing import Any, TypeVar

from router.wire.faults import Fault

__all__ = ["Ahead", "Opener", "Pause", "after", "begun", "in_turn"]

IN_MEMORY_BYTES = 256 * 1024
MOST_AHEAD_BYTES = 64 * 1024 * 1024
"""What is read before its turn, in a temporary file: 20 minutes of pcm, more than any vendor gives for one piece."""
STEP_BYTES = 64 * 1024

_T = TypeVar("_T")

Opener = Callable[[AsyncExitStack], Coroutine[Any, Any, AsyncIterator[bytes]]]
"""Opens a stream and waits for its first chunk; what must be closed after its last is left with the stack."""

Pause = Callable[[Fault, int], float | None]
"""Seconds before a stream that failed is opened again, for its first, second… failure; None: it is not."""


async def begun(stream: AsyncIterator[_T]) -> AsyncIterator[_T]:
    """The same stream once its first item is in hand. Raises `StopAsyncIteration` where there is none."""
    return after(await anext(stream), stream)


async def after(first: _T, rest: AsyncIterator[_T]) -> AsyncIterator[_T]:
    """The stream whose first item is in hand already."""
    yield first
    async for item in rest:
        yield item


async def in_turn(
    first: AsyncIterator[bytes], following: Iterable[Opener], pause: Pause
) -> AsyncGenerator[AsyncIterator[bytes]]:
    """`first`, which has begun, and then each stream that the openers give; never more than two are open.

    A stream that fails before its turn, opened or not, is opened anew when its turn comes, unless `pause` says no: some
    vendors take one call at a time. Raises `Fault` for one that cannot be had then. Closed early it closes what is
    open, and what is being opened.
    """
    current, played, ahead = first, None, None
    try:
        for open_next in following:
            ahead = Ahead(open_next, pause)
            yield current
            if played:
                await played.close()
            played, ahead = ahead, None
            if (fault := played.fault) and pause(fault, 1) is not None:
                await played.close()
                played = Ahead(open_next, pause)
            await played.begun()
            current = played.chunks()
        yield current
    finally:
        for one in (ahead, played):
            if one:
                await one.close()


def _never(_fault: Fault, _failures: int) -> None:
    """No pause: what fails is not opened again."""


class Ahead:
    """A stream that is opened and read in a task of its own."""

    def __init__(self, open_next: Opener, pause: Pause = _never) -> None:
        self._open_next = open_next
        self._pause = pause
        self._held = AsyncExitStack()
        self._spool = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed with the stream
        self._written = self._read = 0
        self._is_open = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(self._run())
        self._task.add_done_callback(lambda _task: self._news.set())

    async def opened(self) -> None:
        """Wait until it is open. Raises `Fault` where that fails."""
        await self._until(lambda: self._is_open)

    async def begun(self) -> None:
        """Wait for its first chunk. Raises `Fault` where it fails before."""
        await self._until(lambda: self._written > 0)

    async def _until(self, is_so: Callable[[], bool]) -> None:
        while not is_so() and not self._task.done():
            self._news.clear()
            await self._news.wait()
        if is_so():
            return
        if self._task.done():
            self._task.result()

    @property
    def fault(self) -> Fault | None:
        """Why there will be no more of it, as far as that is known by now."""
        failed = self._task.done() and not self._task.cancelled() and self._task.exception()
        return failed if isinstance(failed, Fault) else None

    async def chunks(self) -> AsyncIterator[bytes]:
        """What has come and what comes. Raises `Fault` where it breaks off."""
        while True:
            self._news.clear()
            while self._read < self._written:
                yield self._next_chunk()
            if self._task.done():
                self._task.result()
                return
            await self._news.wait()

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self._held.aclose()
        self._spool.close()

    async def _run(self) -> None:
        stream = await self._opened()
        self._is_open = True
        self._news.set()
        async for chunk in stream:
            self._spool.seek(self._written)
            self._spool.write(chunk)
            self._written += len(chunk)
            self._news.set()
            while self._written - self._read > MOST_AHEAD_BYTES:
                self._room.clear()
                await self._room.wait()

    async def _opened(self) -> AsyncIterator[bytes]:
        failures = 0
        while True:
            try:
                return await self._open_next(self._held)
            except Fault as fault:
                failures += 1
                if (seconds := self._pause(fault, failures)) is None:
                    raise
                await asyncio.sleep(seconds)

    def _next_chunk(self) -> bytes:
        self._spool.seek(self._read)
        chunk = self._spool.read(STEP_BYTES)
        self._read += len(chunk)
        self._room.set()
        return chunk
