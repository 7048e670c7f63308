"""How many seconds of sound a stream holds, counted while it passes through untouched.

What lives here: arithmetic for raw samples, a decoder for the rest. PyAV is loaded with the first stream that needs it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from typing import TYPE_CHECKING

from router.media.join import in_pool, pieces
from router.media.paths import Undecodable
from router.wire.audio import Format

if TYPE_CHECKING:
    from router.media.decode import Decoder

__all__ = ["metered"]

_SAMPLE_BYTES = 2

Count = Callable[[float], None]


async def metered(stream: AsyncIterator[bytes], source: Format, count: Count) -> AsyncGenerator[bytes]:
    """The same chunks; `count` is told the seconds of each. What cannot be decoded is passed on and not counted."""
    if source.codec == "pcm":
        assert source.rate
        async for chunk in stream:
            yield chunk
            count(len(chunk) / _SAMPLE_BYTES / source.rate)
        return
    decoder: Decoder | None = await in_pool(_opened, source)
    async for chunk in stream:
        yield chunk  # first: nobody waits for a figure
        decoder = decoder and await in_pool(_fed, decoder, chunk, count)
    if decoder:
        await in_pool(_ended, decoder, count)


def _opened(source: Format) -> Decoder:
    from router.media.decode import open_decoder  # noqa: PLC0415 - codecs are loaded when one is needed

    return open_decoder(source)


def _fed(decoder: Decoder, chunk: bytes, count: Count) -> Decoder | None:
    """Count what a chunk completes; None where this is no such audio."""
    try:
        for piece in pieces(chunk):
            for frame in decoder.feed(piece):
                count(frame.samples / frame.sample_rate)
    except Undecodable:
        return None
    return decoder


def _ended(decoder: Decoder, count: Count) -> None:
    try:
        for frame in decoder.close():
            count(frame.samples / frame.sample_rate)
    except Undecodable:
        return
