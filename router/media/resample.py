"""Frames of any shape -> mono frames of one rate and sample format.

PyAV's resampler insists on one shape of input; here a stream may change it midway, as joined files do.
"""

from __future__ import annotations

import av
from av.audio.frame import AudioFrame
from av.error import FFmpegError

from router.media.paths import RATES, Undecodable

__all__ = ["Resampler"]


class Resampler:
    """Holds back 16 samples of the lower rate while it changes the rate, and nothing otherwise."""

    def __init__(self, sample_format: str, rate: int) -> None:
        self._sample_format = sample_format
        self._rate = rate
        self._shape: tuple[str, str, int] | None = None
        self._resampler: av.AudioResampler | None = None

    def feed(self, frame: AudioFrame) -> list[AudioFrame]:
        """Return what `frame` becomes. Raises `Undecodable` for a rate that cannot be sound."""
        shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        tail = []
        if self._resampler is None or shape != self._shape:
            if frame.sample_rate not in RATES:
                raise Undecodable(f"expected a sample rate from {RATES[0]} to {RATES[-1]} Hz, not {frame.sample_rate}")
            tail = self.close()
            self._shape = shape
            self._resampler = av.AudioResampler(self._sample_format, "mono", self._rate)
        try:
            return tail + self._resampler.resample(frame)
        except FFmpegError as error:
            raise Undecodable(f"expected sound, found frames that FFmpeg refuses: {error.strerror}") from error

    def close(self) -> list[AudioFrame]:
        """Return what was held back."""
        return self._resampler.resample(None) if self._resampler else []
