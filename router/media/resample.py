"""Frames of any kind -> frames of one rate, layout and sample format.

PyAV's resampler insists on one kind of input; here a stream may change it midway, as joined files do.
"""

from __future__ import annotations

from array import array

import av
from av.audio.frame import AudioFrame
from av.error import FFmpegError

from router.media.paths import RATES, Undecodable

__all__ = ["Resampler"]


class Resampler:
    """Holds back 16 samples of the lower rate while it changes the rate, and nothing otherwise."""

    def __init__(self, sample_format: str, rate: int, layout: str = "mono") -> None:
        self._sample_format = sample_format
        self._rate = rate
        self._layout = layout
        self._kind: tuple[str, str, int] | None = None  # of what is fed
        self._resampler: av.AudioResampler | None = None
        self._is_doubling = False

    def feed(self, frame: AudioFrame) -> list[AudioFrame]:
        """Return what `frame` becomes. Raises `Undecodable` for a rate that cannot be sound."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        tail = []
        if self._resampler is None or kind != self._kind:
            if frame.sample_rate not in RATES:
                raise Undecodable(f"expected a sample rate from {RATES[0]} to {RATES[-1]} Hz, not {frame.sample_rate}")
            tail = self.close()
            self._kind = kind
            self._is_doubling = frame.layout.name == "mono" and self._layout == "stereo"
            layout = "mono" if self._is_doubling else self._layout
            self._resampler = av.AudioResampler(self._sample_format, layout, self._rate)
        try:
            return tail + self._spread(self._resampler.resample(frame))
        except FFmpegError as error:
            raise Undecodable(f"expected sound, found frames that FFmpeg refuses: {error.strerror}") from error

    def close(self) -> list[AudioFrame]:
        """Return what was held back."""
        return self._spread(self._resampler.resample(None)) if self._resampler else []

    def _spread(self, frames: list[AudioFrame]) -> list[AudioFrame]:
        return list(map(_doubled, frames)) if self._is_doubling else frames


def _doubled(mono: AudioFrame) -> AudioFrame:
    """Put the one channel on both sides, as loud as it was: FFmpeg's own mix would take 3 dB from it."""
    both = AudioFrame(mono.format.name, "stereo", mono.samples)
    both.sample_rate = mono.sample_rate
    content = bytes(mono.planes[0])[: mono.samples * mono.format.bytes]  # a plane is padded
    if not mono.format.is_planar:  # then it is s16, the only such format that an encoder here takes
        samples, pairs = array("h", content), array("h", content * 2)
        pairs[::2] = pairs[1::2] = samples
        content = pairs.tobytes()
    for plane in both.planes:
        plane.update(content)
    return both
