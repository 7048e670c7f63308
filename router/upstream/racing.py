"""Runs of the same thing side by side: the next is started when one is late, the first to have a result is kept.

What lives here: tasks, and what they have opened. When a run is late, and what it does, is the caller's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any, Generic, TypeVar

__all__ = ["Run", "alarm", "first_of"]

_T = TypeVar("_T")

Run = Callable[[AsyncExitStack, Callable[[], None]], Coroutine[Any, Any, _T | None]]
"""What a run has opened it leaves with the stack; it calls the second when it is late. None: it has no result."""


async def first_of(run: Run[_T], most: int, kept: AsyncExitStack) -> _T | None:
    """The first result of up to `most` runs, and `kept` what that run has opened; all others are cancelled and closed.

    A further run begins whenever one says that it is late. None: no run has a result. Raises what a run raises.
    """
    late = asyncio.Event()
    async with _side_by_side(_Runner(run, late)) as runners:
        while True:
            news = asyncio.ensure_future(late.wait())
            try:
                await asyncio.wait({news, *(one.task for one in runners)}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                news.cancel()
            for one in [one for one in runners if one.task.done()]:
                if (result := one.task.result()) is not None:
                    await kept.enter_async_context(one.opened.pop_all())
                    return result
                runners.remove(one)
            if not runners:
                return None
            if late.is_set():
                late.clear()
                if len(runners) < most:
                    runners.append(_Runner(run, late))


class _Runner(Generic[_T]):
    """One run, in a task of its own."""

    def __init__(self, run: Run[_T], late: asyncio.Event) -> None:
        self.opened = AsyncExitStack()
        self.task: asyncio.Task[_T | None] = asyncio.get_running_loop().create_task(run(self.opened, late.set))


@asynccontextmanager
async def _side_by_side(first: _Runner[_T]) -> AsyncIterator[list[_Runner[_T]]]:
    """Runners; whatever happens, those in the list at the end are cancelled, and what they have opened is closed."""
    runners = [first]
    try:
        yield runners
    finally:
        for one in runners:
            one.task.cancel()
        await asyncio.gather(*(one.task for one in runners), return_exceptions=True)
        for one in runners:
            await one.opened.aclose()


@contextmanager
def alarm(seconds: float | None, ring: Callable[[], None]) -> Iterator[None]:
    """Call `ring` if what runs inside takes longer; None: never."""
    if seconds is None:
        yield
        return
    handle = asyncio.get_running_loop().call_later(seconds, ring)
    try:
        yield
    finally:
        handle.cancel()
