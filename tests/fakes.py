"""A vendor on a real loopback socket that answers as the test says: whole, piece by piece, late, or not at all."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import web
from msgspec import Struct, field

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Seen(Struct):
    """A request as it arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.body)


class Upstream(Struct):
    """One scripted server. Each request takes the next answer of the script; the last one repeats."""

    url: str
    script: list[Answer] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)

    def answers(self, *script: Answer) -> None:
        self.script[:] = script

    async def handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.seen.append(Seen(request.method, request.raw_path.partition("?")[0], dict(request.query), headers, body))
        answer = self.script.pop(0) if len(self.script) > 1 else self.script[0]
        return await answer(request)


@asynccontextmanager
async def scripted_upstream() -> AsyncIterator[Upstream]:
    upstream = Upstream("")
    app = web.Application(client_max_size=2**30)
    app.router.add_route("*", "/{tail:.*}", upstream.handle)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    upstream.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield upstream
    finally:
        await runner.cleanup()


# ------------------------------------------------------------------ answers


def audio(*chunks: bytes, content_type: str = "audio/mpeg", **headers: str) -> Answer:
    """200 and these bytes, chunk by chunk."""

    async def answer(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": content_type, **headers})
        await response.prepare(request)
        for chunk in chunks:
            await response.write(chunk)
        await response.write_eof()
        return response

    return answer


def document(value: Any, status: int = 200, **headers: str) -> Answer:
    """A JSON document."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        body = msgspec.json.encode(value)
        return web.Response(body=body, status=status, content_type="application/json", headers=headers)

    return answer


def failure(status: int, message: str = "no", code: str | None = None, **headers: str) -> Answer:
    """An error in OpenAI's envelope."""
    return document({"error": {"message": message, "type": "t", "param": None, "code": code}}, status, **headers)


def plain(body: bytes, content_type: str, status: int = 200, *, encoding: str | None = None) -> Answer:
    """Any body at all."""

    async def answer(_request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": content_type} | ({"Content-Encoding": encoding} if encoding else {})
        return web.Response(body=body, status=status, headers=headers)

    return answer


async def reset(request: web.Request) -> web.StreamResponse:
    """Reset the connection before any answer."""
    _break(request)
    return web.Response()


def _break(request: web.Request) -> None:
    """Reset the connection: without lingering an abort sends RST, otherwise it is a plain end of the stream."""
    assert request.transport
    own = request.transport.get_extra_info("socket")
    own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()


async def stall(_request: web.Request) -> web.StreamResponse:
    """Never answer."""
    await asyncio.Event().wait()
    raise AssertionError


class Drip:
    """An answer that the test feeds chunk by chunk; `left` is set when the router closes it early."""

    def __init__(self, content_type: str = "audio/mpeg") -> None:
        self._content_type = content_type
        self._chunks: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._sent = asyncio.Event()
        self.begun = asyncio.Event()
        self.left = asyncio.Event()

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": self._content_type})
        try:
            await response.prepare(request)
            self.begun.set()
            while (chunk := await self._chunks.get()) is not None:
                if chunk == b"abort":
                    _break(request)
                    return response
                await response.write(chunk)
            await response.write_eof()
        except (asyncio.CancelledError, ConnectionError):
            self.left.set()
            raise
        return response

    def send(self, chunk: bytes) -> None:
        self._chunks.put_nowait(chunk)

    def end(self) -> None:
        self._chunks.put_nowait(None)

    def abort(self) -> None:
        self._chunks.put_nowait(b"abort")
