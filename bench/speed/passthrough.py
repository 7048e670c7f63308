"""The bare pass-through: raw ASGI and aiohttp's client, nothing looked at but the JSON. What Python costs at least.

`VENDOR`: the base address. It checks no key, chooses nobody, counts nothing and cannot fall back.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Mapping
from typing import TYPE_CHECKING

import aiohttp
import msgspec

if TYPE_CHECKING:  # else Litestar would be loaded for their names, and this would not be bare
    from litestar.types import Receive, Scope, Send

VENDOR = os.environ["VENDOR"]


class Speech(msgspec.Struct):
    model: str
    input: str
    voice: str


_decode = msgspec.json.Decoder(Speech).decode


class Passthrough:
    """One session, opened when the server starts."""

    session: aiohttp.ClientSession

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["type"] == "http":
            await self._pass(scope["path"], dict(scope["headers"]), receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        self.session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar(), auto_decompress=False
        )
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self.session.close()
        await send({"type": "lifespan.shutdown.complete"})

    async def _pass(self, path: str, headers: Mapping[bytes, bytes], receive: Receive, send: Send) -> None:
        body: bytes | AsyncIterator[bytes] = _chunks(receive)
        if path.endswith("/speech"):
            body = b"".join([chunk async for chunk in _chunks(receive)])
            _decode(body)
        kept = {name: headers[name].decode() for name in (b"content-type", b"content-length") if name in headers}
        named = {name.decode(): value for name, value in kept.items()}
        async with self.session.post(VENDOR + path, data=body, headers=named) as answer:
            content_type = answer.headers.get("content-type", "").encode()
            start = [(b"content-type", content_type)]
            await send({"type": "http.response.start", "status": answer.status, "headers": start})
            async for chunk in answer.content.iter_any():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _chunks(receive: Receive) -> AsyncIterator[bytes]:
    more = True
    while more:
        message = await receive()
        assert message["type"] == "http.request"
        if message["body"]:
            yield message["body"]
        more = message["more_body"]


app = Passthrough()
