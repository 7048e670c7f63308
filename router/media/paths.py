"""Which formats can become which, in which shape, how far the sound falls behind on the way, and how it fails.

Facts only, without PyAV: ask here first, and leave the rest to `router.media.join`, which loads the codecs with the
first stream that needs one: a process that never transcodes never loads them.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from router.wire.audio import SPEECH_FORMATS, Format

__all__ = ["DELAY_MS", "MUSIC", "MUSIC_DELAY_MS", "RATES", "SPEECH", "Shape", "Undecodable", "can_transcode"]

RATES = range(4_000, 384_001)
"""Sample rates (Hz) taken as sound. Beyond them a header is lying, and a few bytes would become hours of samples."""

_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)


class Shape(Struct, frozen=True, gc=False):
    """What goes out: samples a second, channels, and what the encoders are asked for at them."""

    rate: int
    channels: Literal[1, 2]
    mp3_bit_rate: int
    opus_bit_rate: int
    aac_bit_rate: int
    flac_frame: int
    """Samples of each channel that are packed together: what flac is behind by."""

    @property
    def layout(self) -> str:
        """FFmpeg's name of the channels."""
        return "mono" if self.channels == 1 else "stereo"

    def within(self, wanted: Format) -> Shape:
        """The same, but for what `wanted` cannot hold: raw samples are mono at their rate, and Opus has few rates."""
        if wanted.rate:
            return replace(self, rate=wanted.rate, channels=1)
        if wanted.codec == "opus" and self.rate not in _OPUS_RATES:
            return replace(self, rate=_OPUS_RATES[-1])
        return self


SPEECH = Shape(
    rate=24_000,  # what speech models produce, and what OpenAI's own answers have
    channels=1,
    mp3_bit_rate=64_000,  # LAME's own choice for voice is 56; at this, speech without a bit reservoir is no noisier
    opus_bit_rate=32_000,  # RFC 7587, 3.1.1 recommends 28 to 40 for full-band speech
    aac_bit_rate=64_000,  # FFmpeg's own encoder needs more than the better ones; for one channel this leaves it room
    flac_frame=576,  # instead of 2304: a quarter of the delay, and speech takes no more bytes
)
"""A voice."""

MUSIC = Shape(
    rate=44_100,  # all that can be heard, and what most music and sound effects are made in
    channels=2,
    mp3_bit_rate=192_000,  # LAME keeps all below 18.7 kHz then, at 128 only what is below 16.6
    opus_bit_rate=128_000,  # the upper end of what RFC 7587, 3.1.1 recommends for full-band stereo music
    aac_bit_rate=192_000,  # FFmpeg's own encoder keeps all below 19.4 kHz then, at 128 only what is below 17.3
    flac_frame=1_152,  # as far behind as speech; FFmpeg's own choice, 4608, is four times that
)
"""Music and sound effects."""

DELAY_MS = {
    "mp3": 48.0,  # two frames of 576 samples: the one being filled, and the one LAME looks ahead into
    "opus": 26.5,  # one frame of 20 ms, and the 6.5 ms of pre-skip that a decoder throws away
    "aac": 85.4,  # two frames of 1024 samples: the one being filled, and the one the encoder looks ahead into
    "flac": 24.0,  # one frame of 576 samples
    "wav": 0.0,
    "pcm": 0.0,
}
"""Codec -> milliseconds of audio by which `SPEECH` may be behind 24 kHz mono input: the encoder's own, nothing on top.

Input at another rate adds the resampler's 16 samples of the lower rate (1 ms at 16 kHz), and coded input the part of a
frame that has not arrived yet. Decoded mp3 and aac begin with 46 and 43 ms of priming, which no encoder can spare them.
"""

MUSIC_DELAY_MS = DELAY_MS | {
    "mp3": 52.3,  # two frames of 1152 samples
    "aac": 46.5,
    "flac": 26.2,
}
"""The same for `MUSIC` and 44.1 kHz stereo; opus and pcm add the resampler's part there. Priming is 25 and 23 ms."""


class Undecodable(ValueError):
    """The bytes are not the format they were said to be; the message says what was expected."""


def can_transcode(source: Format, wanted: Format) -> bool:
    """Whether a stream in `source` can be turned into `wanted` while it arrives.

    Sources: pcm at any of `RATES`, wav, mp3, flac, aac in ADTS, opus in Ogg. Wanted: what the speech endpoint offers,
    pcm thus at 24 kHz only.
    """
    if source.codec == "pcm":
        return source.rate in RATES and wanted in SPEECH_FORMATS.values()
    return source.codec in SPEECH_FORMATS and wanted in SPEECH_FORMATS.values()
