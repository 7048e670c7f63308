"""The HTTP transport on sockets: what arrives is what was sent, and what breaks is named."""

from __future__ import annotations

import asyncio

import pytest

from router.upstream.http import HttpTransport
from router.upstream.transport import Outgoing, Patience
from router.wire.faults import Fault, Kind
from router.wire.upload import Upload
from tests.fakes import Drip, Upstream, audio

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
    assert set(seen.headers) == {"host", "x-own", "content-length", "user-agent"}


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
