"""A census of what a router in the test's own process holds: before and after, it shows what was left behind.

What lives here: counting, by looks into private corners. When it has to be as before is the test's business.
"""

from __future__ import annotations

import asyncio

from msgspec import Struct, to_builtins

from router.app import House
from router.upstream.http import HttpTransport
from tests.processes import open_files

__all__ = ["Census", "as_before", "census", "more_than", "settled"]


STILL = 4


class Census(Struct, frozen=True):
    """`fds` and `tasks` are the whole process's, vendors and clients of the test included.

    Connections to vendors that are kept for the next call are left out: at either end they have a descriptor, at the
    vendor's a task.
    """

    fds: int
    unnamed_files: int
    tasks: int
    calls_in_flight: int
    places_taken: int
    waiting_for_places: int
    recordings_under_way: int
    tasks_in_background: int
    creates_and_farewells: int


def census(house: House) -> Census:
    """The figures of this moment."""
    files = open_files("self")
    kept = _kept_connections(house)
    lines = house.relay._attempts._places._lines.values()
    return Census(
        fds=len(files) - 2 * kept,
        unnamed_files=sum(target.endswith("(deleted)") for target in files),
        tasks=len(asyncio.all_tasks()) - kept,
        calls_in_flight=sum(house.gate.inside.values()),
        places_taken=sum(line._taken for line in lines),
        waiting_for_places=sum(len(line._waiting) for line in lines),
        recordings_under_way=len(house.relay._attempts._recordings._productions),
        tasks_in_background=len(house.tasks._running),
        creates_and_farewells=len(house.relay._attempts._sender._conversations._farewells),
    )


def more_than(before: Census, now: Census) -> Census:
    """What is there now and was not before."""
    earlier = to_builtins(before)
    return Census(**{name: figure - earlier[name] for name, figure in to_builtins(now).items()})


def _kept_connections(house: House) -> int:
    transport = house.transports["http"]
    assert isinstance(transport, HttpTransport)
    return sum(one.is_open for waiting in transport._pool._kept.values() for _, one in waiting)


async def settled(house: House) -> Census:
    """The figures once they have stood still: what begins with the server has begun, what ended before has ended."""
    seen: list[Census] = []
    async with asyncio.timeout(5):
        while len(seen) < STILL or any(one != seen[-1] for one in seen[-STILL:]):
            seen.append(census(house))
            await asyncio.sleep(0.01)
    return seen[-1]


async def as_before(house: House, before: Census, within_s: float = 1.0) -> None:
    """Wait until the census is what it was; fails by what is left over."""
    try:
        async with asyncio.timeout(within_s):
            while census(house) != before:
                await asyncio.sleep(0.01)
    except TimeoutError:
        more = more_than(before, census(house))
        raise AssertionError(f"not as before after {within_s:g} s: {more}") from None
