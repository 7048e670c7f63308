"""Streams in turn: opened one ahead, closed when they are used up, and all of them when nobody listens any more."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing
from functools import partial

import pytest

from router.upstream import ahead
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


def never(_fault: Fault, _failures: int) -> None:
    """Nothing is opened again."""


def thrice(_fault: Fault, failures: int) -> float | None:
    """Two more tries, at once."""
    return 0.0 if failures < 3 else None


async def settled() -> None:
    """Let the tasks run until they wait for something that does not come by itself."""
    for _ in range(20):
        await asyncio.sleep(0)


async def test_each_is_opened_one_ahead_and_closed_in_its_turn() -> None:
    """While one is heard the next is opened and read, and no more than that."""
    theatre = Theatre()
    heard = []
    async with aclosing(in_turn(stream("a"), [partial(theatre.open, name) for name in "bc"], never)) as parts:
        async for part in parts:
            await settled()
            theatre.story.append("part")
            heard += [chunk async for chunk in part]

    assert b"".join(heard) == b"a0a1b0b1c0c1"
    assert theatre.story == ["open b", "part", "open c", "part", "close b", "part", "close c"]


async def test_what_comes_early_waits_for_its_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is read while the one before is still heard, so that its sender need not hold it; up to a bound."""
    monkeypatch.setattr(ahead, "MOST_AHEAD_BYTES", 5)
    given = []

    async def long(_held: AsyncExitStack) -> AsyncIterator[bytes]:
        async def chunks() -> AsyncIterator[bytes]:
            for number in range(6):
                given.append(number)
                yield b"%d%d" % (number, number)

        return chunks()

    async with aclosing(in_turn(stream("a"), [long], never)) as parts:
        first = await anext(parts)
        await settled()
        assert given == [0, 1, 2]
        assert [chunk async for chunk in first] == [b"a0", b"a1"]
        rest = [chunk async for chunk in await anext(parts)]

    assert b"".join(rest) == b"001122334455"


async def test_what_fails_to_open_fails_in_its_turn() -> None:
    """What comes before it is heard to its end."""
    theatre = Theatre()
    heard = []
    openers = [partial(theatre.fail, "b"), partial(theatre.open, "c")]
    async with aclosing(in_turn(stream("a"), openers, never)) as parts:
        with pytest.raises(Fault, match="b"):
            async for part in parts:
                await settled()
                heard += [chunk async for chunk in part]

    assert heard == [b"a0", b"a1"]
    assert theatre.story == []


@pytest.mark.parametrize("failures", [1, 2, 4])
async def test_what_failed_too_early_is_opened_again_in_its_turn(failures: int) -> None:
    """Some vendors take one call at a time: the one ahead is refused until the one before has ended."""
    theatre = Theatre()
    left = failures

    async def opened(held: AsyncExitStack) -> AsyncIterator[bytes]:
        nonlocal left
        left -= 1
        return await (theatre.fail("b", held) if left >= 0 else theatre.open("b", held))

    heard = []
    async for part in in_turn(stream("a"), [opened], thrice):
        await settled()
        heard += [chunk async for chunk in part]

    assert b"".join(heard) == b"a0a1b0b1"


async def test_what_breaks_off_before_its_turn_is_opened_again() -> None:
    """Nothing of it has been heard, so it can begin anew; what breaks off in its turn cannot."""
    broken = 0

    async def breaking(_held: AsyncExitStack) -> AsyncIterator[bytes]:
        async def chunks() -> AsyncIterator[bytes]:
            nonlocal broken
            yield b"b0"
            broken += 1
            if broken == 1:
                raise Fault(Kind.GARBLED, "b")
            yield b"b1"

        return chunks()

    heard = []
    async for part in in_turn(stream("a"), [breaking], thrice):
        await settled()
        heard += [chunk async for chunk in part]

    assert b"".join(heard) == b"a0a1b0b1"


@pytest.mark.parametrize("opener", ["open", "hang", "fail"])
async def test_leaving_early_closes_what_is_open_and_what_is_being_opened(opener: str) -> None:
    """Nothing stays behind: no connection, no task, no exception that nobody fetched."""
    theatre = Theatre()
    async with aclosing(in_turn(stream("a"), [partial(getattr(theatre, opener), "b")], never)) as parts:
        await anext(parts)
        await settled()

    assert theatre.story == {"open": ["open b", "close b"], "hang": ["cancel b"], "fail": []}[opener]
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_begun_has_its_first_item_in_hand() -> None:
    """And gives it again, before the rest."""
    chunks = stream("a")

    assert [chunk async for chunk in await begun(chunks)] == [b"a0", b"a1"]
