"""Replies as they are framed on raw sockets: with a length, in chunks, until the end, or with no body at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import msgspec
import pytest
from litestar.types import Receive, Scope, Send

from router.api.exchange import Exchange
from tests.conftest import bare, served

HOLD_S = 5


async def raw(answer: Callable[[Exchange], Awaitable[None]], request: bytes) -> bytes:
    """All that comes back over a connection which the request says to close, or which breaks."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await answer(Exchange(scope, receive, send))

    async with served(bare(app)) as url:
        reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"))
        writer.write(request)
        reply = await asyncio.wait_for(reader.read(), HOLD_S)
        writer.close()
    return reply


def asking(method: str = "GET", version: str = "1.1") -> bytes:
    return f"{method} / HTTP/{version}\r\nhost: x\r\nconnection: close\r\n\r\n".encode()


async def in_two(exchange: Exchange) -> None:
    await exchange.start(200, [])
    await exchange.write(b"one ")
    await exchange.write(b"two")
    await exchange.finish()


async def test_a_body_without_a_length_goes_out_in_chunks() -> None:
    reply = await raw(in_two, asking())

    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"transfer-encoding: chunked" in head
    assert body == b"4\r\none \r\n3\r\ntwo\r\n0\r\n\r\n"


async def test_http_1_0_gets_no_chunks() -> None:
    """It knows none (RFC 9112, 6.1): the end of the connection is that of the body."""
    reply = await raw(in_two, asking(version="1.0"))

    head, _, body = reply.partition(b"\r\n\r\n")
    assert b"chunked" not in head
    assert b"connection: close" in head
    assert body == b"one two"


@pytest.mark.parametrize(("method", "status"), [("HEAD", 200), ("GET", 204), ("GET", 304)])
async def test_what_may_have_no_body_gets_none(method: str, status: int) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.start(status, [])
        await exchange.finish(b"what nobody expects")

    head, end, body = (await raw(answer, asking(method))).partition(b"\r\n\r\n")

    assert (end, body) == (b"\r\n\r\n", b"")
    assert b"chunked" not in head


@pytest.mark.parametrize("body", [b"abc", b"abcde"])
async def test_a_body_of_another_length_than_promised_is_broken_off(body: bytes) -> None:
    """Never a clean end that the client would take for the whole."""

    async def answer(exchange: Exchange) -> None:
        await exchange.start(200, [(b"content-length", b"4")])
        await exchange.write(b"ab")
        await exchange.finish(body[2:])

    reply = await raw(answer, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")

    assert len(reply.partition(b"\r\n\r\n")[2]) < 4


async def test_a_bug_before_the_first_byte_is_a_500_in_the_envelope() -> None:
    """Also where a head was made already, which nobody has seen."""

    async def answer(exchange: Exchange) -> None:
        await exchange.start(200, [])
        raise ValueError

    reply = await raw(answer, asking())

    head, _, body = reply.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 500 ")
    assert reply.count(b"HTTP/1.1") == 1
    assert msgspec.json.decode(body)["error"]["type"] == "server_error"


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\0b"])
async def test_no_header_smuggles_another(value: bytes) -> None:
    async def answer(exchange: Exchange) -> None:
        await exchange.start(200, [(b"x-told", value)])
        await exchange.finish()

    reply = await raw(answer, asking())

    assert reply.startswith(b"HTTP/1.1 500 ")
    assert b"x-told" not in reply


async def test_a_client_that_reads_slowly_holds_the_writer_up() -> None:
    """What is not read stays with whoever makes it: the server holds a bounded part of it."""
    written = 0

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal written
        exchange = Exchange(scope, receive, send)
        await exchange.start(200, [])
        for _ in range(1_000):
            await exchange.write(b"x" * 64 * 1024)
            written += 64 * 1024
        await exchange.finish()

    async with served(bare(answer)) as url:
        reader, writer = await asyncio.open_connection(*url.removeprefix("http://").split(":"), limit=1024)
        writer.write(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
        await asyncio.wait_for(reader.readline(), HOLD_S)
        before = -1
        while before != written:  # until it has come to rest
            before = written
            await asyncio.sleep(0.1)
        assert written < 16 * 2**20
        writer.close()
