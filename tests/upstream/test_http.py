"""The HTTP transport on sockets: what arrives is what was sent, and what breaks is named."""

from __future__ import annotations

import asyncio
import gzip
import socket
import struct
from contextlib import asynccontextmanager

import pytest

from router.upstream.http import HttpTransport
from router.upstream.transport import Outgoing, Patience
from router.wire.faults import Fault, Kind
from router.wire.upload import Upload
from tests.fakes import Drip, Upstream, audio, plain

PATIENCE = Patience(connect_s=5, silence_s=0.2)


@pytest.fixture
async def transport():
    one = HttpTransport()
    yield one
    await one.close()


async def test_a_body_of_pieces_has_a_length_and_is_whole(transport: HttpTransport, upstream: Upstream) -> None:
    """Bytes and an upload in order, with Content-Length, no header added but host, length and our name."""
    upstream.answers(audio(b"ok"))
    upload = Upload("a", "b", bytes(1_000_000))
    sent = []
    request = Outgoing("POST", f"{upstream.url}/p%2Fq?a=b%20c", {"x-own": "1"}, [b"head", upload, b"tail"])

    async with transport.send(request, PATIENCE, lambda: sent.append(True)) as response:
        received = [chunk async for chunk in response.chunks()]

    (seen,) = upstream.seen
    assert (received, sent, seen.path, seen.query) == ([b"ok"], [True], "/p%2Fq", {"a": "b c"})
    assert seen.body == b"head" + bytes(1_000_000) + b"tail"
    assert seen.headers["content-length"] == "1000008"
    assert seen.headers["user-agent"].startswith("audio-router/")
    assert seen.headers["accept-encoding"] == "identity"
    assert set(seen.headers) == {"host", "x-own", "content-length", "user-agent", "accept-encoding"}


async def test_silence_between_chunks_is_bounded(transport: HttpTransport, upstream: Upstream) -> None:
    """A vendor that stops is a fault, whatever it sent before."""
    drip = Drip()
    drip.send(b"one")
    upstream.answers(drip)
    received = []

    with pytest.raises(Fault) as silent:
        async with transport.send(Outgoing("POST", upstream.url, {}, b""), PATIENCE, lambda: None) as response:
            async for chunk in response.chunks():
                received.append(chunk)

    assert (received, silent.value.kind) == ([b"one"], Kind.TIMEOUT)


async def test_leaving_early_ends_the_vendors_call(transport: HttpTransport, upstream: Upstream) -> None:
    """The vendor sees its connection close."""
    drip = Drip()
    upstream.answers(drip)

    async with transport.send(Outgoing("POST", upstream.url, {}, b""), PATIENCE, lambda: None):
        pass

    await asyncio.wait_for(drip.left.wait(), 5)


async def test_connections_are_kept(transport: HttpTransport, upstream: Upstream) -> None:
    """An answer that was read to its end gives its connection back."""
    ports = set()

    async def answer(request):
        ports.add(request.transport.get_extra_info("peername")[1])
        return await audio(b"ok")(request)

    upstream.answers(answer)
    for _ in range(3):
        async with transport.send(Outgoing("POST", upstream.url, {}, b"x"), PATIENCE, lambda: None) as response:
            assert [chunk async for chunk in response.chunks()] == [b"ok"]

    assert len(ports) == 1


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://[::1/", "ftp://127.0.0.1/"])
async def test_what_cannot_be_reached_is_a_failed_connection(transport: HttpTransport, url: str) -> None:
    """Refused, or not an address at all: nothing was sent."""
    with pytest.raises(Fault) as failed:
        async with transport.send(Outgoing("POST", url, {}, b""), PATIENCE, lambda: None):
            pass

    assert failed.value.kind is Kind.CONNECT


@asynccontextmanager
async def raw_server(answer):
    """A server of raw bytes: `answer(reader, writer)` for each connection, whose ends it waits for."""
    handlers = []

    async def handle(reader, writer):
        handlers.append(asyncio.current_task())
        try:
            await answer(reader, writer)
        except (asyncio.CancelledError, asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for handler in handlers:
            handler.cancel()
        await asyncio.gather(*handlers)


async def test_a_kept_connection_that_was_given_up_is_no_failure(transport: HttpTransport) -> None:
    """The vendor closes while we write our next request: it is sent once more, on a fresh connection."""
    connections = 0

    async def answer(reader, writer):
        nonlocal connections
        connections += 1
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await reader.readuntil(b"body")
        if connections > 1:
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await writer.drain()
        writer.close()

    async with raw_server(answer) as url:
        for _ in range(2):
            async with transport.send(Outgoing("POST", url, {}, b"body"), PATIENCE, lambda: None) as response:
                assert [chunk async for chunk in response.chunks()] == [b"ok"]

    assert connections == 2


async def test_a_fresh_connection_that_dies_is_not_tried_again(transport: HttpTransport) -> None:
    """The vendor may have acted on what it got."""
    connections = 0

    async def answer(reader, writer):
        nonlocal connections
        connections += 1
        await reader.readuntil(b"body")
        writer.close()

    async with raw_server(answer) as url:
        with pytest.raises(Fault) as failed:
            async with transport.send(Outgoing("POST", url, {}, b"body"), PATIENCE, lambda: None):
                pass

    assert (connections, failed.value.kind) == (1, Kind.CONNECT)


@pytest.mark.parametrize("is_reset", [True, False])
async def test_a_reset_is_not_the_end_of_an_answer_without_a_length(transport: HttpTransport, is_reset: bool) -> None:
    """Where only the connection's end says that the answer is over, a reset is a failure and a close is the end."""

    async def answer(reader, writer):
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n\r\nhalf")
        await writer.drain()
        await asyncio.sleep(0.05)
        if is_reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
        writer.close()

    received = []

    async def read() -> None:
        async with transport.send(Outgoing("POST", url, {}, b"body"), PATIENCE, lambda: None) as response:
            async for chunk in response.chunks():
                received.append(chunk)

    async with raw_server(answer) as url:
        if is_reset:
            with pytest.raises(Fault) as broken:
                await read()
            assert broken.value.kind is Kind.GARBLED
        else:
            await read()

    assert received == [b"half"]


@pytest.mark.parametrize(
    "answer_bytes",
    [b"hello\r\n\r\n", b"HTTP/1.1 abc OK\r\n\r\n", b"HTTP/1.1 200 OK\r\nx: " + b"y" * 70_000 + b"\r\n\r\n"],
)
async def test_what_is_no_http_is_garbled(transport: HttpTransport, answer_bytes: bytes) -> None:
    """The vendor was reached; what it said makes no sense."""

    async def answer(reader, writer):
        await reader.readuntil(b"body")
        writer.write(answer_bytes)
        await writer.drain()
        writer.close()

    async with raw_server(answer) as url:
        with pytest.raises(Fault) as garbled:
            async with transport.send(Outgoing("POST", url, {}, b"body"), PATIENCE, lambda: None):
                pass

    assert garbled.value.kind is Kind.GARBLED


async def test_a_compressed_answer_is_read(transport: HttpTransport, upstream: Upstream) -> None:
    """We ask for none, and a vendor that compresses all the same is understood."""
    upstream.answers(plain(gzip.compress(b"audio"), "audio/mpeg", encoding="gzip"))

    async with transport.send(Outgoing("POST", upstream.url, {}, b""), PATIENCE, lambda: None) as response:
        assert b"".join([chunk async for chunk in response.chunks()]) == b"audio"


async def test_a_key_that_no_header_may_hold_is_a_failed_connection(
    transport: HttpTransport, upstream: Upstream
) -> None:
    """Nothing is sent, and the next target is tried."""
    with pytest.raises(Fault) as failed:
        async with transport.send(Outgoing("POST", upstream.url, {"x": "a\nb"}, b""), PATIENCE, lambda: None):
            pass

    assert (failed.value.kind, upstream.seen) == (Kind.CONNECT, [])


# ------------------------------------------------------------------ where a vendor's answer sends us


@pytest.fixture
def resolving(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What the public name `cdn.acme.test` resolves to; without a network of its own the test fills it."""
    addresses: list[str] = []

    def look_up(_host, port, *_args, **_kwargs):
        return [
            (socket.AF_INET6, socket.SOCK_STREAM, 6, "", (address, port, 0, 0))
            if ":" in address
            else (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))
            for address in addresses
        ]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return addresses


async def ask_at(transport: HttpTransport, url: str, **said: bool) -> None:
    async with transport.send(Outgoing("GET", url, {}, b"", **said), PATIENCE, lambda: None):
        pass


@pytest.mark.parametrize("is_once", [True, False])
@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["169.254.169.254"],
        ["::ffff:10.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["::1", "127.0.0.1"],
        ["10.0.0.1", "10.0.0.2", "fd00::1"],
    ],
)
async def test_a_public_name_for_a_private_address_is_not_connected_to(
    transport: HttpTransport,
    upstream: Upstream,
    resolving: list[str],
    monkeypatch: pytest.MonkeyPatch,
    addresses: list[str],
    is_once: bool,
) -> None:
    """Garbled, without a packet: whatever DNS says by now of a name that was allowed."""
    connected = []
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", lambda *to: connected.append(to))
    resolving += addresses
    port = upstream.url.rpartition(":")[2]

    with pytest.raises(Fault) as refused:
        await ask_at(transport, f"http://cdn.acme.test:{port}/a.mp3", is_foreign=True, is_once=is_once)

    assert (refused.value.kind, refused.value.message) == (
        Kind.GARBLED,
        "the result lies at an address that is not public",
    )
    assert (connected, upstream.seen) == ([], [])


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254"])
async def test_a_private_address_itself_is_not_connected_to(
    transport: HttpTransport, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    """No name, and so nothing to resolve: the address is looked at all the same."""
    connected = []
    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", lambda *to: connected.append(to))

    with pytest.raises(Fault) as refused:
        await ask_at(transport, f"https://{host}/latest/meta-data", is_foreign=True)

    assert (refused.value.kind, connected) == (Kind.GARBLED, [])


async def test_a_kept_connection_of_the_vendors_does_not_lead_there(
    transport: HttpTransport, upstream: Upstream, resolving: list[str]
) -> None:
    """The table may name a host of our own network; an answer may not use the connection that is open to it."""
    upstream.answers(audio(b"ok"))
    resolving.append("127.0.0.1")
    url = f"http://cdn.acme.test:{upstream.url.rpartition(':')[2]}/"
    async with transport.send(Outgoing("GET", url, {}, b""), PATIENCE, lambda: None) as response:
        assert [chunk async for chunk in response.chunks()] == [b"ok"]

    with pytest.raises(Fault) as refused:
        await ask_at(transport, url, is_foreign=True)

    assert (refused.value.kind, len(upstream.seen)) == (Kind.GARBLED, 1)


async def test_a_public_address_is_connected_to(
    transport: HttpTransport, resolving: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one, where the first is not."""
    connected = []

    async def connect(_socket: socket.socket, address: tuple[str, int]) -> None:
        connected.append(address[0])
        raise ConnectionRefusedError(111, "refused here")

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", connect)
    resolving += ["10.0.0.1", "8.8.8.8"]

    with pytest.raises(Fault):
        await ask_at(transport, "https://cdn.acme.test/a.mp3", is_foreign=True)

    assert set(connected) == {"8.8.8.8"}
