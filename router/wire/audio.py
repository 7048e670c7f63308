"""Audio formats as OpenAI's wire names them: a codec, and for raw samples a rate.

What lives here: the names, their content types, what the client may ask for. Sound itself is changed in `media`.
"""

from __future__ import annotations

from msgspec import Struct

__all__ = ["AAC", "CONTENT_TYPES", "FLAC", "MP3", "OPUS", "PCM", "SPEECH_FORMATS", "WAV", "Format", "pcm"]


class Format(Struct, frozen=True, gc=False):
    """A codec in its usual container; `rate` (Hz) only where the bytes do not say it themselves: raw pcm.

    mp3 · opus in Ogg · aac in ADTS · flac · wav · pcm: signed 16-bit little-endian, mono.
    """

    codec: str
    rate: int | None = None

    def __str__(self) -> str:
        return self.codec if self.rate is None else f"{self.codec}@{self.rate}"


def pcm(rate: int) -> Format:
    """Raw signed 16-bit little-endian mono samples at `rate` Hz."""
    return Format("pcm", rate)


MP3, OPUS, AAC, FLAC, WAV = (Format(codec) for codec in ("mp3", "opus", "aac", "flac", "wav"))
PCM = pcm(24_000)

SPEECH_FORMATS = {"mp3": MP3, "opus": OPUS, "aac": AAC, "flac": FLAC, "wav": WAV, "pcm": PCM}
"""`response_format` of `/audio/speech` -> what goes out; pcm is exactly 24 kHz there (OpenAI's reference)."""

CONTENT_TYPES = {
    "mp3": "audio/mpeg",
    "opus": "audio/ogg",
    "aac": "audio/aac",
    "flac": "audio/flac",
    "wav": "audio/wav",
    "pcm": "audio/pcm",
}
