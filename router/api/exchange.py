"""One request and its reply over ASGI, with nothing between: what HTTP knows, and no word of audio.

What lives here: headers in, bounded bodies in, replies out, and noticing that the client has gone.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from litestar.types import Receive, Scope, Send

from router.wire.errors import CallError, InvalidCall, TooLarge

__all__ = ["ClientLeft", "Exchange"]

_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


class ClientLeft(Exception):
    """The client closed its connection before the reply was complete."""


class Exchange:
    """The life of one HTTP request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._receive = receive
        self._send = send
        self.headers: Mapping[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.method: str = scope["method"]  # type: ignore[typeddict-item]  # an HTTP scope has one
        given = self.headers.get("x-request-id", "")
        self.request_id = given if _SANE_ID.fullmatch(given) else f"req_{secrets.token_hex(16)}"
        self.has_started = False
        self._is_complete = False

    @property
    def content_length(self) -> int | None:
        """What the client announced; None for a chunked body, and for nonsense."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() else None

    # ------------------------------------------------------------------ in

    async def chunks(self, largest: int) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises `TooLarge` beyond `largest` bytes, at once where the length says so."""
        if (self.content_length or 0) > largest:
            raise _too_large(largest)
        size = 0
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            chunk: bytes = message.get("body", b"")  # type: ignore[assignment]
            size += len(chunk)
            if size > largest:
                raise _too_large(largest)
            if chunk:
                yield chunk
            more = bool(message.get("more_body"))

    async def body(self, largest: int) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks(largest)])

    @asynccontextmanager
    async def watched(self) -> AsyncIterator[None]:
        """Cancel what runs inside when the client goes away, and raise `ClientLeft`. The body has been read by then."""
        work = asyncio.current_task()
        assert work
        has_left = False

        async def watch() -> None:
            nonlocal has_left
            while (await self._receive())["type"] != "http.disconnect":
                pass
            if not self._is_complete:
                has_left = True
                work.cancel()

        watcher = asyncio.get_running_loop().create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            if has_left and work.uncancel() == 0:
                raise ClientLeft from None
            raise
        finally:
            watcher.cancel()

    # ------------------------------------------------------------------ out

    async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send the head. Without a length the body goes out chunked."""
        self.has_started = True
        own = (b"x-request-id", self.request_id.encode())
        await self._send({"type": "http.response.start", "status": status, "headers": [*headers, own]})

    async def write(self, chunk: bytes) -> None:
        """Send a piece of the body; waits while the client reads slowly."""
        await self._send({"type": "http.response.body", "body": chunk, "more_body": True})

    async def finish(self, rest: bytes = b"") -> None:
        """Complete the body. An exchange that is left without this reaches the client as a broken transfer."""
        self._is_complete = True
        await self._send({"type": "http.response.body", "body": rest, "more_body": False})

    async def reply(self, status: int, content_type: str, body: bytes, headers: Mapping[str, str]) -> None:
        """A whole reply at once."""
        head = {"content-type": content_type, "content-length": str(len(body)), **headers}
        await self.start(status, [(name.encode(), value.encode("latin-1", "replace")) for name, value in head.items()])
        await self.finish(body)

    async def fail(self, error: CallError, headers: Mapping[str, str]) -> None:
        """The error in OpenAI's envelope."""
        await self.reply(error.status, "application/json", error.body(), {**headers, **error.headers})


def _too_large(largest: int) -> TooLarge:
    return TooLarge(f"The request is larger than {largest:,} bytes, which is the most this server takes.")


def invalid_json(why: str) -> InvalidCall:
    """A body that is not the JSON it should be."""
    return InvalidCall(f"The body is not valid JSON: {why}.", code="invalid_json")
