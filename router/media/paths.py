"""Which formats can become which, how far the sound falls behind on the way, and the one way in which it fails.

Facts only, without PyAV: ask here first, and leave the rest to `router.media.join`, which loads the codecs with the
first stream that needs one: a process that never transcodes never loads them.
"""

from __future__ import annotations

from router.wire.audio import SPEECH_FORMATS, Format

__all__ = ["DELAY_MS", "RATES", "Undecodable", "can_transcode"]

RATES = range(4_000, 384_001)
"""Sample rates (Hz) taken as sound. Beyond them a header is lying, and a few bytes would become hours of samples."""

DELAY_MS = {
    "mp3": 48.0,  # two frames of 576 samples: the one being filled, and the one LAME looks ahead into
    "opus": 26.5,  # one frame of 20 ms, and the 6.5 ms of pre-skip that a decoder throws away
    "aac": 85.4,  # two frames of 1024 samples: the one being filled, and the one the encoder looks ahead into
    "flac": 24.0,  # one frame of 576 samples
    "wav": 0.0,
    "pcm": 0.0,
}
"""Codec -> milliseconds of audio by which output may be behind 24 kHz mono input: the encoder's own, nothing on top.

Input at another rate adds the resampler's 16 samples of the lower rate (1 ms at 16 kHz), and coded input the part of a
frame that has not arrived yet. Decoded mp3 and aac begin with 46 and 43 ms of priming, which no encoder can spare them.
"""


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
