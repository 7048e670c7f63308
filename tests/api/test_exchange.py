"""One exchange: a body that stops arriving, and a client that is gone when the reply is written."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
import uvloop
from litestar.types import Receive, Scope, Send

from router.api.exchange import ClientLeft, Exchange
from router.wire.errors import CallError
from tests.conftest import bare, served

SCOPE = {"type": "http", "method": "POST", "headers": []}


async def impatient(scope: Scope, receive: Receive, send: Send) -> None:
    """Waits for the body as the doors do, less long."""
    exchange = Exchange(scope, receive, send, body_idle_s=0.2, slowest=15)
    try:
        body = await exchange.body(100)
    except CallError as error:
        await exchange.fail(error, {})
    else:
        await exchange.reply(200, "text/plain", body, {})


async def ask(url: str, *pieces: bytes) -> bytes:
    """What comes back for a head and these pieces of a body of nine bytes, sent 0.1 s apart, until the end."""
    reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
    writer.write(b"POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\r\n")
    for piece in pieces:
        await asyncio.sleep(0.1)
        writer.write(piece)
    reply = await asyncio.wait_for(reader.read(), 5)
    writer.close()
    return reply


@pytest.mark.parametrize("pieces", [(), (b"abc", b"def")])
async def test_a_body_that_stops_arriving_is_a_408(pieces: tuple[bytes, ...]) -> None:
    """In the envelope, not to be repeated by an SDK, and the connection ends: its rest could come at any time."""
    async with served(bare(impatient)) as url:
        head, _, body = (await ask(url, *pieces)).partition(b"\r\n\r\n")

    assert head.startswith(b"HTTP/1.1 408 ")
    assert b"\r\nx-should-retry: false" in head
    assert b"\r\nconnection: close" in head
    error = msgspec.json.decode(body)["error"]
    assert error["type"] == "invalid_request_error"
    assert "0.2 seconds" in error["message"]


async def test_a_slow_body_is_taken_while_it_moves() -> None:
    """Silence is bounded, not the whole upload."""
    async with served(bare(impatient)) as url:
        assert (await ask(url, b"abc", b"de", b"fg", b"hi")).endswith(b"\r\n\r\nabcdefghi")


async def test_a_body_that_all_but_stops_is_a_408() -> None:
    """A byte now and then is silence too: each comes in time, and all of them too late."""

    async def receive():
        await asyncio.sleep(0.05)
        received.append(b"a")
        return {"type": "http.request", "body": b"a", "more_body": True}

    received: list[bytes] = []
    exchange = Exchange(SCOPE, receive, receive, body_idle_s=0.2, slowest=100)
    with pytest.raises(CallError) as slow:
        await asyncio.wait_for(exchange.body(100), 5)

    assert (slow.value.status, slow.value.headers["connection"]) == (408, "close")
    assert "0.2 seconds" in slow.value.message
    assert 2 <= len(received) <= 6


async def test_what_came_quickly_buys_no_time_to_stop() -> None:
    """Bytes give patience back, never more of it than there was."""
    received = iter([b"x" * 1_000_000])

    async def receive():
        if chunk := next(received, None):
            return {"type": "http.request", "body": chunk, "more_body": True}
        return await asyncio.Event().wait()

    exchange = Exchange(SCOPE, receive, receive, body_idle_s=0.05, slowest=1)
    with pytest.raises(CallError) as slow:
        await asyncio.wait_for(exchange.body(2**20), 5)

    assert slow.value.status == 408


async def closed_transport() -> asyncio.WriteTransport:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    _, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    writer.close()
    await writer.wait_closed()
    server.close()
    return writer.transport


def exchange_over(transport: asyncio.WriteTransport) -> Exchange:
    async def receive():
        await asyncio.Event().wait()

    async def send(_message) -> None:
        transport.write(b"x")

    return Exchange(SCOPE, receive, send)


def test_a_write_to_a_closed_connection_is_a_client_that_left() -> None:
    """uvloop raises a bare RuntimeError there."""

    async def run() -> None:
        exchange = exchange_over(await closed_transport())
        for write in (exchange.start(200, []), exchange.write(b"x"), exchange.finish()):
            with pytest.raises(ClientLeft):
                await write

    uvloop.run(run())


def test_a_failed_write_ends_watched_work_like_any_leaving() -> None:
    """What runs inside is cancelled, so that its event says who left; outside it is `ClientLeft`, and no more."""

    async def run() -> None:
        exchange = exchange_over(await closed_transport())
        with pytest.raises(ClientLeft):
            async with exchange.watched():
                with pytest.raises(asyncio.CancelledError) as ended:
                    await exchange.write(b"x")
                raise ended.value
        await asyncio.sleep(0)  # no cancellation is left over

    uvloop.run(run())


async def test_any_other_failure_of_the_server_is_not_hidden() -> None:
    """A reply longer than it said is a bug of ours."""

    async def send(_message) -> None:
        raise RuntimeError("Response content longer than Content-Length")

    with pytest.raises(RuntimeError, match="longer"):
        await Exchange(SCOPE, send, send).write(b"x")
