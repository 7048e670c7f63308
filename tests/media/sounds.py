"""Sound to test with: tones, clips of them as FFmpeg's own muxers write them, and what a player hears in a file."""

from __future__ import annotations

import io
import math
from array import array
from typing import NamedTuple

import av

from router.media.paths import SPEECH, Shape
from router.media.transcode import Transcoder
from router.wire.audio import AAC, FLAC, MP3, OPUS, WAV, Format

TONE_HZ = 440
LEFT_HZ, RIGHT_HZ = 440, 14_000  # the right one is above all that 24 kHz can hold

MUXERS = {  # format -> FFmpeg's container and codec
    MP3: ("mp3", "libmp3lame"),
    AAC: ("adts", "aac"),
    FLAC: ("flac", "flac"),
    OPUS: ("ogg", "libopus"),
    WAV: ("wav", "pcm_s16le"),
}


class Heard(NamedTuple):
    """Mono samples, -32768 to 32767, and their rate in Hz."""

    samples: array
    rate: int

    @property
    def seconds(self) -> float:
        return len(self.samples) / self.rate

    @property
    def pitch_hz(self) -> float:
        """Dominant frequency by upward zero crossings; the outer quarters, where codecs fade, do not count."""
        middle = self.samples[len(self.samples) // 4 : -len(self.samples) // 4]
        crossings = [at for at in range(1, len(middle)) if middle[at - 1] < 0 <= middle[at]]
        return (len(crossings) - 1) * self.rate / (crossings[-1] - crossings[0])


def tone(seconds: float, rate: int = 24_000, hz: float = TONE_HZ) -> bytes:
    """A sine as signed 16-bit mono samples."""
    step = 2 * math.pi * hz / rate
    return array("h", (round(12_000 * math.sin(step * at)) for at in range(round(seconds * rate)))).tobytes()


def clip(source: Format, seconds: float, *, rate: int = 24_000, layout: str = "mono", **muxer: str) -> bytes:
    """The tone as a file in `source` format; `muxer` holds options of FFmpeg's."""
    if source.codec == "pcm":
        return tone(seconds, source.rate)
    return _muxed(source, _frames(tone(seconds, rate), rate), rate, layout, muxer)


def both_tones(seconds: float, rate: int = 44_100) -> bytes:
    """A low sine on the left and a high one on the right, as interleaved signed 16-bit samples."""
    pairs = array("h", bytes(round(seconds * rate) * 4))
    pairs[::2] = array("h", tone(seconds, rate, LEFT_HZ))
    pairs[1::2] = array("h", tone(seconds, rate, RIGHT_HZ))
    return pairs.tobytes()


def stereo_clip(source: Format, seconds: float, rate: int = 44_100) -> bytes:
    """Both tones as a file in `source` format, which is not pcm."""
    return _muxed(source, _frames(both_tones(seconds, rate), rate, "stereo"), rate, "stereo", {})


def heard(content: bytes, wanted: Format) -> Heard:
    """What a player makes of a whole file."""
    if wanted.codec == "pcm":
        return Heard(array("h", content), wanted.rate)
    samples = array("h")
    with av.open(io.BytesIO(content), format=MUXERS[wanted][0]) as file:
        rate = file.streams.audio[0].rate
        resampler = av.AudioResampler("s16", "mono", rate)
        for frame in file.decode(audio=0):
            for mono in resampler.resample(frame):
                samples.frombytes(bytes(mono.planes[0])[: mono.samples * 2])
    return Heard(samples, rate)


def heard_apart(content: bytes, wanted: Format) -> list[Heard]:
    """What a player makes of each channel of a whole file, which is not pcm."""
    with av.open(io.BytesIO(content), format=MUXERS[wanted][0]) as file:
        stream = file.streams.audio[0]
        channels = [array("h") for _ in range(stream.channels)]
        resampler = av.AudioResampler("s16p", stream.layout, stream.rate)
        for frame in file.decode(audio=0):
            for planar in resampler.resample(frame):
                for samples, plane in zip(channels, planar.planes, strict=True):
                    samples.frombytes(bytes(plane)[: planar.samples * 2])
    return [Heard(samples, stream.rate) for samples in channels]


def transcoded(source: Format, wanted: Format, *chunks: bytes, shape: Shape = SPEECH) -> bytes:
    """`chunks` fed one after the other, and what comes of them."""
    transcoder = Transcoder(source, wanted, shape)
    return b"".join([*map(transcoder.feed, chunks), transcoder.close()])


def _muxed(source: Format, frames: list[av.AudioFrame], rate: int, layout: str, muxer: dict[str, str]) -> bytes:
    container, codec = MUXERS[source]
    file = io.BytesIO()
    with av.open(file, "w", format=container, container_options=muxer) as output:
        stream = output.add_stream(codec, rate=rate, layout=layout)
        for frame in [*frames, None]:
            output.mux(stream.encode(frame))
    return file.getvalue()


def _frames(samples: bytes, rate: int, layout: str = "mono") -> list[av.AudioFrame]:
    raw = av.CodecContext.create("pcm_s16le", "r")
    raw.sample_rate, raw.layout = rate, layout
    return raw.decode(av.Packet(samples))
