"""The answer that comes in over a connection: its head, and what has arrived of its body and nobody has taken yet.

What lives here: the one buffer between a vendor and whoever reads, and who waits for whom. Framing is `connection`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol

from router.upstream.inflating import unpacked
from router.wire.faults import Fault, Kind
from router.wire.flows import Flow, Taker

__all__ = ["Answer", "Unheard"]

HIGH_BYTES = 32 * 1024
"""Of a body that waits to be taken; beyond it the socket is left alone. What the last reading brought comes on top."""


class Unheard(Fault):
    """The connection ended before a byte of the answer came: a kept one was given up while we wrote."""

    def __init__(self, why: object) -> None:
        super().__init__(Kind.CONNECT, f"the connection broke: {why}")


class Source(Protocol):
    """Where an answer comes from."""

    def read_on(self) -> None:
        """There is room again."""

    def let_go(self, answer: Answer) -> None:
        """The answer is done with."""


class Answer(Flow):
    """What a vendor answers: a head, and of the body what has come and was not taken. It reads itself, once."""

    def __init__(self, source: Source, loop: asyncio.AbstractEventLoop) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.is_whole = False
        self.is_heard_of = False
        """Whether any byte of it has come."""
        self._source = source
        self._loop = loop
        self._has_head = False
        self._parts: list[bytes] = []
        self._waiting_bytes = 0
        self._error: BaseException | None = None
        self._news: asyncio.Future[None] | None = None
        self._into: Taker | None = None
        """Who takes what comes in the moment in which it does; else it waits here."""

    # ------------------------------------------------------------------ who reads it

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, never empty chunks. Raises `Fault`."""
        return unpacked(self, self.headers)

    async def __anext__(self) -> bytes:
        while not self._parts:
            if self._error is not None:
                raise self._error
            if self.is_whole:
                raise StopAsyncIteration
            await self._changed()
        chunk = self._taken()
        self._source.read_on()
        return chunk

    @property
    def is_spent(self) -> bool:
        """See `Flow`."""
        return self.is_whole and not self._parts

    async def pour(self, into: Taker) -> None:
        """See `Flow`. Nobody is woken for a chunk that there is room for."""
        while True:
            await into.room()
            if self._parts:
                into.take(self._taken())
            elif self._error is not None:
                raise self._error
            elif self.is_whole:
                return
            else:
                self._into = into
                self._source.read_on()
                try:
                    await self._changed()
                finally:
                    self._into = None

    def _taken(self) -> bytes:
        chunk = self._parts[0] if len(self._parts) == 1 else b"".join(self._parts)
        self._parts.clear()
        self._waiting_bytes = 0
        return chunk

    async def begun(self) -> None:
        """Wait for the head. Raises `Fault`."""
        while not self._has_head:
            if self._error is not None:
                raise self._error
            await self._changed()

    def close(self) -> None:
        """Nobody reads it any more: unless it is whole, the connection ends with it, at once."""
        self._source.let_go(self)

    async def _changed(self) -> None:
        self._news = self._loop.create_future()
        await self._news

    # ------------------------------------------------------------------ its connection

    def has_begun(self, status: int) -> None:
        self.status, self._has_head = status, True
        self._tell()

    @property
    def is_begun(self) -> bool:
        return self._has_head

    @property
    def is_delimited(self) -> bool:
        """Whether the answer itself says where it ends; else the end of its connection does."""
        return "content-length" in self.headers or "transfer-encoding" in self.headers

    def brings(self, part: bytes) -> bool:
        """Take a part of the body; whether that is enough for now."""
        if self._into is not None:
            return not self._is_handed_on(self._into, part)
        self._parts.append(part)
        self._waiting_bytes += len(part)
        self._tell()
        return self._waiting_bytes > HIGH_BYTES

    def _is_handed_on(self, into: Taker, part: bytes) -> bool:
        """Whether there is room for more; else whoever pours looks after it."""
        try:
            if into.take(part):
                return True
            self._tell()
        except Exception as error:  # noqa: BLE001 - it is raised where it is poured
            if self._news is not None and not self._news.done():
                self._news.set_exception(error)
        self._into = None
        return False

    def ends(self) -> None:
        self.is_whole = True
        self._tell()

    def fails(self, error: BaseException) -> None:
        """What has come before is given out all the same."""
        if self._error is None and not self.is_whole:
            self._error = error
            self._tell()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
