"""How bytes leave: the first of a turn at once, the others together, each connection's own in their order."""

from __future__ import annotations

import asyncio

from router.sockets.outbox import HIGH_BYTES, Writer


class Transport:
    """Notes what reaches the socket, each write by itself."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.is_closed = False

    def is_closing(self) -> bool:
        return self.is_closed

    def write(self, data: bytes) -> None:
        assert not self.is_closed
        self.sent.append(data)

    def close(self) -> None:
        self.is_closed = True


def connected() -> tuple[Transport, Writer]:
    transport = Transport()
    return transport, Writer(transport, asyncio.get_running_loop())


async def turned() -> None:
    """Two turns of the loop: what was to go out at the end of this one is out."""
    await asyncio.sleep(0)
    await asyncio.sleep(0)


async def test_who_writes_alone_waits_for_nothing() -> None:
    """Of each turn the first write is on the socket when `write` returns, in one piece."""
    transport, writer = connected()
    for _ in range(2):
        transport.sent.clear()
        writer.write([b"head ", b"and body"])
        assert transport.sent == [b"head and body"]
        await turned()


async def test_what_follows_in_a_turn_goes_out_at_its_end_as_one() -> None:
    """Whoever else writes, and how often: one write for each connection, with all of it in its order."""
    first, one = connected()
    second, other = connected()
    one.write([b"1"])
    other.write([b"2", b"3"])
    one.write([b"4"])
    other.write([b"5"])
    one.write([b"6"])
    assert (first.sent, second.sent) == ([b"1"], [])

    await turned()

    assert (first.sent, second.sent) == ([b"1", b"46"], [b"235"])


async def test_what_is_passed_on_waits_for_nobody_but_its_own() -> None:
    """It is on the socket when `pass_on` returns, whoever has written before; and never before what its own holds."""
    _, first = connected()
    transport, writer = connected()
    first.write([b"x"])
    writer.pass_on([b"1", b"2"])
    assert transport.sent == [b"12"]

    writer.write([b"3"])
    writer.pass_on([b"4"])
    assert transport.sent == [b"12"]
    await turned()
    assert transport.sent == [b"12", b"34"]


async def test_much_is_not_held_back() -> None:
    """Else a large body would be in memory before its reader is asked to wait."""
    _, first = connected()
    transport, writer = connected()
    first.write([b"x"])
    writer.write([b"y" * HIGH_BYTES])
    assert transport.sent == []

    writer.write([b"z"])

    assert transport.sent == [b"y" * HIGH_BYTES + b"z"]
    await turned()
    assert len(transport.sent) == 1


async def test_closing_loses_nothing_that_was_written() -> None:
    """What is held goes out before the end; what comes after it goes nowhere, and breaks nothing."""
    _, first = connected()
    transport, writer = connected()
    first.write([b"x"])
    writer.write([b"last words"])
    writer.close()
    assert (transport.sent, transport.is_closed) == ([b"last words"], True)

    writer.write([b"too late"])
    await turned()

    assert transport.sent == [b"last words"]


async def test_who_is_closed_meanwhile_keeps_nobody_from_writing() -> None:
    """A client that leaves in the middle of a turn: the others' bytes go out all the same."""
    _, first = connected()
    gone, leaver = connected()
    transport, writer = connected()
    first.write([b"x"])
    leaver.write([b"y"])
    writer.write([b"z"])
    gone.is_closed = True

    await turned()

    assert (gone.sent, transport.sent) == ([], [b"z"])
