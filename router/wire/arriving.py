"""A client's file that is still on its way: what of it is here can be sent on already, any number of times.

What lives here: waiting for more of it, and for its end. Who fills it is `api`'s business, who may be asked meanwhile
the relay's.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

from router.wire.spool import Spool
from router.wire.upload import Upload

__all__ = ["BREAK_BYTES", "Arriving", "Passing"]

BREAK_BYTES = 2
"""Of the line break that may end a form's last line, or not: by so much its file is not known beforehand."""


class Arriving(Upload):
    """An upload that grows until it `is_whole`; its `size` is what it may have at most, until then.

    `supposed`: its bytes, if it ends where its request does, where the request's length is known. A form's last line
    may have its break or not, so it may turn out to have two bytes less.
    """

    __slots__ = ("_at_end", "_grown", "_is_whole", "_kept_waiting_s", "_spool", "_waiting_since", "supposed")

    def __init__(self, name: str, content_type: str, spool: Spool, most: int, supposed: int | None = None) -> None:
        super().__init__(name, content_type, b"")
        self.size = most if supposed is None else supposed
        self.supposed = supposed
        self._spool = spool
        self._grown = asyncio.Event()
        self._at_end: list[Callable[[], None]] = []
        self._is_whole = False
        self._kept_waiting_s = 0.0
        self._waiting_since: float | None = None

    @property
    def is_whole(self) -> bool:
        return self._is_whole

    def is_as_supposed(self, size: int) -> bool:
        """Whether a file of so many bytes ends as it was supposed to."""
        return self.supposed is None or self.supposed - size in (0, BREAK_BYTES)

    def has_grown(self) -> None:
        """There is more in the spool."""
        self._grown.set()

    def end(self, upload: Upload) -> None:
        """It has become this one, and is as good from now on."""
        self._source, self.size = upload._source, upload.size  # noqa: SLF001 - its own kind
        self._is_whole = True
        for do in self._at_end:
            do()
        self._grown.set()

    async def until_whole(self) -> None:
        """Wait for its end; for ever, where it does not come to one."""
        if not self._is_whole:
            ended = asyncio.Event()
            self._at_end.append(ended.set)
            await ended.wait()

    def when_whole(self, do: Callable[[], None]) -> None:
        """Do it then, before anybody who reads along hears of it."""
        self._at_end.append(do)

    def kept_waiting_s(self) -> float:
        """How long who reads along has had nothing to read, in all."""
        since = self._waiting_since
        return self._kept_waiting_s + (asyncio.get_running_loop().time() - since if since is not None else 0.0)

    async def pieces(self) -> AsyncIterator[bytes]:
        """The whole of it from its start, as it comes."""
        at = 0
        while True:
            if piece := self._spool.piece_at(at):
                at += len(piece)
                yield piece
            elif self.is_whole:
                return
            else:
                await self._more()

    async def _more(self) -> None:
        now = asyncio.get_running_loop().time
        self._grown.clear()
        self._waiting_since = began = now()
        try:
            await self._grown.wait()
        finally:
            self._waiting_since = None
            self._kept_waiting_s += now() - began


class Passing:
    """The end of a request's body: an upload that is passed on while it arrives, and the `tail` behind it.

    `size`: of all of it, where that is known beforehand. Where it is known but for the break that may end a form's last
    line, that break is what is put in or left out (RFC 2046, 5.1.1: it belongs to nothing).
    """

    __slots__ = ("_tail", "size", "upload")

    def __init__(self, upload: Arriving, tail: bytes, *, is_form: bool) -> None:
        self.upload = upload
        self._tail = tail
        self.size = upload.supposed + len(tail) if is_form and upload.supposed is not None else None

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it from its start, as it comes."""
        sent = 0
        async for piece in self.upload.pieces():
            sent += len(piece)
            yield piece
        end = self._tail if self.size is None or sent + len(self._tail) == self.size else self._tail + b"\r\n"
        if end:
            yield end
