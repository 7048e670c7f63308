"""Sound for the engines: a tone, and PCM packed into files as other programs write them."""

from __future__ import annotations

import io
import math
from array import array

import av

TONE_HZ = 300


def tone(seconds: float, rate: int, channels: int = 1) -> bytes:
    """A sine as interleaved signed 16-bit samples."""
    step = 2 * math.pi * TONE_HZ / rate
    samples = (round(12_000 * math.sin(step * at)) for at in range(round(seconds * rate)))
    return array("h", (sample for sample in samples for _ in range(channels))).tobytes()


def packed(pcm: bytes, rate: int, container: str, codec: str, layout: str = "mono", **options: str) -> bytes:
    """Signed 16-bit PCM as a file; `options` are the muxer's."""
    channels = 2 if layout == "stereo" else 1
    frame = av.AudioFrame(format="s16", layout=layout, samples=len(pcm) // 2 // channels)
    frame.planes[0].update(pcm)
    frame.sample_rate = rate
    frame.pts = 0
    file = io.BytesIO()
    with av.open(file, "w", format=container, container_options=options) as output:
        experimental = {"strict": "-2"} if codec == "vorbis" else {}
        rate = 48_000 if codec == "libopus" else rate
        stream = output.add_stream(codec, rate=rate, layout=layout, options=experimental)
        for piece in (frame, None):
            output.mux(stream.encode(piece))
    return file.getvalue()
