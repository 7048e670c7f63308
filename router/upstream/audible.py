"""An answer that is audio: that it is one at all, and that it ends.

What lives here: looking at chunks on their way. What is made of them: `streams`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator

from router.wire.audio import Format
from router.wire.faults import Fault, Kind
from router.wire.flows import Flow, Taker, is_spent, poured

__all__ = ["Audible"]


class Audible(Flow):
    """The chunks of an answer that is audio in that format, of at most `largest` bytes.

    Raises `Fault` (GARBLED) for none at all, for text, and for one that does not end.
    """

    __slots__ = ("_chunks", "_into", "_largest", "_size", "_source")

    def __init__(self, chunks: AsyncIterator[bytes], source: Format | None, largest: int) -> None:
        self._chunks = chunks
        self._source = source
        self._largest = largest
        self._size = 0
        self._into: Taker

    async def __anext__(self) -> bytes:
        try:
            chunk = await anext(self._chunks)
        except StopAsyncIteration:
            self._check_end()
            raise
        self._check(chunk)
        return chunk

    @property
    def is_spent(self) -> bool:
        """See `Flow`."""
        return is_spent(self._chunks)

    async def pour(self, into: Taker) -> None:
        """See `Flow`."""
        self._into = into
        await poured(self._chunks, self)
        self._check_end()

    def take(self, chunk: bytes) -> bool:
        """See `Taker`: it stands between the two."""
        self._check(chunk)
        return self._into.take(chunk)

    async def room(self) -> None:
        """See `Taker`."""
        await self._into.room()

    def _check(self, chunk: bytes) -> None:
        if not self._size and self._is_text(chunk):
            raise Fault(Kind.GARBLED, "text where audio was due")
        self._size += len(chunk)
        if self._size > self._largest:
            raise Fault(Kind.GARBLED, f"more than {self._largest:,} bytes of audio")

    def _check_end(self) -> None:
        if not self._size:
            raise Fault(Kind.GARBLED, "an empty answer where audio was due")

    def _is_text(self, chunk: bytes) -> bool:
        return bool(self._source and self._source.codec != "pcm" and chunk[:1] in (b"{", b"<"))  # samples may begin so
