"""So many calls at a target at once, so many waiting, for so long."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from router.upstream.places import Places
from router.wire.faults import Fault, Kind


async def test_who_finds_no_place_waits_for_one() -> None:
    """In the order of coming; targets have places of their own."""
    places, order = Places(), []

    async def call(name: str) -> None:
        async with places.taken("a", limit=1, queue=2, wait_s=5):
            order.append(name)
            await asyncio.sleep(0)

    async with AsyncExitStack() as held:
        await held.enter_async_context(places.taken("a", limit=1, queue=2, wait_s=5))
        await held.enter_async_context(places.taken("b", limit=1, queue=2, wait_s=5))
        waiting = [asyncio.create_task(call(name)) for name in "xy"]
        await asyncio.sleep(0.01)
        assert order == []
    await asyncio.gather(*waiting)
    assert order == ["x", "y"]


async def test_a_full_line_takes_nobody_and_nobody_waits_for_ever() -> None:
    """Then the call goes to the next target: it is nobody's fault."""
    places = Places()
    async with places.taken("a", limit=1, queue=1, wait_s=5):
        with pytest.raises(Fault) as too_long:
            async with places.taken("a", limit=1, queue=1, wait_s=0.01):
                pass
        waiting = asyncio.create_task(places.taken("a", limit=1, queue=1, wait_s=5).__aenter__())
        await asyncio.sleep(0)
        with pytest.raises(Fault) as too_many:
            async with places.taken("a", limit=1, queue=1, wait_s=5):
                pass
        waiting.cancel()
    assert too_long.value.kind is too_many.value.kind is Kind.FULL
    assert too_long.value.message == "1 calls at once, and none ended in 0.01 s"
    assert too_many.value.message == "1 calls at once, and 1 are waiting already"


async def test_places_come_back_however_a_call_ends() -> None:
    """Success, failure, a client that leaves in the line or at the vendor."""
    places = Places()

    async def call(seconds: float) -> None:
        async with places.taken("a", limit=2, queue=9, wait_s=5):
            await asyncio.sleep(seconds)
            raise RuntimeError

    running = [asyncio.create_task(call(30)) for _ in range(5)]
    await asyncio.sleep(0.01)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for _ in range(5):
        with pytest.raises(RuntimeError):
            await asyncio.wait_for(call(0), 1)


async def test_a_new_limit_holds_at_once() -> None:
    """A table that was read again: who came under the old limit is counted under the new one."""
    places = Places()
    async with AsyncExitStack() as held:
        for limit in (1, 3, 3):
            await held.enter_async_context(places.taken("a", limit=limit, queue=0, wait_s=1))
        for limit in (3, 2, 1):
            with pytest.raises(Fault):
                await held.enter_async_context(places.taken("a", limit=limit, queue=0, wait_s=1))


@pytest.mark.parametrize("turns", range(6))
async def test_a_place_given_to_one_who_leaves_is_given_on(turns: int) -> None:
    """At whatever turn of the loop the waiting one goes, the next gets its place."""
    places = Places()
    held = AsyncExitStack()
    await held.enter_async_context(places.taken("a", limit=1, queue=9, wait_s=5))
    waiting = [asyncio.create_task(held_for_a_moment(places)) for _ in range(3)]
    await asyncio.sleep(0.01)

    await held.aclose()
    for _ in range(turns):
        await asyncio.sleep(0)
    waiting[0].cancel()

    await asyncio.gather(*waiting, return_exceptions=True)
    async with asyncio.timeout(1):
        await held_for_a_moment(places)


async def held_for_a_moment(places: Places) -> None:
    async with places.taken("a", limit=1, queue=9, wait_s=5):
        await asyncio.sleep(0)
