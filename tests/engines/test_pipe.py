"""The engine's end of the pipes, with engines of a few lines."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import zlib
from collections.abc import AsyncIterator
from textwrap import dedent

import pytest

from router.upstream.processes import ProcessTransport
from router.upstream.transport import Body, Outgoing, Patience
from router.wire.faults import Fault, Kind

PATIENCE = Patience(connect_s=30, silence_s=30)
PROGRAM = """
    import os, sys, signal, time, zlib
    from router.engines.pipe import Refusal, Unable, serve
    {engine}
    serve(lambda: engine)
"""


class Asked:
    """An engine given as source code, and its transport."""

    def __init__(self) -> None:
        self._transports: list[ProcessTransport] = []

    async def __call__(self, engine: str, *bodies: Body) -> list[bytes]:
        """The answers to each body, by one process."""
        program = dedent(PROGRAM).format(engine=dedent(engine))
        transport = ProcessTransport({"it": ("-c", program)}, limit=1)
        self._transports.append(transport)
        return [await self._answer(transport, body) for body in bodies]

    async def _answer(self, transport: ProcessTransport, body: Body) -> bytes:
        async with transport.send(Outgoing("POST", "it", {}, body), PATIENCE, lambda: None) as response:
            content = b"".join([chunk async for chunk in response.chunks()])
            return f"{response.status} {response.headers['content-type']} ".encode() + content

    async def close(self) -> None:
        for transport in self._transports:
            await transport.close()


@pytest.fixture
async def asked() -> AsyncIterator[Asked]:
    one = Asked()
    yield one
    await one.close()


async def test_answers_call_after_call(asked: Asked) -> None:
    """One process answers many calls, each with its own body from the first byte to the last, however large."""
    engine = """
        def engine(body, answer):
            answer.open("text/plain")
            content = body.read()
            answer.write(f"{len(content)} {zlib.crc32(content)} {os.getpid()}".encode())
    """
    bodies = [b"", b"\n", b'{"type":"end"}\n', os.urandom(10_000_000), b"last"]
    answers = [answer.decode().split() for answer in await asked(engine, *bodies)]
    assert [answer[2:4] for answer in answers] == [[str(len(body)), str(zlib.crc32(body))] for body in bodies]
    assert len({answer[4] for answer in answers}) == 1


async def test_refusal_is_an_answer(asked: Asked) -> None:
    """A refusal becomes a 400 with its code and message, and the process goes on."""
    engine = """
        def engine(body, answer):
            if body.read() == b"bad":
                raise Refusal("no_such", 'there is no "x"')
            answer.open("text/plain")
    """
    error = b'400 application/json {"error":{"message":"there is no \\"x\\"","code":"no_such"}}'
    assert await asked(engine, b"bad", b"good", b"bad") == [error, b"200 text/plain ", error]


async def test_standard_streams_are_not_the_protocol(asked: Asked) -> None:
    """What a library prints, or reads, does not get between the frames."""
    engine = """
        def engine(body, answer):
            print("a library says hello", flush=True)
            os.write(1, b"from C as well")
            answer.open("text/plain")
            answer.write(b"read " + repr(os.read(0, 10)).encode())
    """
    assert await asked(engine, b"1", b"2") == [b"200 text/plain read b''"] * 2


async def test_chatter_does_not_block(asked: Asked, capfd: pytest.CaptureFixture[str]) -> None:
    """Standard error takes as much as an engine writes, and is seen."""
    engine = """
        def engine(body, answer):
            for _ in range(1000):
                os.write(2, b"e" * 1023 + b"\\n")
            answer.open("text/plain")
    """
    assert await asked(engine, b"") == [b"200 text/plain "]
    assert len(capfd.readouterr().err) >= 1000 * 1024


async def test_error_of_the_engine(asked: Asked, capfd: pytest.CaptureFixture[str]) -> None:
    """An engine's own error costs the call, and its stack trace is seen."""
    with pytest.raises(Fault) as caught:
        await asked("def engine(body, answer): raise ZeroDivisionError", b"")
    assert caught.value.kind is Kind.FAILED
    assert "ZeroDivisionError" in capfd.readouterr().err


async def test_signals_of_the_group(asked: Asked) -> None:
    """A terminal's Ctrl-C and a service manager's SIGTERM leave a call in peace: the router ends its engines itself."""
    engine = """
        def engine(body, answer):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGTERM)
            answer.open("text/plain")
    """
    assert await asked(engine, b"") == [b"200 text/plain "]


@pytest.mark.parametrize("work", ["time.sleep(3600)", "[answer.write(bytes(9000)) for _ in iter(int, 1)]"])
async def test_ends_with_its_pipe(work: str) -> None:
    """An engine in the middle of a call ends when the router's end of the pipe closes, silent or writing."""
    engine = f"""
        def engine(body, answer):
            answer.open("text/plain")
            {work}
    """
    program = dedent(PROGRAM).format(engine=dedent(engine))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", program), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin
    assert process.stdout
    assert await process.stdout.readline() == b'{"type":"ready"}\n'
    process.stdin.write(b'{"type":"end"}\n')
    assert b"head" in await process.stdout.readline()
    process.stdin.close()
    while await process.stdout.read(65_536):
        pass
    assert await process.wait() in {0, -signal.SIGPIPE}
