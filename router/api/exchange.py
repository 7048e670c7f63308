"""One request and its reply over ASGI, with nothing between: what HTTP knows, and no word of audio.

What lives here: headers in, bounded bodies in, replies out, and noticing that the client has gone.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from random import getrandbits
from typing import Any, cast

from litestar.types import HTTPResponseBodyEvent, HTTPResponseStartEvent, Receive, Scope, Send
from litestar.types.asgi_types import HTTPReceiveMessage

from router.api.extension import OWN_SERVER, OwnServer
from router.wire.errors import CallError, TooLarge, TooSlow
from router.wire.flows import poured

__all__ = ["ClientLeft", "Exchange", "new_request_id", "request_id_of"]

BODY_IDLE_S = 60.0
SLOWEST_BODY = 100  # bytes a second; live speech in the thriftiest codec is 750
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
    return f"req_{getrandbits(128):032x}"  # it is no secret


Reading = Callable[[], Awaitable[None]]
"""Reads what is left of a body. Raises `ClientLeft`."""


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
        self._headers = dict(scope["headers"])
        self.method: str = scope["method"]  # type: ignore[typeddict-item]  # an HTTP scope has one
        self.request_id = request_id_of(scope)
        self._server: OwnServer | None = (scope.get("extensions") or {}).get(OWN_SERVER)  # type: ignore[assignment]
        self._go_on = self._by_message if self._server is None else self._server.go_on
        self._has_begun = self._is_complete = False
        self._has_left = False
        self._sent_bytes = 0
        self._work: asyncio.Task[None] | None = None

    def header(self, name: bytes) -> str | None:
        """What a header says; its name in lower case."""
        value = self._headers.get(name)
        return None if value is None else value.decode("latin-1")

    @property
    def has_begun(self) -> bool:
        """Whether the head of the reply is out."""
        return self._has_begun

    @property
    def sent_bytes(self) -> int:
        """How much of the reply's body has gone out, as far as the server."""
        return self._sent_bytes if self._server is None else self._server.sent_bytes

    @property
    def content_length(self) -> int | None:
        """What the client announced; None for a chunked body, and for nonsense."""
        text = self.header(b"content-length") or ""
        return int(text) if text.isdecimal() else None

    # ------------------------------------------------------------------ in

    def chunks(self, largest: int) -> AsyncIterator[bytes]:
        """The body as it arrives. Raises `TooLarge` beyond `largest` bytes, at once where the length says so.

        Raises `TooSlow` when nothing arrives any more, or next to nothing: waiting for it uses patience up, what comes
        gives some back. Raises `ClientLeft` when nothing can arrive.
        """
        return _Body(self._receive, self.content_length or 0, largest, self._body_idle_s, self._slowest)

    async def body(self, largest: int) -> bytes:
        """The whole body. Raises as `chunks` does."""
        if self._server is not None and (body := self._server.in_hand()) is not None:
            if len(body) > largest:
                raise _too_large(largest)
            return body
        return b"".join([chunk async for chunk in self.chunks(largest)])

    def watched(self, reading: Reading | None = None) -> AbstractAsyncContextManager[None]:
        """Cancel what runs inside when the client goes away, and raise `ClientLeft`.

        The body has been read by then, or `reading` reads what is left of it meanwhile.
        """
        return _Watched(self, reading)

    def watch_over(self, work: asyncio.Task[None] | None) -> None:
        """What ends when the client leaves; None: nothing does, any more."""
        self._work = work
        if self._server is not None:
            self._server.tell_departure(None if work is None else self._departed)

    @property
    def has_left(self) -> bool:
        """Whether the client has gone before the reply was complete."""
        return self._has_left

    async def read_beside(self, reading: Reading) -> None:
        """Read what is left of the body, and pass over what is left even then, so that a refusal is heard."""
        with suppress(ClientLeft):
            await reading()
            while (await self._receive())["type"] != "http.disconnect":
                pass
        self._departed()

    def _departed(self) -> None:
        """The server's word, or what the body came to."""
        if not self._is_complete:
            self._leave()

    def _leave(self) -> None:
        """The client has gone: end the watched work, once."""
        if self._work and not self._has_left:
            self._work.cancel()
        self._has_left = True

    # ------------------------------------------------------------------ out

    async def start(self, status: int, headers: Sequence[tuple[bytes, bytes]]) -> None:
        """Send the head. Without a length the body goes out chunked."""
        self._has_begun = True
        own = (b"x-request-id", self.request_id.encode())
        await self._deliver({"type": "http.response.start", "status": status, "headers": [*headers, own]})

    async def write(self, chunk: bytes) -> None:
        """Send a piece of the body; waits while the client reads slowly."""
        await self._go_on(chunk, is_more=True)

    async def write_all(self, chunks: AsyncIterator[bytes]) -> None:
        """Send each as it comes."""
        if self._server is not None:
            await poured(chunks, self._server)
            return
        async for chunk in chunks:
            await self.write(chunk)

    async def finish(self, rest: bytes = b"") -> None:
        """Complete the body. An exchange that is left without this reaches the client as a broken transfer."""
        self._is_complete = True
        await self._go_on(rest, is_more=False)

    async def _by_message(self, body: bytes, *, is_more: bool) -> None:
        self._sent_bytes += len(body)
        await self._deliver({"type": "http.response.body", "body": body, "more_body": is_more})

    async def _deliver(self, message: HTTPResponseStartEvent | HTTPResponseBodyEvent) -> None:
        """Hand a message to the server, which may refuse it where the client has gone."""
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


class _Body:
    """A body as it arrives, see `Exchange.chunks`."""

    def __init__(self, receive: Receive, announced: int, largest: int, idle_s: float, slowest: float) -> None:
        self._receive = receive
        self._announced = announced
        self._largest = largest
        self._idle_s = self._patience_s = idle_s
        self._slowest = slowest
        self._is_more = True
        self._arrived = 0

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        if self._announced > self._largest:
            raise _too_large(self._largest)
        while self._is_more:
            message = await self._next_message()
            if message["type"] == "http.disconnect":
                raise ClientLeft
            chunk: bytes = message.get("body", b"")
            self._is_more = bool(message.get("more_body"))
            self._arrived += len(chunk)
            if self._arrived > self._largest:
                raise _too_large(self._largest)
            if chunk:
                self._patience_s = min(self._patience_s + len(chunk) / self._slowest, self._idle_s)
                return chunk
        raise StopAsyncIteration

    async def _next_message(self) -> HTTPReceiveMessage:
        now = asyncio.get_running_loop().time
        began = now()
        try:
            async with asyncio.timeout(self._patience_s):
                message = await self._receive()
        except TimeoutError as error:
            raise _too_slow(self._idle_s, self._slowest) from error
        self._patience_s -= now() - began
        return cast("HTTPReceiveMessage", message)  # an HTTP scope has no other messages


class _Watched:
    """Work that ends with its client."""

    __slots__ = ("_exchange", "_reader", "_reading", "_work")

    def __init__(self, exchange: Exchange, reading: Reading | None) -> None:
        self._exchange = exchange
        self._reading = reading
        self._reader: asyncio.Task[None] | None = None
        self._work: asyncio.Task[None] | None = None

    async def __aenter__(self) -> None:
        self._work = asyncio.current_task()
        self._exchange.watch_over(self._work)
        if self._reading:
            self._reader = asyncio.create_task(self._exchange.read_beside(self._reading))

    async def __aexit__(self, _kind: type[BaseException] | None, error: BaseException | None, _trace: object) -> None:
        self._exchange.watch_over(None)
        if self._reader:
            self._reader.cancel()
        is_left = isinstance(error, asyncio.CancelledError) and self._exchange.has_left
        if is_left and self._work and self._work.uncancel() == 0:
            raise ClientLeft from None


def _too_large(largest: int) -> TooLarge:
    return TooLarge(f"The request is larger than {largest:,} bytes, which is the most this server takes.")


def _too_slow(idle_s: float, slowest: float) -> TooSlow:
    """The rest of the body would be read as a next request: the connection ends too."""
    return TooSlow(
        f"The request's body came too slowly: it may be silent for {idle_s:g} seconds, and take longer only while it "
        f"brings {slowest:g} bytes a second.",
        headers={"x-should-retry": "false", "connection": "close"},
    )
