"""The server on raw sockets: one call at a time on a connection, a bounded head, a log without false alarms."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator

import pytest
import uvicorn
from litestar.types import Receive, Scope, Send

from router.api.exchange import Exchange
from router.api.server import MAX_HEAD_BYTES, server_config
from tests.conftest import KEY, Serve, bare, served, table_of
from tests.fakes import Drip, Upstream, audio

GET = b"GET / HTTP/1.1\r\nhost: x\r\n\r\n"
SPEECH = b'{"model":"tts-1","voice":"alloy","input":"x"}'
SPEAK = b"POST /v1/audio/speech HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (len(SPEECH), SPEECH)
HOLD_S = 5  # for what would hang: never waited for when all is well


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers with the body it got."""
    exchange = Exchange(scope, receive, send)
    await exchange.reply(200, "application/octet-stream", await exchange.body(2**20), {})


async def connect(url: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    host, port = url.removeprefix("http://").split(":")
    return await asyncio.open_connection(host, int(port))


@contextlib.asynccontextmanager
async def connected_to_echo(**limits: float) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    async with served(bare(echo), **limits) as url:
        reader, writer = await connect(url)
        yield reader, writer
        writer.close()


async def read_reply(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    """A head in lower case, and a body whose length is told."""
    async with asyncio.timeout(HOLD_S):
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0])
        return head, await reader.readexactly(length)


def one_vendor(upstream: Upstream) -> str:
    return table_of({"one": f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"}, {"tts-1": ["one/m"]})


# ------------------------------------------------------------------ one call at a time


@pytest.mark.parametrize("in_one_piece", [True, False])
@pytest.mark.parametrize("behind", [SPEAK, b"x" * 300_000])
@pytest.mark.parametrize("has_begun", [True, False])
async def test_who_pipelines_and_leaves_is_noticed(
    serve: Serve,
    upstream: Upstream,
    caplog: pytest.LogCaptureFixture,
    in_one_piece: bool,
    behind: bytes,
    has_begun: bool,
) -> None:
    """Whatever was sent behind the request, leaving ends the vendor's call, quietly."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(one_vendor(upstream))
    reader, writer = await connect(router.url)
    if has_begun:
        drip.send(b"begun")
    writer.write(SPEAK + behind if in_one_piece else SPEAK)
    await asyncio.wait_for(drip.begun.wait(), HOLD_S)
    if not in_one_piece:
        writer.write(behind)
        await writer.drain()
    if has_begun:
        await asyncio.wait_for(reader.readuntil(b"begun"), HOLD_S)

    writer.close()

    await asyncio.wait_for(drip.left.wait(), HOLD_S)
    record = await router.record()
    assert (record.outcome, record.status) == ("client left", 499)
    assert len(upstream.seen) == 1
    assert [line for line in caplog.records if line.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("in_one_piece", [True, False])
async def test_who_pipelines_gets_the_first_answer_whole_and_then_the_end(
    serve: Serve, upstream: Upstream, in_one_piece: bool
) -> None:
    """The second request was never read, which the end of the connection tells."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(one_vendor(upstream))
    reader, writer = await connect(router.url)
    writer.write(SPEAK + SPEAK if in_one_piece else SPEAK)
    await asyncio.wait_for(drip.begun.wait(), HOLD_S)
    if not in_one_piece:
        writer.write(SPEAK)
    drip.send(b"first")
    reply = await asyncio.wait_for(reader.readuntil(b"first"), HOLD_S)
    drip.send(b"last!")
    drip.end()
    reply += await asyncio.wait_for(reader.read(), HOLD_S)

    assert reply.startswith(b"HTTP/1.1 200 OK\r\n")
    assert reply.count(b"HTTP/1.1") == 1
    assert reply.endswith(b"last!\r\n0\r\n\r\n")
    assert len(upstream.seen) == 1
    writer.close()


async def test_one_request_after_another_uses_one_connection(serve: Serve, upstream: Upstream) -> None:
    """Keep-alive: the next request is read once the reply to the last is complete."""
    upstream.answers(audio(b"spoken"))
    router = await serve(one_vendor(upstream))
    reader, writer = await connect(router.url)
    for _ in range(3):
        writer.write(SPEAK)
        head, body = await read_reply(reader)
        assert head.startswith(b"http/1.1 200 ok\r\n")
        assert b"connection: close" not in head
        assert body == b"spoken"
    writer.close()


async def test_neither_a_call_nor_its_connection_is_left_to_the_collector() -> None:
    """Each of its looks stops every stream: what calls used is freed with them."""
    async with connected_to_echo() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi")
        await read_reply(reader)
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nhi")
                await read_reply(reader)
            writer.close()
            await writer.wait_closed()
            await asyncio.sleep(0.05)
            gc.set_debug(gc.DEBUG_SAVEALL)
            gc.collect()
            left = [one for one in gc.garbage if type(one).__module__.startswith(("router", "httptools"))]
        finally:
            gc.set_debug(0)
            gc.garbage.clear()
            gc.enable()

    assert left == []


async def test_a_request_may_come_byte_by_byte_and_chunked() -> None:
    """Bodies without a length arrive whole, however they are cut, and the connection is kept."""
    async with connected_to_echo() as (reader, writer):
        for _ in range(2):
            for (
                byte
            ) in b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n":
                writer.write(bytes([byte]))
                await writer.drain()

            assert (await read_reply(reader))[1] == b"abcde"


async def test_the_end_of_a_body_may_come_by_itself() -> None:
    """The last chunk is in hand when the server hears that it was the last: who reads has to be told."""
    taken = asyncio.Event()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        body = b""
        async for chunk in exchange.chunks(2**20):
            body += chunk
            taken.set()
        await exchange.reply(200, "application/octet-stream", body, {})

    async with served(bare(answer)) as url:
        reader, writer = await connect(url)
        for _ in range(2):
            taken.clear()
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
            await asyncio.wait_for(taken.wait(), HOLD_S)
            writer.write(b"0\r\n\r\n")
            _, body = await read_reply(reader)
            assert body == b"abc"
        writer.close()


async def test_who_expects_100_is_told_to_go_on() -> None:
    """curl waits so before an upload."""
    async with connected_to_echo() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nexpect: 100-continue\r\ncontent-length: 3\r\n\r\n")
        assert await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HOLD_S) == b"HTTP/1.1 100 Continue\r\n\r\n"
        writer.write(b"abc")

        assert (await read_reply(reader))[1] == b"abc"


async def test_what_is_not_http_is_refused_in_the_envelope() -> None:
    """And the connection ends."""
    async with connected_to_echo() as (reader, writer):
        writer.write(b"\x16\x03\x01 hello\r\n\r\n")

        head, body = await read_reply(reader)

        assert head.startswith(b"http/1.1 400 ")
        assert b'"type":"invalid_request_error"' in body
        assert await reader.read() == b""


# ------------------------------------------------------------------ bounds


@pytest.mark.parametrize(
    "opening",
    [
        b"GET / HTTP/1.1\r\nhost: x\r\nx-long: ",
        b"GET /",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3;",
        b"POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-trailer: ",
    ],
)
async def test_an_endless_head_is_refused(opening: bytes) -> None:
    """A header, a path, a chunk's extension or a trailer of a megabyte: the parser would hold all of it."""
    async with connected_to_echo() as (reader, writer):
        writer.write(opening)
        sent = 0
        async with asyncio.timeout(HOLD_S):
            with contextlib.suppress(ConnectionError):  # the end may overtake the words
                while sent < 2**24 and not reader.at_eof():
                    writer.write(b"a" * 16_384)
                    sent += 16_384
                    await writer.drain()
                    await asyncio.sleep(0)

        assert sent < 2**24  # beyond what the sockets themselves hold


async def test_a_refused_head_says_so_in_the_envelope() -> None:
    """One byte too many, and no more: then nothing overtakes the words."""
    async with connected_to_echo() as (reader, writer):
        opening = b"GET / HTTP/1.1\r\nhost: x\r\nx-long: "
        writer.write(opening + b"a" * (MAX_HEAD_BYTES - len(opening)))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.write(b"a")

        head, body = await read_reply(reader)

        assert head.startswith(b"http/1.1 431 request header fields too large\r\n")
        assert b"larger than 65,536 bytes" in body
        assert await reader.read() == b""


async def test_a_body_is_not_held_against_the_head() -> None:
    """A small head and a large body, in one piece and in many, and then a next request."""
    large = bytes(700_000)
    head = b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: %d\r\n\r\n" % len(large)
    async with connected_to_echo() as (reader, writer):
        for _ in range(2):
            writer.write(head + large)
            assert (await read_reply(reader))[1] == large
        writer.write(GET)
        assert (await read_reply(reader))[1] == b""


async def test_how_large_a_head_may_be_is_the_callers() -> None:
    """`server.max_head`, where a table says so."""
    async with connected_to_echo(max_head=200) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nx-long: " + b"a" * 200)

        assert (await read_reply(reader))[0].startswith(b"http/1.1 431 ")


# ------------------------------------------------------------------ slow senders


async def drip(writer: asyncio.StreamWriter, data: bytes, every_s: float = 0.02) -> None:
    with contextlib.suppress(ConnectionError):
        for byte in data:
            writer.write(bytes([byte]))
            await writer.drain()
            await asyncio.sleep(every_s)


async def test_who_says_nothing_is_left() -> None:
    """Without a word: nothing was asked."""
    async with connected_to_echo(head_s=0.1) as (reader, _):
        assert await asyncio.wait_for(reader.read(), HOLD_S) == b""


@pytest.mark.parametrize("before", [b"", GET])
async def test_a_head_that_comes_byte_by_byte_is_a_408(before: bytes) -> None:
    """On a new connection and on a kept one; each byte is in time, the whole is not."""
    async with connected_to_echo(head_s=0.3) as (reader, writer):
        if before:
            writer.write(before)
            await read_reply(reader)
        dripping = asyncio.create_task(drip(writer, b"GET / HTTP/1.1\r\nx-long: " + b"a" * 1_000))

        head, body = await read_reply(reader)

        assert head.startswith(b"http/1.1 408 request timeout\r\n")
        assert b"within 0.3 seconds" in body
        assert await asyncio.wait_for(reader.read(), HOLD_S) == b""
        dripping.cancel()


async def test_a_call_may_take_longer_than_its_head() -> None:
    """The time is for the head alone: neither the body nor the reply is bound by it."""
    async with connected_to_echo(head_s=0.1) as (reader, writer):
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\n")
            await drip(writer, b"0123", every_s=0.05)
            assert (await read_reply(reader))[1] == b"0123"


async def test_who_sends_on_after_a_refusal_is_left() -> None:
    """The rest of a body that nobody wants is waited for as long as a head, however it drips; then it all ends."""

    async def refusing(scope: Scope, receive: Receive, send: Send) -> None:
        await Exchange(scope, receive, send).reply(413, "text/plain", b"no", {})

    async with served(bare(refusing), head_s=0.3) as url:
        reader, writer = await connect(url)
        writer.write(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\n\r\n")
        dripping = asyncio.create_task(drip(writer, b"a" * 1_000))
        head, _ = await read_reply(reader)
        assert head.startswith(b"http/1.1 413 ")
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), HOLD_S) == b""
        dripping.cancel()
        writer.close()


async def test_an_idle_connection_ends() -> None:
    """What is kept for a next request is not kept for ever."""
    async with connected_to_echo(idle_s=0.1) as (reader, writer):
        writer.write(GET)
        await read_reply(reader)
        assert await asyncio.wait_for(reader.read(), HOLD_S) == b""


# ------------------------------------------------------------------ the log


async def test_calls_that_shutdown_ends_leave_no_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Only that they were ended is said."""
    begun = asyncio.Event()

    async def endless(scope: Scope, receive: Receive, send: Send) -> None:
        begun.set()
        await asyncio.Event().wait()

    async with served(bare(endless)) as url:
        _, writer = await connect(url)
        writer.write(GET)
        await asyncio.wait_for(begun.wait(), HOLD_S)
    await asyncio.sleep(0)

    assert [line.getMessage() for line in caplog.records if line.exc_info] == []
    assert "timeout graceful shutdown exceeded" in caplog.text
    writer.close()


async def test_a_reply_that_is_broken_off_is_no_news_and_a_bug_is(caplog: pytest.LogCaptureFixture) -> None:
    """The call's own event tells of the first; the second keeps its traceback."""

    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, receive, send)
        await exchange.start(200, [])
        await exchange.write(b"begun")
        if exchange.header(b"host") == "bug":
            raise ValueError

    async with served(bare(breaking)) as url:
        for host in (b"x", b"bug"):
            reader, writer = await connect(url)
            writer.write(b"GET / HTTP/1.1\r\nhost: %b\r\n\r\n" % host)
            await asyncio.wait_for(reader.read(), HOLD_S)
            writer.close()

    errors = [line for line in caplog.records if line.levelno >= logging.ERROR]
    assert [line.exc_info[0] for line in errors if line.exc_info] == [ValueError]
    assert len(errors) == 1


def test_the_grace_is_the_callers() -> None:
    """What `serve` passes is what uvicorn waits."""
    config: uvicorn.Config = server_config(echo, grace_s=2.5)

    assert config.timeout_graceful_shutdown == 2.5


async def test_an_offer_of_http2_in_the_clear_is_declined_and_the_body_is_kept() -> None:
    """As Java's own client makes it with its first request; the parser alone would lose what follows."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"
    head = b"POST / HTTP/1.1\r\nhost: x\r\n" + offer
    async with connected_to_echo() as (reader, writer):
        for _ in range(2):
            writer.write(head + b"content-length: 9\r\n\r\nupgrade: ")
            _, body = await read_reply(reader)
            assert body == b"upgrade: "
