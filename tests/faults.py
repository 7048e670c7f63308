"""All that a vendor can do wrong on the wire, by name. Each is a script for a vendor of `tests.fakes`.

What lives here: bytes, and how connections end. What the router has to make of each: tests/e2e/test_faults, tests/load.
"""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from aiohttp import web
from msgspec import Struct

from tests.fakes import Answer, Upstream, document, failure, plain, reset, stall

__all__ = ["AFTER", "BEFORE", "REFUSE", "Fault", "by_name", "closed_port", "raw"]

End = Literal["close", "reset", "hold"]
REFUSE = "refuse"
"""The one fault that is no answer: nobody listens at `closed_port`."""

AUDIO_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n"
TLS_ALERT = bytes.fromhex("15 03 03 00 02 02 46") * 8
ENDLESS_STEP = b" " * 65_536
ENDLESS_S = 0.005
DRIP_S = 0.02


class Fault(Struct, frozen=True):
    """A script, and what the attempt that meets it is recorded as, where words were due maybe `of_words`."""

    answer: Answer
    outcome: str
    of_words: str | None = None


def raw(*pieces: bytes, end: End = "close", every_s: float = 0.0) -> Answer:
    """These bytes as they stand, whether they are HTTP or not, and then the end of the connection, or none."""

    async def answer(request: web.Request) -> web.StreamResponse:
        for piece in pieces:
            assert request.transport
            request.transport.write(piece)
            await asyncio.sleep(every_s)
        return await _ended(request, end)

    return answer


async def _ended(request: web.Request, end: End) -> web.StreamResponse:
    if end == "hold":
        return await stall(request)
    if end == "reset":
        return await reset(request)
    if request.transport:
        request.transport.close()  # what was written is flushed; the response below finds nobody
    return web.Response()


async def endless(request: web.Request) -> web.StreamResponse:
    """200 and blanks for ever, much at once: the beginning of any JSON document."""
    return await _endless(request, 200)


async def endless_error(request: web.Request) -> web.StreamResponse:
    """An error that never stops explaining itself."""
    return await _endless(request, 500)


async def _endless(request: web.Request, status: int) -> web.StreamResponse:
    response = web.StreamResponse(status=status, headers={"content-type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(ENDLESS_STEP)
        await asyncio.sleep(ENDLESS_S)


async def dripping(request: web.Request) -> web.StreamResponse:
    """200 and one blank at a time: never silent for long, and never done."""
    response = web.StreamResponse(headers={"content-type": "application/json"})
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(DRIP_S)


def _bytes_of(text: bytes) -> list[bytes]:
    return [text[index : index + 1] for index in range(len(text))]


# ------------------------------------------------------------------ before the first byte of audio, or of words

BEFORE: Mapping[str, Fault] = {
    "reset-before-answer": Fault(reset, "connect"),
    "close-before-answer": Fault(raw(), "connect"),
    "stall": Fault(stall, "timeout"),
    "slow-head": Fault(raw(*_bytes_of(AUDIO_HEAD * 20), every_s=DRIP_S), "timeout"),
    "drip": Fault(dripping, "timeout"),
    "status-429": Fault(failure(429, **{"retry-after": "0"}), "busy"),
    "status-500": Fault(failure(500), "failed"),
    "status-503": Fault(failure(503), "failed"),
    "status-401": Fault(failure(401, code="invalid_api_key"), "key"),
    "status-402": Fault(failure(402), "quota"),
    "html-200": Fault(plain(b"<html>log in", "text/html"), "garbled"),
    "empty-200": Fault(plain(b"", "audio/mpeg"), "garbled"),
    "json-for-audio": Fault(document({"status": "accepted"}), "garbled"),
    "json-in-disguise": Fault(plain(b'{"detail":7}', "audio/mpeg"), "garbled"),
    "wrong-type": Fault(plain(b"come back later", "text/plain"), "garbled"),
    "truncated-chunked": Fault(raw(AUDIO_HEAD + b"transfer-encoding: chunked\r\n\r\n"), "garbled"),
    "short-of-its-length": Fault(raw(AUDIO_HEAD + b"content-length: 9000\r\n\r\n"), "garbled"),
    "no-chunk-size": Fault(raw(AUDIO_HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n"), "garbled"),
    "gzip-that-is-none": Fault(plain(b"ID3 as it stands", "audio/mpeg", encoding="gzip"), "garbled"),
    "huge-headers": Fault(raw(AUDIO_HEAD + b"x-big: " + b"a" * 200_000 + b"\r\n\r\n", end="hold"), "garbled"),
    "tls-on-http": Fault(raw(TLS_ALERT), "garbled"),
    "endless": Fault(endless, "garbled", "timeout"),
    "endless-error": Fault(endless_error, "failed"),
}


# ------------------------------------------------------------------ after it

Late = Callable[[bytes, str, asyncio.Event], Answer]
"""What was said well, its content type, and when the client has it: then the fault comes."""


def _late(framing: bytes, wrap: Callable[[bytes], bytes], *, rest: bytes = b"", end: End = "close") -> Late:
    def script(said: bytes, content_type: str, go: asyncio.Event) -> Answer:
        async def answer(request: web.Request) -> web.StreamResponse:
            assert request.transport
            head = b"HTTP/1.1 200 OK\r\ncontent-type: " + content_type.encode() + b"\r\n" + framing + b"\r\n"
            request.transport.write(head + wrap(said))
            await go.wait()
            request.transport.write(rest)
            return await _ended(request, end)

        return answer

    return script


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _zipped_in_part(data: bytes) -> bytes:
    """All of it can be read by now, and the check sum is still to come."""
    squeeze = zlib.compressobj(wbits=31)
    return squeeze.compress(data) + squeeze.flush(zlib.Z_SYNC_FLUSH)


CHUNKED = b"transfer-encoding: chunked\r\n"
AFTER: Mapping[str, Late] = {
    "reset-mid-body": _late(CHUNKED, _chunk, end="reset"),
    "reset-without-length": _late(b"connection: close\r\n", bytes, end="reset"),
    "truncated-chunked": _late(CHUNKED, _chunk),
    "truncated-within-a-chunk": _late(CHUNKED, _chunk, rest=b"ffff\r\n"),
    "short-of-its-length": _late(b"content-length: 90000\r\n", bytes),
    "no-chunk-size": _late(CHUNKED, _chunk, rest=b"zz\r\n"),
    "tls-mid-body": _late(CHUNKED, _chunk, rest=TLS_ALERT),
    "silence": _late(CHUNKED, _chunk, end="hold"),
    "gzip-cut-short": _late(
        b"content-encoding: gzip\r\n" + CHUNKED, lambda data: _chunk(_zipped_in_part(data)), rest=b"0\r\n\r\n"
    ),
    "gzip-gone-wrong": _late(
        b"content-encoding: gzip\r\n" + CHUNKED, lambda data: _chunk(_zipped_in_part(data)), rest=_chunk(b"\xff" * 99)
    ),
}


# ------------------------------------------------------------------ odd, and no fault

ODD: Mapping[str, Callable[[bytes], Answer]] = {
    "gzip-nobody-asked-for": lambda said: plain(gzip.compress(said), "audio/mpeg", encoding="gzip"),
    "gzip-in-two-parts": lambda said: plain(
        gzip.compress(said[:9]) + gzip.compress(said[9:]), "audio/mpeg", encoding="gzip"
    ),
    "odd-type": lambda said: plain(said, "application/octet-stream"),
    "drip": lambda said: raw(
        AUDIO_HEAD + f"content-length: {len(said)}\r\n\r\n".encode(), *_bytes_of(said), every_s=0.005
    ),
    "no-length": lambda said: raw(AUDIO_HEAD + b"connection: close\r\n\r\n" + said),
    "many-headers": lambda said: raw(
        AUDIO_HEAD + b"x-more: 1\r\n" * 90 + f"content-length: {len(said)}\r\n\r\n".encode() + said
    ),
}


def by_name(scripts: Mapping[str, Answer]) -> Answer:
    """One vendor that is many: the first segment of the path says which script it plays."""

    async def answer(request: web.Request) -> web.StreamResponse:
        return await scripts[request.path.split("/")[1]](request)

    return answer


@contextmanager
def closed_port() -> Iterator[str]:
    """An address at which a connection is refused: taken, so that nobody else gets it, and not listened to."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{unused.getsockname()[1]}"


def address(upstream: Upstream, name: str) -> str:
    """Where `by_name` plays the script of this name."""
    return f"{upstream.url}/{name}"
