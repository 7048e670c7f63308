"""Streams in turn: opened one ahead, closed when they are used up, and all of them when nobody listens any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import partial

import pytest

from router.upstream.ahead import begun, in_turn
from router.wire.faults import Fault, Kind


class Theatre:
    """Opens streams, and writes down what happens when."""

    def __init__(self) -> None:
        self.story: list[str] = []

    async def open(self, name: str, held: AsyncExitStack) -> AsyncIterator[bytes]:
        self.story.append(f"open {name}")
        held.callback(self.story.append, f"close {name}")
        return stream(name)

    async def fail(self, name: str, held: AsyncExitStack) -> AsyncIterator[bytes]:
        raise Fault(Kind.FAILED, name)

    async def hang(self, name: str, held: AsyncExitStack) -> AsyncIterator[bytes]:
        try:
            return await asyncio.Event().wait()  # type: ignore[return-value]  # it never comes to that
        finally:
            self.story.append(f"cancel {name}")


async def stream(name: str) -> AsyncIterator[bytes]:
    for number in range(2):
        yield f"{name}{number}".encode()


async def test_each_is_opened_one_ahead_and_closed_in_its_turn() -> None:
    """While one is heard the next is opened, and no more than that."""
    theatre = Theatre()
    heard = []
    async with aclosing(in_turn(stream("a"), [partial(theatre.open, name) for name in "bc"])) as parts:
        async for part in parts:
            await asyncio.sleep(0)
            theatre.story.append("part")
            heard += [chunk async for chunk in part]

    assert heard == [b"a0", b"a1", b"b0", b"b1", b"c0", b"c1"]
    assert theatre.story == ["open b", "part", "open c", "part", "close b", "part", "close c"]


async def test_what_fails_to_open_fails_in_its_turn() -> None:
    """What comes before it is heard to its end."""
    theatre = Theatre()
    heard = []
    with pytest.raises(Fault, match="b"):
        async for part in in_turn(stream("a"), [partial(theatre.fail, "b"), partial(theatre.open, "c")]):
            heard += [chunk async for chunk in part]

    assert heard == [b"a0", b"a1"]
    assert theatre.story == []


@pytest.mark.parametrize("opener", ["open", "hang", "fail"])
async def test_leaving_early_closes_what_is_open_and_what_is_being_opened(opener: str) -> None:
    """Nothing stays behind: no connection, no task, no exception that nobody fetched."""
    theatre = Theatre()
    async with aclosing(in_turn(stream("a"), [partial(getattr(theatre, opener), "b")])) as parts:
        await anext(parts)
        await asyncio.sleep(0)

    assert theatre.story == {"open": ["open b", "close b"], "hang": ["cancel b"], "fail": []}[opener]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_begun_has_its_first_item_in_hand() -> None:
    """And gives it again, before the rest."""
    chunks = stream("a")

    assert [chunk async for chunk in await begun(chunks)] == [b"a0", b"a1"]
