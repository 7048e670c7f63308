"""One request and its reply over ASGI, with nothing between: what HTTP knows, and no word of audio.

What lives here: headers in, bounded bodies in, replies out, and noticing that the client has gone.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import msgspec
from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send
from litestar.types.asgi_types import HTTPReceiveMessage

from router.wire.errors import CallError, InvalidCall, TooLarge, TooSlow

__all__ = ["ClientLeft", "Exchange", "new_request_id", "request_id_of"]

BODY_IDLE_S = 60.0
SLOWEST_BODY = 100  # bytes a second; live speech in the thriftiest codec is 750
UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_SANE_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")


def request_id_of(scope: Scope) -> str:
    """The client's own where it is sane, else one that is made; the same for one request wherever it is asked."""
    state: dict[str, Any] = scope.setdefault("state", {})
    if "request_id" not in state:
        given = next((value.decode("latin-1") for name, value in scope["headers"] if name == b"x-request-id"), "")
        state["request_id"] = given if _SANE_ID.fullmatch(given) else new_request_id()
    return cast("str", state["request_id"])


def new_request_id() -> str:
    """For a request that has none of its own."""
    return f"req_{secrets.token_hex(16)}"


class ClientLeft(Exception):
    """The client closed its connection before the reply was complete."""


class Exchange:
    """The life of one HTTP request.

    `body_idle_s`: how long its body may be silent; longer only while it brings `slowest` bytes a second.
    """

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        *,
        body_idle_s: float = BODY_IDLE_S,
        slowest: float = SLOWEST_BODY,
    ) -> None:
        self._body_idle_s = body_idle_s
        self._slowest = slowest
        self._receive = receive
        self._send = send
        self.headers: Mapping[str, str] = {
            name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]
        }
        self.method: str = scope["method"]  # type: ignore[typeddict-item]  # an HTTP scope has one
        self.request_id = request_id_of(scope)
        self._is_complete = False
        self._has_left = False
        self._work: asyncio.Task[None] | None = None

    @property
    def content_length(self) -> int | None:
        """What the client announced; None for a chunked body, and for nonsense."""
        text = self.headers.get("content-length", "")
        return int(text) if text.isdecimal() else None

    # ------------------------------------------------------------------ in

    async def chunks(self, largest: int) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises `TooLarge` beyond `largest` bytes, at once where the length says so.

        Raises `TooSlow` when nothing arrives any more, or next to nothing: waiting for it uses patience up, what comes
        gives some back. Raises `ClientLeft` when nothing can arrive.
        """
        if (self.content_length or 0) > largest:
            raise _too_large(largest)
        size = 0
        more = True
        patience_s = self._body_idle_s
        now = asyncio.get_running_loop().time
        while more:
            began = now()
            message = await self._next_message(patience_s)
            waited_s = now() - began
            if message["type"] == "http.disconnect":
                raise ClientLeft
            chunk: bytes = message.get("body", b"")
            size += len(chunk)
            patience_s = min(patience_s - waited_s + len(chunk) / self._slowest, self._body_idle_s)
            if size > largest:
                raise _too_large(largest)
            if chunk:
                yield chunk
            more = bool(message.get("more_body"))

    async def body(self, largest: int) -> bytes:
        """The whole body."""
        return b"".join([chunk async for chunk in self.chunks(largest)])

    async def _next_message(self, patience_s: float) -> HTTPReceiveMessage:
        try:
            async with asyncio.timeout(patience_s):
                return cast("HTTPReceiveMessage", await self._receive())  # an HTTP scope has no other messages
        except TimeoutError as error:
            raise _too_slow(self._body_idle_s, self._slowest) from error

    @asynccontextmanager
    async def watched(self, reading: Callable[[], Awaitable[None]] | None = None) -> AsyncIterator[None]:
        """Cancel what runs inside when the client goes away, and raise `ClientLeft`.

        The body has been read by then, or `reading` reads what is left of it meanwhile.
        """
        self._work = work = asyncio.current_task()
        assert work

        async def watch() -> None:
            with suppress(ClientLeft):
                if reading:
                    await reading()
                while (await self._receive())["type"] != "http.disconnect":
                    pass
            if not self._is_complete:
                self._leave()

        watcher = asyncio.get_running_loop().create_task(watch())
        try:
            yield
        except asyncio.CancelledError:
            if self._has_left and work.uncancel() == 0:
                raise ClientLeft from None
            raise
        finally:
            self._work = None
            watcher.cancel()

    def _leave(self) -> None:
        """The client has gone: end the watched work, once."""
        if self._work and not self._has_left:
            self._work.cancel()
        self._has_left = True

    # ------------------------------------------------------------------ out

    async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send the head. Without a length the body goes out chunked."""
        own = (b"x-request-id", self.request_id.encode())
        await self._deliver({"type": "http.response.start", "status": status, "headers": [*headers, own]})

    async def write(self, chunk: bytes) -> None:
        """Send a piece of the body; waits while the client reads slowly."""
        await self._deliver({"type": "http.response.body", "body": chunk, "more_body": True})

    async def finish(self, rest: bytes = b"") -> None:
        """Complete the body. An exchange that is left without this reaches the client as a broken transfer."""
        self._is_complete = True
        await self._deliver({"type": "http.response.body", "body": rest, "more_body": False})

    async def _deliver(self, message: HTTPResponseStartEvent | HTTPResponseBodyEvent) -> None:
        """Hand a message to the server. Where the client has gone asyncio's loop ignores it, and uvloop refuses it."""
        try:
            await self._send(message)
        except RuntimeError as error:
            if "closed" not in str(error):
                raise
            self._leave()
            await asyncio.sleep(0)  # watched work ends here, cancelled as by any other leaving
            raise ClientLeft from error

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


def _too_slow(idle_s: float, slowest: float) -> TooSlow:
    """The rest of the body would be read as a next request: the connection ends too."""
    return TooSlow(
        f"The request's body came too slowly: it may be silent for {idle_s:g} seconds, and take longer only while it "
        f"brings {slowest:g} bytes a second.",
        headers={"x-should-retry": "false", "connection": "close"},
    )


def undecodable(error: Exception) -> InvalidCall:
    """A body that is not the JSON it should be, in words that are not Python's; `error` is one of `UNDECODABLE`."""
    match error:
        case UnicodeDecodeError():
            why = "it is not UTF-8 text"
        case RecursionError():
            why = "it is nested too deeply"
        case _:
            why = str(error)
    return InvalidCall(f"The body is not valid JSON: {why}.", code="invalid_json")
