"""The HTTP server under the application: uvicorn with httptools, and what it leaves open closed.

What lives here: one connection, and what reaches the log of it. One call at a time, a head that is bounded in size and
in time, no traceback of a call that was ended on purpose. What a request means is `exchange`'s and the doors'.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
from collections.abc import Callable
from functools import partial
from http import HTTPStatus
from typing import Any, cast

import httptools
import uvicorn
from litestar.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from router.api.exchange import DEPARTURE, Exchange, new_request_id, request_id_of
from router.api.gate import Stopping
from router.api.guard import granting
from router.wire.errors import InvalidCall

__all__ = ["server_config"]

MAX_HEAD_BYTES = 64 * 1024
SEND_BYTES = 256 * 1024  # 2.5 MB a second to a client that is 100 ms away
_H2C_OFFER = re.compile(rb"\r\nupgrade:[ \t]*h2c", re.IGNORECASE)
GRACE_S = 10
HEAD_S = 10
IDLE_S = 5


def server_config(
    app: ASGIApp,
    *,
    grace_s: float = GRACE_S,
    head_s: float = HEAD_S,
    idle_s: float = IDLE_S,
    max_head: int = MAX_HEAD_BYTES,
) -> uvicorn.Config:
    """How `app` is served. `grace_s`: what calls under way get to end, once the server is asked to stop.

    `head_s`: what a connection gets to bring a whole head, of at most `max_head` bytes; `idle_s`: to begin one after a
    reply.
    """
    config = uvicorn.Config(
        app,
        http=cast("Any", partial(_Connection, head_s=head_s, max_head=max_head)),  # called as the class would be
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        proxy_headers=False,  # nobody here asks where a client is
        server_header=False,
        timeout_keep_alive=idle_s,  # type: ignore[arg-type]  # as below: it goes to `call_later`
        timeout_graceful_shutdown=grace_s,  # type: ignore[arg-type]  # uvicorn says int, and hands it to `wait_for`
    )
    logging.getLogger("uvicorn.error").addFilter(_is_news)
    return config


def _is_news(record: logging.LogRecord) -> bool:
    """What the call's own event says already: broken off on purpose (a vendor failed after commit), or by shutdown."""
    is_cancelled = record.exc_info is not None and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not is_cancelled and "without completing response" not in record.getMessage()


def _without_h2c(data: bytes) -> bytes:
    """Decline the offer of HTTP/2 in the clear, which Java's own client makes with every first request.

    The parser would take it as accepted, and the body behind the head for another protocol.
    """
    if b"h2c" not in data:
        return data
    head, end, rest = data.partition(b"\r\n\r\n")
    return _H2C_OFFER.sub(b"\r\nx-declined: h2c", head) + end + rest


class _Behind(Exception):
    """A second request has begun behind a running call. Raised in a callback: nothing else stops the parser."""


class _Connection(HttpToolsProtocol):
    """A client's connection, read without a pause while its call runs: only so is its end seen at once.

    uvicorn queues what is pipelined and stops reading, which hides a client that leaves. Here such bytes are dropped,
    and the connection ends with the reply: clients must be ready to ask again (RFC 9112, 9.3.2).
    """

    cycle: RequestResponseCycle | None  # type: ignore[assignment]  # uvicorn's annotation hides that there may be none
    """The newest call of the connection."""
    _loose_bytes = 0
    """Received since the parser last completed a head or gave out of a body: it holds them itself, without limit."""

    def __init__(self, *settings: Any, head_s: float, max_head: int, **more: Any) -> None:
        super().__init__(*settings, **more)
        self._head_s = head_s
        self._max_head = max_head
        self._head_due: asyncio.TimerHandle | None = None
        self._on_departure: Callable[[], None] | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if own := transport.get_extra_info("socket"):  # the kernel holds no megabytes for who reads slowly
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_is_here()
        super().connection_lost(exc)
        if self._on_departure is not None:
            self._on_departure()

    def _tell_departure(self, tell: Callable[[], None] | None) -> None:
        """Let the call under way know when its client has gone, which it may have by now."""
        self._on_departure = tell
        if tell is None:
            return
        if self.transport.is_closing():
            self.loop.call_soon(tell)
        else:
            self.flow.resume_reading()  # a large body may have stopped it, and who does not read hears of no end

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if call := self._answering():
            call.keep_alive = False
            return
        self._loose_bytes += len(data)
        try:
            self.parser.feed_data(data if self._is_in_body() else _without_h2c(data))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not (call := self._answering()):
                self._refuse(HTTPStatus.BAD_REQUEST, "This is not a valid HTTP request.")
                return
            call.keep_alive = False
        if self._loose_bytes > self._max_head:
            too_large = f"The request's headers are larger than {self._max_head:,} bytes."
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, too_large)
        elif self._is_between_calls():
            self._expect_head()

    def on_message_begin(self) -> None:
        if self._answering():
            raise _Behind
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._loose_bytes = 0
        self._head_is_here()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._loose_bytes = 0
        assert self.cycle
        waiting: bytes | bytearray = self.cycle.body
        if not waiting:
            self.cycle.body, body = cast("bytearray", body), b""  # as it is: uvicorn would copy it, there and back
        elif isinstance(waiting, bytes):
            self.cycle.body = bytearray(waiting)
        super().on_body(body)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGIApp) -> None:  # type: ignore[override]
        """Start the call. One that shutdown ends before its reply has begun is told so, not uvicorn's bare 500."""
        self._on_departure = None
        cast("Any", cycle.scope)["extensions"] = {DEPARTURE: self._tell_departure}

        async def answered(scope: Scope, receive: Receive, send: Send) -> None:
            try:
                await app(scope, receive, send)
            except asyncio.CancelledError:
                if cycle.response_started:
                    raise
                await Exchange(scope, receive, granting(scope, send)).fail(Stopping(), {})

        super()._start_asgi_task(cycle, cast("Any", answered))  # ASGI types: uvicorn's and Litestar's differ in name

    def _expect_head(self) -> None:
        """Give the next head its time, from the first that is heard of it: a byte now and then does not prolong it.

        What is left of a body that was refused has to come within it too; with uvicorn alone it could take for ever.
        """
        if self._head_due is None:
            self._head_due = self.loop.call_later(self._head_s, self._head_is_late)

    def _head_is_here(self) -> None:
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _head_is_late(self) -> None:
        """End the connection. Who has begun a head is told why; who has sent nothing has asked for nothing."""
        if self.transport.is_closing():
            return
        if self._loose_bytes and not self._is_in_body():
            late = f"The request's headers did not come as a whole within {self._head_s:g} seconds."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, late)
        else:
            self.transport.close()

    def _is_in_body(self) -> bool:
        return self.cycle is not None and self.cycle.more_body

    def _is_between_calls(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _answering(self) -> RequestResponseCycle | None:
        """The call whose request is here as a whole, and whose reply is not out as a whole."""
        call = self.cycle
        return None if call is None or call.more_body or call.response_complete else call

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """End the connection; say why, unless that would land in the middle of a reply."""
        call = None if self._is_between_calls() else self.cycle
        if call is None or not call.response_started:
            request_id = request_id_of(cast("Scope", call.scope)) if call else new_request_id()
            body = InvalidCall(message).body()
            head = f"HTTP/1.1 {status.value} {status.phrase}\r\ncontent-type: application/json\r\n"
            rest = f"content-length: {len(body)}\r\nx-request-id: {request_id}\r\nconnection: close\r\n\r\n"
            self.transport.write(f"{head}{rest}".encode() + body)
        self.transport.close()
