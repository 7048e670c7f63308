"""One child program: how it starts, and what its frames may be."""

from __future__ import annotations

import asyncio
import sys

import pytest

from router.upstream.child import MAX_FRAME_BYTES, Child
from router.upstream.transport import Patience
from router.wire.faults import Kind
from tests.upstream.scripted import (
    HANG_S,
    SLEEPING,
    WHOLE,
    Factory,
    answer_of,
    children,
    fault_of,
    outgoing,
    script,
)

# Starts


@pytest.mark.parametrize(
    ("start", "connect_s", "kind", "words"),
    [
        ("unable", 20, Kind.CONNECT, "its model is missing"),
        ("exit", 20, Kind.CONNECT, "status 3"),
        ("mute", 0.05, Kind.CONNECT, "0.05 s"),
        ("babble", 20, Kind.GARBLED, "no frame"),
    ],
)
async def test_cannot_start(transport_of: Factory, start: str, connect_s: float, kind: Kind, words: str) -> None:
    """A program that does not start is a fault that says why, and is tried again by the next call."""
    transport = transport_of(limit=1)
    for _ in range(2):
        fault = await fault_of(transport, outgoing(b"[]", start), Patience(connect_s, 20))
        assert fault.kind is kind
        assert words in fault.message


async def test_a_child_knows_no_vendors_key(monkeypatch: pytest.MonkeyPatch, transport_of: Factory) -> None:
    """It reads what strangers send, and gets of the environment what an interpreter needs."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")

    names = (await answer_of(transport_of(), script([["head"], ["environment"], ["end"]]))).split()

    assert "OPENAI_API_KEY" not in names
    assert "PATH" in names


async def test_no_such_program(monkeypatch: pytest.MonkeyPatch, transport_of: Factory) -> None:
    """A program that the system will not run is a fault of the connection."""
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert (await fault_of(transport_of(), script(WHOLE))).kind is Kind.CONNECT


# Frames


async def test_silence_within_an_answer(transport_of: Factory) -> None:
    """Silence between two frames of an answer is a timeout, and ends the process."""
    transport = transport_of(limit=1)
    fault = await fault_of(transport, script(SLEEPING), Patience(20, 0.05))
    assert fault.kind is Kind.TIMEOUT
    assert children() == []


async def test_silence_before_an_answer(transport_of: Factory) -> None:
    """Before the answer has begun it is the caller's patience that counts: a long file takes its time."""
    call = asyncio.create_task(answer_of(transport_of(), script([["sleep"]]), Patience(20, 0.01)))
    await asyncio.sleep(0.3)
    assert not call.done()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call


@pytest.mark.parametrize(
    "steps",
    [
        [["raw", "no frame\n"]],
        [["raw", '{"type":"unheard of"}\n']],
        [["raw", "x" * 100_000]],
        [["head"], ["raw", '{"type":"data","size":-1}\n']],
        [["head"], ["raw", f'{{"type":"data","size":{MAX_FRAME_BYTES + 1}}}\n']],
        [["data", "before the head"]],
        [["end"]],
        [["head"], ["head"]],
        [["head"], ["raw", '{"type":"ready"}\n']],
    ],
)
async def test_garbage(transport_of: Factory, steps: list[list[str]]) -> None:
    """What is no frame, or one that is not due, is a garbled answer, and the next call works."""
    transport = transport_of(limit=1)
    assert (await fault_of(transport, script(steps))).kind is Kind.GARBLED
    assert await answer_of(transport, script(WHOLE))


class _Pipes:
    """The pipes of a process, without one."""

    def __init__(self) -> None:
        self.stdin = self.transport = self
        self.stdout = asyncio.StreamReader()

    def set_write_buffer_limits(self, high: int) -> None:
        pass


async def test_cut_at_every_boundary() -> None:
    """Frames are the same wherever the pipe cuts them."""
    sent = (
        b'{"type":"head","status":400,"content_type":"a/b"}\n'
        b'{"type":"data","size":4}\n\n{"}{"type":"data","size":0}\n{"type":"data","size":1}\n\n{"type":"end"}\n'
    )
    for cut in range(len(sent) + 1):
        pipes = _Pipes()
        child = Child("it", pipes)  # type: ignore[arg-type]

        async def read(child: Child = child) -> tuple[int, str, list[bytes]]:
            answer = await child.answer(HANG_S)
            return answer.status, answer.headers["content-type"], [chunk async for chunk in answer.chunks()]

        reading = asyncio.create_task(read())
        for part in (sent[:cut], sent[cut:]):
            pipes.stdout.feed_data(part)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
        assert await reading == (400, "a/b", [b'\n{"}', b"\n"])
        assert child.is_free


async def test_truncated_at_every_boundary() -> None:
    """An answer that ends too early is never taken for a whole one."""
    sent = b'{"type":"head","status":200,"content_type":"a/b"}\n{"type":"data","size":3}\nabc{"type":"end"}\n'
    for cut in range(len(sent)):
        pipes = _Pipes()
        pipes.stdout.feed_data(sent[:cut])
        pipes.stdout.feed_eof()
        with pytest.raises(EOFError):
            await _read_to_the_end(Child("it", pipes))  # type: ignore[arg-type]


async def _read_to_the_end(child: Child) -> None:
    while not type(await child._read()).__name__.endswith("End"):
        pass
