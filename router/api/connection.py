"""A client's connection: heads that are bounded in size and in time, one call at a time, and its end seen at once.

What lives here: what comes in, by llhttp, and how long it may take. What goes out: `cycle`. Who listens, and how a
process ends: `server` and `draining`.

uvicorn's own connection would do, and did; measured, it took twice as long (`docs/decisions/0039`).
"""

from __future__ import annotations

import asyncio
import math
import re
import socket
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools
import uvicorn
from litestar.types import ASGIApp, Scope
from uvicorn.server import ServerState

from router.api.cycle import Cycle
from router.api.exchange import new_request_id, request_id_of
from router.sockets.heads import head_of
from router.sockets.outbox import Writer
from router.wire.errors import InvalidCall

__all__ = ["Connection"]

SEND_BYTES = 256 * 1024  # 2.5 MB a second to a client that is 100 ms away
_H2C_OFFER = re.compile(rb"\r\nupgrade:[ \t]*h2c", re.IGNORECASE)

_room = memoryview(bytearray(256 * 1024))
"""What a socket brings is read into this and parsed at once, for all connections of the process in turn."""


class _Behind(Exception):
    """A second request has begun behind a running call. Raised in a callback: nothing else stops the parser."""


class Connection(asyncio.BufferedProtocol):
    """A client's connection, read without a pause while its call runs: only so is its end seen at once.

    What is pipelined behind a running call is dropped, and the connection ends with the reply: clients must be ready to
    ask again (RFC 9112, 9.3.2). `head_s`: what it gets to bring a whole head, of at most `max_head` bytes; `idle_s`: to
    begin one after a reply.
    """

    def __init__(  # the names are uvicorn's
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        head_s: float,
        idle_s: float,
        max_head: int,
    ) -> None:
        self.room = asyncio.Event()
        self.room.set()
        self._app = cast("ASGIApp", config.loaded_app)
        self._server = server_state
        self._state = app_state
        self._loop = _loop or asyncio.get_running_loop()
        self._head_s, self._idle_s, self._max_head = head_s, idle_s, max_head
        self._parser = httptools.HttpRequestParser(self)
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)  # it is dropped
        self._transport: asyncio.Transport
        self._out: Writer
        self.write: Callable[[Sequence[bytes]], None]
        self.pass_on: Callable[[Sequence[bytes]], None]
        self._addresses: dict[str, Any] = {}
        self._is_paused = False
        self._cycle: Cycle | None = None
        """The newest call of the connection."""
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._loose_bytes = 0
        """Received since the parser last completed a head or gave out of a body: it holds them, without limit."""
        self._due = math.inf
        """When the connection ends unless something comes, by the loop's clock."""
        self._is_head_due = False
        """Whether a head has to be whole by then; else one has only to begin."""
        self._alarm: asyncio.TimerHandle | None = None

    def shutdown(self) -> None:
        """Called by uvicorn: let the reply under way be the last."""
        if self._cycle is None or self._cycle.is_complete:
            self._out.close()
        else:
            self._cycle.is_kept = False

    # ------------------------------------------------------------------ called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none of asyncio's classes
        self._out = Writer(self._transport, self._loop)
        self.write, self.pass_on = self._out.write, self._out.pass_on
        self._server.connections.add(cast("Any", self))  # uvicorn asks them to end
        if own := transport.get_extra_info("socket"):  # the kernel holds no megabytes for who reads slowly
            own.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BYTES)
        self._addresses = {
            "server": (transport.get_extra_info("sockname") or (None,))[:2],
            "client": (transport.get_extra_info("peername") or (None,))[:2],
        }
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - gone is gone
        self._server.connections.discard(cast("Any", self))
        if self._alarm is not None:
            self._alarm.cancel()
        self.room.set()
        if self._cycle is not None:
            self._cycle.leaves()
        self._cycle = None  # both lead back here: an ended connection leaves nothing for the collector
        del self._parser

    def eof_received(self) -> None:
        """Close with it."""

    def pause_writing(self) -> None:
        self.room.clear()

    def resume_writing(self) -> None:
        self.room.set()

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - it is what it is
        return _room

    def buffer_updated(self, nbytes: int) -> None:
        if call := self._answering():
            call.is_kept = False
            return
        self._loose_bytes += nbytes
        data: bytes | memoryview = _room[:nbytes]
        try:
            self._parser.feed_data(data if self._is_in_body() else _without_h2c(bytes(data)))
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            if not (call := self._answering()):
                self._refuse(HTTPStatus.BAD_REQUEST, "This is not a valid HTTP request.")
                return
            call.is_kept = False
        if self._loose_bytes > self._max_head:
            too_large = f"The request's headers are larger than {self._max_head:,} bytes."
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, too_large)
        elif not self._is_head_due and self._is_between_calls():
            self._expect_head()

    # ------------------------------------------------------------------ called by the parser

    def on_message_begin(self) -> None:
        if self._answering():
            raise _Behind
        self._url, self._headers = b"", []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        self._headers.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self._loose_bytes = 0
        self._is_head_due, self._due = False, math.inf
        version = self._parser.get_http_version()
        is_kept = version != "1.0" and self._parser.should_keep_alive()
        is_awaited = dict(self._headers).get(b"expect", b"").lower() == b"100-continue"
        self._cycle = Cycle(self, self._scope(version), is_kept=is_kept, is_awaited=is_awaited)
        task = self._loop.create_task(self._cycle.run(self._app))
        task.add_done_callback(self._server.tasks.discard)
        self._server.tasks.add(task)

    def _scope(self, version: str) -> Scope:
        url = httptools.parse_url(self._url)
        path = url.path.decode("ascii")
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": version,
            "method": self._parser.get_method().decode("ascii"),
            "scheme": "http",
            "root_path": "",
            "path": unquote(path) if "%" in path else path,
            "raw_path": url.path,
            "query_string": url.query or b"",
            "headers": self._headers,
            "state": self._state.copy(),
            **self._addresses,
        }
        return cast("Scope", scope)

    def on_body(self, body: bytes) -> None:
        self._loose_bytes = 0
        assert self._cycle
        self._cycle.brings(body)

    def on_message_complete(self) -> None:
        assert self._cycle
        self._cycle.ends()

    # ------------------------------------------------------------------ asked for by a call: see `cycle.Line`

    @property
    def own_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """The date, as uvicorn keeps it."""
        return self._server.default_headers

    @property
    def is_closing(self) -> bool:
        """Whether nothing that is written arrives any more."""
        return self._transport.is_closing()

    def pause(self) -> None:
        """Take nothing more from the client for now."""
        if not self._is_paused:
            self._is_paused = True
            self._transport.pause_reading()

    def read_on(self) -> None:
        """There is room again."""
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def ended(self, *, is_kept: bool) -> None:
        """The reply is out, or broken off: the next request may come, or the connection ends."""
        if not is_kept:
            self._out.close()
        elif not self._transport.is_closing():
            self.read_on()
            self._expect(self._idle_s)

    # ------------------------------------------------------------------ time

    def _expect_head(self) -> None:
        """Give the next head its time, from the first that is heard of it: a byte now and then does not prolong it.

        What is left of a body that was refused has to come within it too; else it could take for ever.
        """
        self._is_head_due = True
        self._expect(self._head_s)

    def _expect(self, within_s: float) -> None:
        """One timer serves many calls: most are over long before it rings."""
        self._due = self._loop.time() + within_s
        if self._alarm is None or self._alarm.when() > self._due:
            if self._alarm is not None:
                self._alarm.cancel()
            self._alarm = self._loop.call_at(self._due, self._look)

    def _look(self) -> None:
        self._alarm = None
        if self._due > self._loop.time():
            if self._due < math.inf:
                self._alarm = self._loop.call_at(self._due, self._look)
        elif self._is_head_due and self._loose_bytes and not self._is_in_body() and not self._transport.is_closing():
            late = f"The request's headers did not come as a whole within {self._head_s:g} seconds."
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, late)
        else:  # who has sent nothing has asked for nothing
            self._out.close()

    # ------------------------------------------------------------------ one call at a time

    def _is_in_body(self) -> bool:
        return self._cycle is not None and not self._cycle.is_whole

    def _is_between_calls(self) -> bool:
        return self._cycle is None or self._cycle.is_complete

    def _answering(self) -> Cycle | None:
        """The call whose request is here as a whole, and whose reply is not out as a whole."""
        call = self._cycle
        return call if call is not None and call.is_whole and not call.is_complete else None

    def _refuse(self, status: HTTPStatus, message: str) -> None:
        """End the connection; say why, unless that would land in the middle of a reply."""
        call = None if self._is_between_calls() else self._cycle
        if call is None or not call.has_begun:
            request_id = request_id_of(call.scope) if call else new_request_id()
            body = InvalidCall(message).body()
            lines = [f"HTTP/1.1 {status.value} {status.phrase}", "content-type: application/json", "connection: close"]
            lines += [f"content-length: {len(body)}", f"x-request-id: {request_id}"]
            self._out.write([head_of([line.encode() for line in lines]), body])
        self._out.close()


def _without_h2c(data: bytes) -> bytes:
    """Decline the offer of HTTP/2 in the clear, which Java's own client makes with every first request.

    The parser would take it as accepted, and the body behind the head for another protocol.
    """
    if b"h2c" not in data:
        return data
    head, end, rest = data.partition(b"\r\n\r\n")
    return _H2C_OFFER.sub(b"\r\nx-declined: h2c", head) + end + rest
