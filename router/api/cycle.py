"""One request on a client's connection, as ASGI has it: its body in messages, and its reply written as it comes.

What lives here: the framing of a reply, and who waits for whom. Bytes in, and how long they may take: `connection`;
what a request means: `exchange` and the doors.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Sequence
from enum import Enum, auto
from http import HTTPStatus
from typing import Protocol

from litestar.types import ASGIApp, Message, Scope
from litestar.types.asgi_types import HTTPReceiveMessage

from router.api.exchange import Exchange
from router.api.extension import OWN_SERVER
from router.api.gate import Stopping
from router.api.guard import granting
from router.sockets.heads import head_of
from router.wire.errors import Unexpected

__all__ = ["Cycle", "Line"]

HIGH_BYTES = 64 * 1024
"""Of a body that nobody has taken yet; beyond it the client has to wait."""
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}".encode() for status in HTTPStatus}
_BODILESS = frozenset({204, 304})

_log = logging.getLogger("audio_router.http")


class _Framing(Enum):
    """How a client knows the end of a body."""

    LENGTH = auto()
    CHUNKED = auto()
    UNTIL_CLOSE = auto()
    NO_BODY = auto()


class Line(Protocol):
    """The connection that a request came over."""

    room: asyncio.Event
    """Set unless the client reads slowly."""
    write: Callable[[Sequence[bytes]], None]
    """Write these, unless the client has gone: in this turn of the loop, together with what others write."""
    pass_on: Callable[[Sequence[bytes]], None]
    """The same, at once."""

    @property
    def own_headers(self) -> Sequence[tuple[bytes, bytes]]:
        """What every reply says, as its date is."""

    @property
    def is_closing(self) -> bool:
        """Whether nothing that is written arrives any more."""

    def pause(self) -> None:
        """Take nothing more from the client for now."""

    def read_on(self) -> None:
        """There is room again."""

    def ended(self, *, is_kept: bool) -> None:
        """The reply is out, or broken off: the next request may come, or the connection ends."""


class Cycle:
    """A request and its reply. `is_awaited`: the client sends no body before it is told to go on (`Expect`)."""

    def __init__(self, line: Line, scope: Scope, *, is_kept: bool, is_awaited: bool) -> None:
        self.scope = scope
        self.is_kept = is_kept
        self.is_whole = False
        """Whether all of the request is here."""
        self.has_begun = False
        """Whether any of the reply is out."""
        self.is_complete = False
        self.sent_bytes = 0
        """Of the reply's body."""
        self._line = line
        self._is_awaited = is_awaited
        self._has_left = False
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._is_untouched = True
        self._is_told = False
        """Whether the application knows that it has all of the body."""
        self._news: asyncio.Event | None = None
        self._head = b""
        self._framing = _Framing.CHUNKED
        self._left_bytes = 0
        self._on_departure: Callable[[], None] | None = None
        scope["extensions"] = {OWN_SERVER: self}  # type: ignore[dict-item]  # ASGI: any value

    async def run(self, app: ASGIApp) -> None:
        """Let it be answered. What is broken off reaches the client as broken, never as a clean end."""
        try:
            await app(self.scope, self.receive, self.send)
        except asyncio.CancelledError:  # by shutdown: its own event says so
            await self._fail(Stopping())
        except Exception:  # noqa: BLE001 - it is told, with its traceback
            _log.exception("a request ended in a bug")
            await self._fail(Unexpected("The router failed unexpectedly; its log says why."))
        if not self.is_complete:
            self._line.ended(is_kept=False)
        self.scope["extensions"] = None  # they lead back here: nothing is left for the collector

    async def _fail(self, error: Stopping | Unexpected) -> None:
        if not self.has_begun:
            await Exchange(self.scope, self.receive, granting(self.scope, self.send)).fail(error, {})

    # ------------------------------------------------------------------ told by the connection

    def brings(self, body: bytes) -> None:
        """A piece of the request's body is here."""
        if self.is_complete:  # refused: what still comes of it is passed over
            return
        self._waiting.append(body)
        self._waiting_bytes += len(body)
        if self._waiting_bytes > HIGH_BYTES:
            self._line.pause()
        self._tell()

    def ends(self) -> None:
        """All of the request is here."""
        self.is_whole = True
        self._tell()

    def leaves(self) -> None:
        """The client has gone."""
        self._has_left = True
        self._tell()
        if self._on_departure is not None and not self.is_complete:
            self._on_departure()

    def _tell(self) -> None:
        if self._news is not None:
            self._news.set()

    # ------------------------------------------------------------------ beside ASGI: see `extension.OwnServer`

    def in_hand(self) -> bytes | None:
        """The whole body, taken at once, where nothing has to be waited for; else None."""
        if not (self.is_whole and self._is_untouched) or self._has_left:
            return None
        return self._taken()

    def tell_departure(self, tell: Callable[[], None] | None) -> None:
        """Let the call under way know when its client has gone, which it may have by now."""
        self._on_departure = tell
        if tell is None:
            return
        if self._has_left or self._line.is_closing:
            asyncio.get_running_loop().call_soon(tell)
        else:
            self._line.read_on()  # a large body may have stopped it, and who does not read hears of no end

    # ------------------------------------------------------------------ ASGI

    async def receive(self) -> HTTPReceiveMessage:
        """What has come of the body since the last time; in the end, that the client has gone."""
        if self._is_awaited:
            self._is_awaited = False
            self._line.write([CONTINUE])
        while not (self._has_left or self.is_complete):
            if self._waiting or (self.is_whole and not self._is_told):
                return {"type": "http.request", "body": self._taken(), "more_body": not self.is_whole}
            self._line.read_on()
            await self._heard()
        return {"type": "http.disconnect"}

    async def _heard(self) -> None:
        if self._news is None:
            self._news = asyncio.Event()
        self._news.clear()
        await self._news.wait()

    def _taken(self) -> bytes:
        waiting, self._waiting, self._waiting_bytes = self._waiting, [], 0
        self._is_untouched, self._is_told = False, self.is_whole
        return waiting[0] if len(waiting) == 1 else b"".join(waiting)

    async def send(self, message: Message) -> None:
        """Write it. As ASGI has it, a head waits for the first of its body: small replies are one write."""
        if message["type"] == "http.response.body":
            await self.go_on(message.get("body", b""), is_more=message.get("more_body", False))
        elif message["type"] == "http.response.start" and not self.has_begun:
            self._head = self._head_of(message["status"], message["headers"])
        else:
            raise RuntimeError(f"{message['type']} is not to be sent now")

    async def go_on(self, body: bytes, *, is_more: bool) -> None:
        """The same as a message with a piece of the body. Waits while the client reads slowly."""
        if not self._line.room.is_set():
            await self._line.room.wait()
        if self._has_left:
            return
        self._line.write(self._framed(body, is_more=is_more))
        if not is_more:
            self.is_complete = True
            self._tell()
            self._line.ended(is_kept=self.is_kept)

    def take(self, chunk: bytes) -> bool:
        """The same, at once, for one that others follow; whether the client reads fast enough."""
        if not self._has_left:
            self._line.pass_on(self._framed(chunk, is_more=True))
        return self._line.room.is_set()

    async def room(self) -> None:
        """Wait until it has read enough, or is gone."""
        await self._line.room.wait()

    def _framed(self, body: bytes, *, is_more: bool) -> Sequence[bytes]:
        if self.is_complete or not (self._head or self.has_begun):
            raise RuntimeError("a body is not to be sent now")
        pieces = [self._head] if self._head else []
        if self._framing is _Framing.CHUNKED:
            if body:
                pieces += (b"%x\r\n" % len(body), body, b"\r\n")
            if not is_more:
                pieces.append(b"0\r\n\r\n")
        elif self._framing is not _Framing.NO_BODY:
            pieces.append(body)
        if self._framing is _Framing.LENGTH:
            self._count(len(body), is_more=is_more)
        self.sent_bytes += len(body)
        self._head, self.has_begun = b"", True
        return pieces

    def _count(self, size: int, *, is_more: bool) -> None:
        self._left_bytes -= size
        if self._left_bytes < 0 or (self._left_bytes and not is_more):
            raise RuntimeError("the body is not as long as the head has promised")

    def _head_of(self, status: int, headers: Iterable[tuple[bytes, bytes]]) -> bytes:
        """The head, and from it how the end of the body will be told, which ASGI leaves to the server."""
        lines = [_STATUS_LINES[status]]
        self._framing = _Framing.CHUNKED
        for name, value in (*self._line.own_headers, *headers):
            if name == b"connection":
                self.is_kept = self.is_kept and b"close" not in value.lower()
                continue
            if name == b"content-length":
                self._framing, self._left_bytes = _Framing.LENGTH, int(value)
            lines.append(b"%b: %b" % (name, value))
        if status in _BODILESS or self.scope["method"] == "HEAD":  # type: ignore[typeddict-item]  # HTTP has one
            self._framing = _Framing.NO_BODY
        elif self._framing is _Framing.CHUNKED and self.scope["http_version"] == "1.0":
            self._framing, self.is_kept = _Framing.UNTIL_CLOSE, False  # 1.0 has no chunks
        if self._framing is _Framing.CHUNKED:
            lines.append(b"transfer-encoding: chunked")
        if not self.is_kept:
            lines.append(b"connection: close")
        return head_of(lines)
