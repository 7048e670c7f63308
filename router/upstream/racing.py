"""Runs of the same thing side by side: the next is started when one is late, the first to have a result is kept.

What lives here: tasks, and what they have opened. When a run is late, and what it does, is the caller's business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Generic, TypeVar

__all__ = ["Alarm", "Race", "Run", "first_of"]

_T = TypeVar("_T")


class Race:
    """What a run may ask for: another one beside it, as long as there are not enough."""

    def __init__(self, most: int) -> None:
        self.runs = 1
        self.most = most
        self.late = asyncio.Event()

    @property
    def is_full(self) -> bool:
        """Whether no further run will be started now."""
        return self.runs >= self.most or self.late.is_set()

    def start_another(self) -> None:
        """Start one more; nothing where it is full."""
        if not self.is_full:
            self.late.set()


Run = Callable[[AsyncExitStack, Race | None], Coroutine[Any, Any, _T | None]]
"""What a run has opened it leaves with the stack. Without a race it is alone. None: it has no result."""


async def first_of(run: Run[_T], most: int, kept: AsyncExitStack, lost: Callable[[_T], None]) -> _T | None:
    """The first result of up to `most` runs, and `kept` what that run has opened; all others are cancelled and closed.

    `lost` is told of a result that came in the same moment. None: no run has a result. Raises what a run raises.
    """
    race = Race(most)
    async with _side_by_side(_Runner(run, race)) as runners:
        while runners:
            await _news(race, runners)
            ended = [one for one in runners if one.task.done()]
            winners = [one for one in ended if one.has_result()]
            if winners:
                for other in winners[1:]:
                    lost(other.result())
                await kept.enter_async_context(winners[0].opened.pop_all())
                return winners[0].result()
            for one in ended:
                one.task.result()  # raises what it raised
                runners.remove(one)
            race.runs = len(runners)
            if race.late.is_set():
                race.late.clear()
                if runners:
                    runners.append(_Runner(run, race))
                    race.runs += 1
    return None


async def _news(race: Race, runners: list[_Runner[Any]]) -> None:
    """Wait until one has ended, or another is asked for."""
    late = asyncio.ensure_future(race.late.wait())
    try:
        await asyncio.wait({late, *(one.task for one in runners)}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        late.cancel()


class _Runner(Generic[_T]):
    """One run, in a task of its own."""

    def __init__(self, run: Run[_T], race: Race) -> None:
        self.opened = AsyncExitStack()
        self.task: asyncio.Task[_T | None] = asyncio.get_running_loop().create_task(run(self.opened, race))

    def has_result(self) -> bool:
        return not self.task.cancelled() and self.task.exception() is None and self.task.result() is not None

    def result(self) -> _T:
        result = self.task.result()
        assert result is not None
        return result


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


class Alarm:
    """Call `ring` if what runs inside takes longer; None: never."""

    __slots__ = ("_handle", "_ring", "_seconds")

    def __init__(self, seconds: float | None, ring: Callable[[], None]) -> None:
        self._seconds = seconds
        self._ring = ring
        self._handle: asyncio.TimerHandle | None = None

    def __enter__(self) -> None:
        if self._seconds is not None:
            self._handle = asyncio.get_running_loop().call_later(self._seconds, self._ring)

    def __exit__(self, *_: object) -> None:
        if self._handle is not None:
            self._handle.cancel()
