"""Speech in one format turned into another while it streams: `Transcoder` without I/O, `transcode` off the event loop.

Importing this loads PyAV, which most processes never need: ask `router.media.paths.can_transcode`, and write
`from router.media.transcode import transcode` inside the branch that needs it.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from av.audio.frame import AudioFrame

from router.media.decode import open_decoder
from router.media.encode import RATE, open_encoder
from router.media.paths import DELAY_MS, Undecodable, can_transcode
from router.media.resample import Resampler
from router.wire.audio import Format

__all__ = ["DELAY_MS", "Transcoder", "Undecodable", "can_transcode", "transcode"]

_STEP_BYTES = 8192  # 170 ms of pcm, two seconds of opus: 1 to 25 ms of work, so that streams take turns
_MAX_SILENT_BYTES = 1 << 20  # room for metadata; who sends more without a sound sends something else

_T = TypeVar("_T")
_POOL = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="transcode")


class Transcoder:
    """Encoded bytes in, encoded bytes out; output is behind input by `DELAY_MS` of the wanted codec and no more.

    The header leaves with the first input that holds sound, not before: until then the caller can still turn to another
    vendor. Output is 24 kHz mono. Used by one thread at a time; freed when dropped, closed or not.
    """

    def __init__(self, source: Format, wanted: Format) -> None:
        if not can_transcode(source, wanted):
            raise ValueError(f"there is no way from {source} to {wanted}")
        self._source = source
        self._decoder = open_decoder(source)
        self._encoder = open_encoder(wanted)
        self._resampler = Resampler(self._encoder.sample_format, RATE)
        self._has_sound = False
        self._silent_bytes = 0

    def feed(self, chunk: bytes) -> bytes:
        """Return the output that `chunk` completes, maybe none. Raises `Undecodable`."""
        self._silent_bytes += len(chunk)
        output = self._encode(self._decoder.feed(chunk))
        if self._silent_bytes > _MAX_SILENT_BYTES:
            raise self._undecodable()
        return output

    def close(self) -> bytes:
        """Return the rest. Raises `Undecodable` when no sound at all was found."""
        output = self._encode(self._decoder.close())
        if not self._has_sound:
            raise self._undecodable()
        return output + self._written(self._resampler.close()) + self._encoder.close()

    def _encode(self, frames: Iterable[AudioFrame]) -> bytes:
        output = []
        for frame in frames:
            if not self._has_sound:
                self._has_sound = True
                output.append(self._encoder.header)
            self._silent_bytes = 0
            output.append(self._written(self._resampler.feed(frame)))
        return b"".join(output)

    def _written(self, frames: Iterable[AudioFrame]) -> bytes:
        return b"".join(map(self._encoder.encode, frames))

    def _undecodable(self) -> Undecodable:
        return Undecodable(f"expected {self._source}, found no sound in {self._silent_bytes} bytes")


async def transcode(chunks: AsyncIterator[bytes], source: Format, wanted: Format) -> AsyncGenerator[bytes]:
    """`chunks` in another format, in lock step: the next is asked for when the output of the last has been taken.

    Yields nothing empty. Raises `Undecodable`, and whatever `chunks` raises. Left early or cancelled it closes `chunks`
    and touches the codecs no more: a step that is under way ends in its thread, which then drops them.
    """
    try:
        transcoder = await _in_pool(Transcoder, source, wanted)
        async for chunk in chunks:
            for piece in _pieces(chunk):
                if output := await _in_pool(transcoder.feed, piece):
                    yield output
        if output := await _in_pool(transcoder.close):
            yield output
    finally:
        if close := getattr(chunks, "aclose", None):  # an iterator need not have it
            await close()


def _pieces(chunk: bytes) -> Iterator[bytes]:
    for start in range(0, len(chunk), _STEP_BYTES):
        yield chunk[start : start + _STEP_BYTES]


async def _in_pool(step: Callable[..., _T], *arguments: object) -> _T:
    return await asyncio.get_running_loop().run_in_executor(_POOL, step, *arguments)
