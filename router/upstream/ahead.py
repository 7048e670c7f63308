"""Streams one after the other without a gap: the next is opened while the one before still runs.

What lives here: when they are opened and closed. What they are streams of is the caller's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine, Iterable
from contextlib import AsyncExitStack
from typing import Any, TypeVar

__all__ = ["Opener", "begun", "in_turn"]

_T = TypeVar("_T")

Opener = Callable[[AsyncExitStack], Coroutine[Any, Any, AsyncIterator[bytes]]]
"""Opens a stream and waits for its first chunk; what must be closed after its last is left with the stack."""


async def begun(stream: AsyncIterator[_T]) -> AsyncIterator[_T]:
    """The same stream once its first item is in hand. Raises `StopAsyncIteration` where there is none."""
    return _after(await anext(stream), stream)


async def _after(first: _T, rest: AsyncIterator[_T]) -> AsyncIterator[_T]:
    yield first
    async for item in rest:
        yield item


async def in_turn(first: AsyncIterator[bytes], following: Iterable[Opener]) -> AsyncGenerator[AsyncIterator[bytes]]:
    """`first`, which has begun, and then each stream that the openers give; never more than two are open.

    Raises what an opener raises, when its turn comes. Closed early it closes what is open, and what is being opened.
    """
    current, held = first, AsyncExitStack()
    ahead: _Ahead | None = None
    try:
        for open_next in following:
            ahead = _Ahead(open_next)
            yield current
            await held.aclose()
            current, held = await ahead.opened(), ahead.held
        yield current
    finally:
        if ahead:
            await ahead.close()
        await held.aclose()


class _Ahead:
    """A stream that is being opened in a task of its own."""

    def __init__(self, open_next: Opener) -> None:
        self.held = AsyncExitStack()
        self._task = asyncio.get_running_loop().create_task(open_next(self.held))

    async def opened(self) -> AsyncIterator[bytes]:
        return await self._task

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        await self.held.aclose()
