"""A sound file of any container and codec -> 16 kHz mono signed 16-bit PCM, block by block, by PyAV.

What lives here: what is not sound, and what is too much of it. What is said in it is the recogniser's business.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError

from router.engines.pipe import Refusal

__all__ = ["BYTES_A_SECOND", "MAX_DURATION_S", "SAMPLE_RATE_HZ", "SoundFile"]

SAMPLE_RATE_HZ = 16_000
BYTES_A_SECOND = 2 * SAMPLE_RATE_HZ
MAX_DURATION_S = 4 * 3600  # a few megabytes can hold days of silence

# A playlist or session description names other files and hosts, which FFmpeg would open on the client's behalf.
OPTIONS = {"protocol_whitelist": "none"}


class SoundFile:
    """The first sound track of a file that can be read and sought in."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size_bytes = 0

    @property
    def duration_s(self) -> float:
        """Of what has been decoded so far."""
        return self._size_bytes / BYTES_A_SECOND

    def blocks(self) -> Iterator[bytes]:
        """The PCM. Raises `Refusal`; a damaged packet is left out, as players do."""
        try:
            with av.open(self._file, "r", options=OPTIONS) as container:
                for block in _resampled(_decoded(container)):
                    self._size_bytes += len(block)
                    if self.duration_s > MAX_DURATION_S:
                        raise Refusal("audio_too_long", f"the sound is longer than {MAX_DURATION_S // 3600} hours")
                    yield block
        except FFmpegError as error:
            raise Refusal("undecodable_audio", f"the file cannot be decoded: {error.strerror}") from error
        if not self._size_bytes:
            raise Refusal("undecodable_audio", "the file holds no sound that can be decoded")


def _decoded(container: InputContainer) -> Iterator[AudioFrame]:
    stream = container.streams.best("audio")
    if not isinstance(stream, AudioStream):
        raise Refusal("no_audio_stream", "the file holds no sound track")
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except FFmpegError:
            continue
        for frame in frames:
            assert isinstance(frame, AudioFrame)
            yield frame


def _resampled(frames: Iterator[AudioFrame]) -> Iterator[bytes]:
    """The frames' PCM; their shape may change in mid stream, and each shape needs a resampler of its own."""
    resampler: AudioResampler | None = None
    shape: tuple[str, str, int] | None = None
    for frame in frames:
        frame_shape = (frame.format.name, frame.layout.name, frame.sample_rate)
        if frame_shape != shape:
            yield from _pcm(resampler, None)
            shape = frame_shape
            resampler = AudioResampler("s16", "mono", SAMPLE_RATE_HZ)
        yield from _pcm(resampler, frame)
    yield from _pcm(resampler, None)


def _pcm(resampler: AudioResampler | None, frame: AudioFrame | None) -> Iterator[bytes]:
    if resampler:
        for converted in resampler.resample(frame):
            yield bytes(converted.planes[0])[: 2 * converted.samples]
