"""Replies as server-sent events: audio in pieces, a transcript as it is heard.

What lives here: when the reply begins, what keeps its connection alive, and how an error reaches a client that already
has its status. What the events say is `wire.events`' and `wire.render`'s business.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress

from router.api.exchange import ClientLeft, Exchange
from router.upstream.keeping import Keeper
from router.vendors.spec import Progress
from router.wire.errors import CallError
from router.wire.events import BROKEN_OFF, COMMENT, event, sound_progress
from router.wire.faults import Fault

__all__ = ["EventStream", "ProgressNews"]

SILENCE_S = 15.0
"""Seconds without a byte until a comment is sent: well below the minute after which proxies give up."""

EVENT_STREAM = (
    (b"content-type", b"text/event-stream"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),  # else nginx keeps events back until its buffer is full
)

Headers = Callable[[], Sequence[tuple[bytes, bytes]]]


class EventStream:
    """One reply of events. It begins with its first event, or before that when the vendor lets the client wait."""

    def __init__(self, exchange: Exchange, headers: Headers) -> None:
        self._exchange = exchange
        self._headers = headers
        self._now = asyncio.get_running_loop().time
        self._spoke_at = self._now()
        self._writing = asyncio.Lock()
        self._has_begun = False
        self._has_ended = False

    @asynccontextmanager
    async def kept_alive(self, is_wanted: Callable[[], Awaitable[bool]] | None = None) -> AsyncIterator[None]:
        """Keep the client's connection alive while the reply is made; tell it of errors that its status cannot tell.

        A `CallError` goes on where the reply has not begun yet, a `Fault` always. `is_wanted`: what has to be waited
        for first, since it tells whether there will be such a reply at all.
        """
        comments = asyncio.get_running_loop().create_task(self._keep_alive(is_wanted))
        try:
            yield
        except CallError as error:
            if not self._has_begun:
                raise
            await self.finish(event(error.envelope()))
        except Fault:
            await self.finish(event(BROKEN_OFF))
            raise
        finally:
            comments.cancel()

    async def send(self, document: bytes) -> None:
        """One event, whole. Waits while the client reads slowly."""
        async with self._writing:
            if not self._has_ended:
                await self._begin()
                await self._exchange.write(document)
        self._spoke_at = self._now()

    async def finish(self, last: bytes) -> None:
        """The event that ends the stream."""
        async with self._writing:
            self._has_ended = True
            await self._begin()
            await self._exchange.finish(last)

    async def _begin(self) -> None:
        if not self._has_begun:
            self._has_begun = True
            await self._exchange.start(200, [*EVENT_STREAM, *self._headers()])

    async def _keep_alive(self, is_wanted: Callable[[], Awaitable[bool]] | None) -> None:
        """Comments are what every client's reader leaves out; an event without data breaks those of the SDKs."""
        if is_wanted and not await is_wanted():
            return
        with suppress(ClientLeft):  # the work that is watched hears of it
            while not self._has_ended:
                silent_s = self._now() - self._spoke_at
                if silent_s >= SILENCE_S:
                    await self.send(COMMENT)
                else:
                    await asyncio.sleep(SILENCE_S - silent_s)


class ProgressNews(Keeper):
    """Watches a call, and tells its client how far it is until there is something to hear."""

    def __init__(self, stream: EventStream) -> None:
        self._stream = stream
        self._latest: Progress | None = None
        self._is_new = asyncio.Event()
        self._telling: asyncio.Task[None] | None = None

    def progressed(self, progress: Progress) -> None:
        """See `Keeper`. What has not changed is no news."""
        if progress != self._latest:
            self._latest = progress
            self._is_new.set()

    @asynccontextmanager
    async def told(self) -> AsyncIterator[None]:
        """Tell while the context lasts."""
        self._telling = asyncio.get_running_loop().create_task(self._tell())
        try:
            yield
        finally:
            self._telling.cancel()

    async def end(self) -> None:
        """No more news; the one that is being told goes out whole."""
        if self._telling:
            self._telling.cancel()
            await asyncio.gather(self._telling, return_exceptions=True)

    async def _tell(self) -> None:
        with suppress(ClientLeft):  # the work that is watched hears of it
            while True:
                await self._is_new.wait()
                self._is_new.clear()
                if self._latest:
                    status = "queued" if self._latest.is_queued else "running"
                    await self._stream.send(sound_progress(status, self._latest.share))
