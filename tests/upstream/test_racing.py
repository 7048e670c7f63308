"""Runs side by side: the first result is kept with what it has opened, everything else is closed."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager

import pytest

from router.upstream.racing import Alarm, Race, first_of

LOST: list[str] = []
"""Results that came too late."""


class Track:
    """Runs by a script of (seconds, result), each with something open; `late` of them call for the next at once."""

    def __init__(self, *script: tuple[float, object], late: int = 9) -> None:
        self.script = iter(script)
        self.late = late
        self.opened: list[int] = []
        self.closed: list[int] = []

    @asynccontextmanager
    async def _thing(self, number: int):
        self.opened.append(number)
        try:
            yield
        finally:
            self.closed.append(number)

    async def run(self, held: AsyncExitStack, race: Race | None) -> str | None:
        seconds, result = next(self.script)
        number = len(self.opened)
        async with AsyncExitStack() as own:
            await own.enter_async_context(self._thing(number))
            if number < self.late:
                assert race
                race.start_another()
            await asyncio.sleep(seconds)
            if isinstance(result, Exception):
                raise result
            if result is not None:
                await held.enter_async_context(own.pop_all())
        return result


async def test_a_run_that_is_not_late_is_alone() -> None:
    """Nothing else is started, and what it has opened is open until its reader has done."""
    track = Track((0.01, "a"), late=0)
    async with AsyncExitStack() as kept:
        assert await first_of(track.run, 2, kept, LOST.append) == "a"
        assert (track.opened, track.closed) == ([0], [])
    assert track.closed == [0]


async def test_the_first_result_is_kept_and_the_other_run_ended() -> None:
    """The slow one is closed at once, not when the quick one has been read."""
    track = Track((30, "slow"), (0.01, "quick"))
    async with AsyncExitStack() as kept:
        assert await first_of(track.run, 2, kept, LOST.append) == "quick"
        assert (track.opened, track.closed) == ([0, 1], [0])
    assert track.closed == [0, 1]


async def test_both_at_once_leave_nothing_open() -> None:
    """Two results in the same turn of the loop: one is kept, the other one's things are closed, and it is told."""
    both = asyncio.Event()
    opened, closed = [], []

    async def run(held: AsyncExitStack, race: Race | None) -> str:
        assert race
        name = "ab"[len(opened)]
        opened.append(name)
        held.callback(closed.append, name)
        race.start_another()
        await both.wait()
        return name

    LOST.clear()
    asyncio.get_running_loop().call_later(0.02, both.set)
    async with AsyncExitStack() as kept:
        assert await first_of(run, 2, kept, LOST.append) == "a"
        assert (opened, closed, LOST) == (["a", "b"], ["b"], ["b"])


async def test_a_result_goes_before_a_failure_of_the_same_moment() -> None:
    """What is there is not thrown away because another one has failed."""
    both = asyncio.Event()
    started: list[int] = []

    async def run(held: AsyncExitStack, race: Race | None) -> str:
        assert race
        started.append(len(started))
        race.start_another()
        is_first = len(started) == 1
        await both.wait()
        if is_first:
            raise RuntimeError
        return "b"

    asyncio.get_running_loop().call_later(0.02, both.set)
    async with AsyncExitStack() as kept:
        assert await first_of(run, 2, kept, LOST.append) == "b"


async def test_a_run_without_a_result_leaves_the_rest_to_the_other() -> None:
    """Only when all are through there is none."""
    async with AsyncExitStack() as kept:
        assert await first_of(Track((0.02, "a"), (0, None), late=1).run, 2, kept, LOST.append) == "a"
        assert await first_of(Track((0.01, None), (0.02, "b"), late=1).run, 2, kept, LOST.append) == "b"
        assert await first_of(Track((0, None), (0.02, None), late=1).run, 2, kept, LOST.append) is None


async def test_no_more_run_than_are_allowed() -> None:
    """However often one says that it is late."""
    track = Track((0.03, "a"), (0.05, "b"), (0, "c"))
    async with AsyncExitStack() as kept:
        assert await first_of(track.run, 2, kept, LOST.append) == "a"
    assert track.opened == [0, 1]


async def test_what_a_run_raises_ends_all() -> None:
    """A deadline is everybody's."""
    track = Track((30, "slow"), (0, RuntimeError("over")))
    async with AsyncExitStack() as kept:
        with pytest.raises(RuntimeError, match="over"):
            await first_of(track.run, 2, kept, LOST.append)
    assert sorted(track.closed) == [0, 1]


@pytest.mark.parametrize("turns", range(8))
async def test_leaving_ends_every_run(turns: int) -> None:
    """At whichever turn of the loop the client goes: no task is left, nothing is open."""
    track = Track((30, "a"), (30, "b"))
    before = asyncio.all_tasks()

    async def race() -> None:
        async with AsyncExitStack() as kept:
            await first_of(track.run, 2, kept, LOST.append)

    racing = asyncio.create_task(race())
    for _ in range(turns):
        await asyncio.sleep(0)
    racing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await racing
    await asyncio.sleep(0)

    assert sorted(track.closed) == sorted(track.opened)
    assert asyncio.all_tasks() == before


async def test_an_alarm_rings_once_the_time_is_over() -> None:
    """Not for what ended before, nor where there is no time."""
    rung: list[str] = []
    with Alarm(0.01, lambda: rung.append("late")):
        await asyncio.sleep(0.03)
    with Alarm(0.02, lambda: rung.append("never")):
        await asyncio.sleep(0)
    with Alarm(None, lambda: rung.append("never")):
        await asyncio.sleep(0.03)
    assert rung == ["late"]
