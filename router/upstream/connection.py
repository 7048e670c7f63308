"""One HTTP/1.1 connection to a vendor: a request goes out as it stands, its answer comes in as it arrives.

What lives here: framing (by llhttp, as httptools brings it), flow control in both directions, and silence. Which
connection is used, and whether another is tried: `http`. No vendor's habit, no opinion about a status.

A library's client would do; measured, aiohttp's took half of what a call costs here (`docs/decisions/0035`).
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import httptools

from router.sockets.outbox import Writer
from router.upstream.incoming import Answer, Unheard
from router.upstream.transport import Body, Part, size_of
from router.wire.arriving import Passing
from router.wire.faults import Fault, Kind

__all__ = ["Connection"]

MAX_LOOSE_BYTES = 32 * 1024
"""Of a head that does not end, and of what is neither head nor body, as trailers are: the parser holds them all."""
LENIENT = {
    "lenient_headers": True,
    "lenient_optional_cr_before_lf": True,
    "lenient_spaces_after_chunk_size": True,
}
"""As aiohttp and Node read answers: small servers write them by hand."""

_room = memoryview(bytearray(64 * 1024))
"""What a socket brings is read into this and parsed at once, for all connections of the process in turn."""


class _Behind(Exception):
    """There is more than the answer. Raised in a callback: nothing else stops the parser."""


class Connection(asyncio.BufferedProtocol):
    """A connection, and the answer that is on its way.

    `keep` is told when an answer was read whole and another may come, `forget` when the connection has ended.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        keep: Callable[[Connection], None],
        forget: Callable[[Connection], None],
    ) -> None:
        self.is_open = False
        self._loop = loop
        self._keep = keep
        self._forget = forget
        self._parser = httptools.HttpResponseParser(self)
        self._parser.set_dangerous_leniencies(**LENIENT)
        self._answer: Answer | None = None
        self._is_reusable = False
        self._loose_bytes = 0
        self._is_paused = False
        self._transport: asyncio.Transport
        self._out: Writer
        self._may_write: asyncio.Future[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._heard_at = 0.0
        self._silence_s = 0.0
        self._alarm: asyncio.TimerHandle | None = None
        self._rings_at = 0.0

    # ------------------------------------------------------------------ one request

    def ask(self, head: bytes, body: Body, silence_s: float, on_sent: Callable[[], None]) -> Answer:
        """Send it; its answer follows. `on_sent`: told when all is written."""
        self._answer = answer = Answer(self, self._loop)
        self._is_reusable = False
        self._loose_bytes = 0
        self._silence_s = silence_s
        self._heard_at = self._loop.time()
        if isinstance(body, bytes):
            self._out.write([head, body])
            self._is_sent(on_sent)
        else:
            self._writing = self._loop.create_task(self._write(answer, head, body, on_sent))
        self._listen()
        return answer

    async def _write(self, answer: Answer, head: bytes, body: Sequence[Part], on_sent: Callable[[], None]) -> None:
        """Write as fast as the vendor reads, and not beyond what it wants to know."""
        is_chunked = size_of(body) is None
        try:
            self._transport.write(head)
            async for piece in _pieces(body):
                if self._may_write is not None:
                    await self._may_write
                if not self.is_open:
                    return
                for part in (b"%x\r\n" % len(piece), piece, b"\r\n") if is_chunked else (piece,):
                    self._transport.write(part)  # not `writelines`: Python 3.13's own does not ask us to pause
            if is_chunked:
                self._transport.write(b"0\r\n\r\n")
        except Exception as error:  # noqa: BLE001 - whatever reading the client's file raises, who waits hears of it
            answer.fails(error)
        else:
            self._writing = None
            self._is_sent(on_sent)

    def _is_sent(self, on_sent: Callable[[], None]) -> None:
        self._heard_at = self._loop.time()
        on_sent()

    def let_go(self, answer: Answer) -> None:
        """The answer is done with; a connection that is in the middle of it ends."""
        if self._answer is not answer:
            return
        self._answer = None
        if answer.is_whole and self._is_reusable and self._writing is None and self.is_open:
            self.read_on()
            self._keep(self)
        else:
            self.end()

    def end(self) -> None:
        """End it at once."""
        if self.is_open:
            self.is_open = False
            self._transport.abort()
        if self._writing is not None:
            self._writing.cancel()
            self._writing = None

    def read_on(self) -> None:
        """There is room again."""
        if self._is_paused and self.is_open:
            self._is_paused = False
            self._heard_at = self._loop.time()
            self._transport.resume_reading()

    # ------------------------------------------------------------------ silence

    def _listen(self) -> None:
        """See that somebody looks in time. One timer serves many answers: most come long before it."""
        due = self._heard_at + self._silence_s
        if self._alarm is None or due < self._rings_at:
            if self._alarm is not None:
                self._alarm.cancel()
            self._rings_at = due
            self._alarm = self._loop.call_at(due, self._look)

    def _look(self) -> None:
        self._alarm = None
        if self._answer is None or self._answer.is_whole:
            return
        if self._is_paused or self._writing is not None:  # it is not the vendor who is silent
            self._heard_at = self._loop.time()
        if self._loop.time() - self._heard_at >= self._silence_s:
            self._fail(Fault(Kind.TIMEOUT, "silent for too long"))
        else:
            self._listen()

    def _fail(self, fault: Fault) -> None:
        if self._answer is not None:
            self._answer.fails(fault)
        self.end()

    # ------------------------------------------------------------------ called by asyncio

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport  # type: ignore[assignment]  # uvloop's is none of asyncio's classes
        self._out = Writer(self._transport, self._loop)
        self.is_open = True

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - it is what it is
        return _room

    def buffer_updated(self, nbytes: int) -> None:
        answer = self._answer
        if answer is None or answer.is_whole:  # nobody has asked for this
            self._is_reusable = False
            self.end()
            return
        self._heard_at = self._loop.time()
        answer.is_heard_of = True
        if self._loose_bytes > MAX_LOOSE_BYTES:
            self._fail(Fault(Kind.GARBLED, f"no HTTP: headers of more than {MAX_LOOSE_BYTES:,} bytes"))
            return
        self._loose_bytes += nbytes
        try:
            self._parser.feed_data(_room[:nbytes])
        except httptools.HttpParserError as error:
            self._is_reusable = False
            self._fail(Fault(Kind.GARBLED, f"no HTTP: {error}"))

    def eof_received(self) -> None:
        """Close with it."""

    def pause_writing(self) -> None:
        self._may_write = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._may_write is not None:
            self._may_write.set_result(None)
            self._may_write = None

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        self._is_reusable = False
        if self._alarm is not None:
            self._alarm.cancel()
        if self._may_write is not None and not self._may_write.done():
            self._may_write.set_result(None)
        self._forget(self)
        answer = self._answer
        if answer is None:
            return
        if exc is None and answer.is_begun and not answer.is_delimited:
            answer.ends()
        elif answer.is_begun:
            answer.fails(Fault(Kind.GARBLED, "the connection broke in the middle of the answer"))
        elif answer.is_heard_of:
            answer.fails(Fault(Kind.CONNECT, "the connection broke in the head of the answer"))
        else:
            answer.fails(Unheard(exc or "closed without an answer"))

    # ------------------------------------------------------------------ called by the parser

    def on_message_begin(self) -> None:
        if self._answer is not None and self._answer.is_whole:
            raise _Behind

    def on_header(self, name: bytes, value: bytes) -> None:
        if (answer := self._answer) is not None and not answer.is_begun:  # else it is a trailer
            answer.headers.setdefault(name.decode("latin-1").lower(), value.decode("utf-8", "surrogateescape"))

    def on_headers_complete(self) -> None:
        self._loose_bytes = 0
        status = self._parser.get_status_code()
        if (answer := self._answer) is not None and status >= 200:
            answer.has_begun(status)

    def on_body(self, body: bytes) -> None:
        self._loose_bytes = 0
        if (answer := self._answer) is not None and answer.brings(body) and not self._is_paused and self.is_open:
            self._is_paused = True
            self._transport.pause_reading()

    def on_message_complete(self) -> None:
        if (answer := self._answer) is None:
            return
        if not answer.is_begun:  # 100 or 103: the answer itself is still to come
            answer.headers.clear()
            return
        self._is_reusable = self._parser.should_keep_alive()
        answer.ends()


async def _pieces(body: Sequence[Part]) -> AsyncIterator[bytes]:
    """A body in the order in which it goes out; what still arrives, as it comes."""
    for part in body:
        if isinstance(part, bytes):
            yield part
        elif isinstance(part, Passing):
            async for piece in part.pieces():
                yield piece
        else:
            for piece in part.chunks():
                yield piece
