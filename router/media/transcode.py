"""Speech in one format turned into another while it streams, without I/O: bytes in, bytes out.

Importing this loads PyAV, which most processes never need: ask `router.media.paths.can_transcode`, and leave the rest
to `router.media.join`, which drives a `Transcoder` off the event loop.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from struct import Struct

from av.audio.frame import AudioFrame

from router.media.decode import Decoder, open_decoder
from router.media.encode import RATE, open_encoder
from router.media.paths import DELAY_MS, Undecodable, can_transcode
from router.media.resample import Resampler, beginning
from router.wire.audio import Format

__all__ = ["DELAY_MS", "Transcoder", "Undecodable", "can_transcode"]

_MAX_SILENT_BYTES = 1 << 20  # room for metadata; who sends more without a sound sends something else


class Transcoder:
    """Encoded bytes in, encoded bytes out; output is behind input by `DELAY_MS` of the wanted codec and no more.

    The header leaves with the first input that holds sound, not before: until then the caller can still turn to another
    vendor. Output is 24 kHz mono. Used by one thread at a time; freed when dropped, closed or not.
    """

    def __init__(self, source: Format, wanted: Format) -> None:
        if not can_transcode(source, wanted):
            raise ValueError(f"there is no way from {source} to {wanted}")
        self._source = source
        self._encoder = open_encoder(wanted)
        self._header = self._encoder.header  # until it has left
        self._resampler = Resampler(self._encoder.sample_format, RATE)
        self._begin_part()

    def feed(self, chunk: bytes) -> bytes:
        """Return the output that `chunk` completes, maybe none. Raises `Undecodable`."""
        self._silent_bytes += len(chunk)
        output = self._encode(self._decoder.feed(chunk))
        if self._silent_bytes > _MAX_SILENT_BYTES:
            raise self._undecodable()
        return output

    def next_part(self) -> bytes:
        """Return the rest of what was fed; another stream in the same format follows, and its sound goes on from there.

        Raises `Undecodable` when no sound at all was found in the part that ends here.
        """
        output = self._end_part()
        self._begin_part()
        return output

    def close(self) -> bytes:
        """Return the rest. Raises `Undecodable` when no sound at all was found in the last part."""
        return self._end_part() + self._written(self._resampler.close()) + self._encoder.close()

    def _begin_part(self) -> None:
        decoder = open_decoder(self._source)
        self._decoder = _UpToItsEnd(decoder) if self._source.codec == "opus" else decoder
        self._has_sound = False
        self._silent_bytes = 0

    def _end_part(self) -> bytes:
        output = self._encode(self._decoder.close())
        if not self._has_sound:
            raise self._undecodable()
        return output

    def _encode(self, frames: Iterable[AudioFrame]) -> bytes:
        output = []
        for frame in frames:
            if self._header:
                output.append(self._header)
                self._header = b""
            self._has_sound = True
            self._silent_bytes = 0
            output.append(self._written(self._resampler.feed(frame)))
        return b"".join(output)

    def _written(self, frames: Iterable[AudioFrame]) -> bytes:
        return b"".join(map(self._encoder.encode, frames))

    def _undecodable(self) -> Undecodable:
        return Undecodable(f"expected {self._source}, found no sound in {self._silent_bytes} bytes")


_PAGE = Struct("<4sBBq")  # capture pattern, version, flags, granule position: the front of an Ogg page's head
_TABLE_AT = 26  # in that head: how many segments there are, and then the size of each
_FIRST_PAGE, _LAST_PAGE = 0x02, 0x04
_PRE_SKIP_AT = 38  # of the first page: the head with its one segment, and ten bytes of OpusHead


class _UpToItsEnd:
    """Ogg Opus without what fills its last packet up: the last page tells where the sound ends (RFC 7845, 4.4).

    The decoder does not look at pages but leaves out the pre-skip by itself. So it is fed page by page, and what comes
    of the last one is cut to the samples (of 48 kHz) by which that page moves the position on.
    """

    def __init__(self, decoder: Decoder) -> None:
        self._decoder = decoder
        self._held = bytearray()  # the head of a page, until it is complete
        self._page_bytes = 0  # of the current page, still to come
        self._pre_skip = 0
        self._position = 0
        self._left: float = math.inf  # samples that the current page may still give

    def feed(self, chunk: bytes) -> Iterator[AudioFrame]:
        self._held += chunk
        while self._held:
            if not self._page_bytes and not self._read_head():
                return
            piece = bytes(self._held[: self._page_bytes])
            del self._held[: len(piece)]
            self._page_bytes -= len(piece)
            yield from self._up_to_end(self._decoder.feed(piece))

    def close(self) -> Iterator[AudioFrame]:
        yield from self._decoder.close()

    def _up_to_end(self, frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
        for frame in frames:
            samples = int(min(frame.samples, self._left))
            self._left -= samples
            if samples:
                yield frame if samples == frame.samples else beginning(frame, samples)

    def _read_head(self) -> bool:
        """Open the next page; False when what it takes has not all arrived."""
        held = self._held
        if held[:4] != b"OggS"[: len(held)]:
            self._page_bytes = len(held)  # the decoder knows what to say of that
            return True
        if len(held) <= _TABLE_AT or len(held) < (start := _TABLE_AT + 1 + held[_TABLE_AT]):
            return False
        size = start + sum(held[_TABLE_AT + 1 : start])
        _, _, flags, position = _PAGE.unpack_from(held)
        if flags & _FIRST_PAGE:
            if len(held) < size:
                return False
            self._pre_skip = int.from_bytes(held[_PRE_SKIP_AT : _PRE_SKIP_AT + 2], "little")
            self._position = 0
        self._page_bytes = size
        self._move_to(position, is_last=bool(flags & _LAST_PAGE))
        return True

    def _move_to(self, position: int, *, is_last: bool) -> None:
        """Take the position (48 kHz) at which the page ends; one that does not move on tells nothing."""
        self._left = math.inf
        if position > self._position:
            if is_last:
                self._left = max(position, self._pre_skip) - max(self._position, self._pre_skip)
            self._position = position
