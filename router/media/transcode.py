"""Sound in one format turned into another while it streams, without I/O: bytes in, bytes out.

Importing this loads PyAV, which most processes never need: ask `router.media.paths.can_transcode`, and leave the rest
to `router.media.join`, which drives a `Transcoder` off the event loop.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable

from av.audio.frame import AudioFrame

from router.media.decode import open_decoder
from router.media.encode import open_encoder
from router.media.paths import DELAY_MS, SPEECH, Shape, Undecodable, can_transcode
from router.media.resample import Resampler
from router.wire.audio import Format

__all__ = ["DELAY_MS", "Steps", "Transcoder", "Undecodable", "can_transcode"]

_MOST_S = (
    4.0  # of sound in one step: more than the usual few kilobytes hold, except of silence, where it may be an hour
)
_MAX_SILENT_BYTES = 1 << 20  # room for metadata; who sends more without a sound sends something else

Steps = Generator[bytes, None, bytes]
"""Output, one step's after the other; what it returns is that of the last, which is most often the only one."""


def _all(steps: Steps) -> bytes:
    output, is_last = [], False
    while not is_last:
        more, is_last = Transcoder.taken(steps)
        output.append(more)
    return b"".join(output)


class Transcoder:
    """Encoded bytes in, encoded bytes out; output is behind input by the wanted codec's own delay and no more.

    The header leaves with the first input that holds sound, not before: until then the caller can still turn to another
    vendor. Output has the shape, within what the wanted format can hold. Used by one thread at a time; freed when
    dropped, closed or not.
    """

    def __init__(self, source: Format, wanted: Format, shape: Shape = SPEECH) -> None:
        if not can_transcode(source, wanted):
            raise ValueError(f"there is no way from {source} to {wanted}")
        self._source = source
        shape = shape.within(wanted)
        self._encoder = open_encoder(wanted, shape)
        self._header = self._encoder.header  # until it has left
        self._resampler = Resampler(self._encoder.sample_format, shape.rate, shape.layout)
        self._begin_part()

    def feed(self, chunk: bytes) -> bytes:
        """Return the output that `chunk` completes, maybe none. Raises `Undecodable`."""
        return _all(self.steps(chunk))

    def steps(self, chunk: bytes) -> Steps:
        """The same in steps of bounded work and output; raises what `feed` raises."""
        self._silent_bytes += len(chunk)
        rest = yield from self._encode(self._decoder.feed(chunk))
        if self._silent_bytes > _MAX_SILENT_BYTES:
            raise self._undecodable()
        return rest

    @staticmethod
    def taken(steps: Steps) -> tuple[bytes, bool]:
        """Return the output of the next step, and whether it was the last."""
        try:
            return next(steps), False
        except StopIteration as end:
            return end.value, True

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
        self._decoder = open_decoder(self._source)
        self._has_sound = False
        self._silent_bytes = 0

    def _end_part(self) -> bytes:
        output = _all(self._encode(self._decoder.close()))
        if not self._has_sound:
            raise self._undecodable()
        return output

    def _encode(self, frames: Iterable[AudioFrame]) -> Steps:
        output, seconds = [], 0.0
        for frame in frames:
            if self._header:
                output.append(self._header)
                self._header = b""
            self._has_sound = True
            self._silent_bytes = 0
            output.append(self._written(self._resampler.feed(frame)))
            seconds += frame.samples / frame.sample_rate
            if seconds >= _MOST_S:
                yield b"".join(output)
                output, seconds = [], 0.0
        return b"".join(output)

    def _written(self, frames: Iterable[AudioFrame]) -> bytes:
        return b"".join(map(self._encoder.encode, frames))

    def _undecodable(self) -> Undecodable:
        return Undecodable(f"expected {self._source}, found no sound in {self._silent_bytes} bytes")
