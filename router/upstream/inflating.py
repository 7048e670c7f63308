"""Answers that a vendor compresses though we ask it not to.

What lives here: inflating, in bounded steps, and never cut short in silence.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping

from router.wire.faults import Fault, Kind

__all__ = ["unpacked"]

ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
INFLATED_BYTES = 64 * 1024


def unpacked(chunks: AsyncIterator[bytes], headers: Mapping[str, str]) -> AsyncIterator[bytes]:
    """The body as it is meant, of chunks as they come. Raises `Fault` for what cannot be inflated."""
    packing = headers.get("content-encoding", "").strip().lower()
    if packing in {"", "identity"}:
        return chunks
    if packing not in {"gzip", "x-gzip", "deflate"}:
        raise Fault(Kind.GARBLED, "an answer in a compression that nobody asked for")
    return _inflated(chunks)


async def _inflated(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    inflate = zlib.decompressobj(wbits=ZLIB_OR_GZIP)
    is_whole = True
    try:
        async for chunk in chunks:
            packed = chunk
            while packed:
                if inflate.eof:  # there may be several, one behind the other
                    inflate = zlib.decompressobj(wbits=ZLIB_OR_GZIP)
                if step := inflate.decompress(packed, INFLATED_BYTES):
                    yield step
                packed = inflate.unconsumed_tail or inflate.unused_data
                is_whole = inflate.eof
    except zlib.error as error:
        raise Fault(Kind.GARBLED, "an answer that is not compressed as it says") from error
    if not is_whole:
        raise Fault(Kind.GARBLED, "a compressed answer that was cut short")
