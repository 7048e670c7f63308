"""The media path of replies, by itself: how fast it is on one core, and how much goes in before sound comes out.

What lives here: figures of `router.media.transcode`. The delay is counted in audio and is the same on every machine.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from time import process_time

from msgspec import Struct

from router.media.transcode import Transcoder
from router.wire.audio import PCM, SPEECH_FORMATS, Format

__all__ = ["FIRST_BYTE_MS", "Path", "first_byte_ms", "measured", "sound"]

RATE = 24_000
STEP = 24  # samples: a millisecond
PIECE_BYTES = 8_192  # what `router.media.join` gives to a thread at once
SOURCES = ("pcm", "mp3")

FIRST_BYTE_MS = {"mp3": 48.0, "opus": 30.0, "aac": 90.0, "flac": 100.0, "wav": 1.0, "pcm": 1.0}
"""Codec -> the most audio that may go in before the first encoded byte comes out; headers do not count."""


class Path(Struct, frozen=True):
    """One way through. `speed`: seconds of audio a second of one core; `delay_ms` only where the source is pcm."""

    source: str
    wanted: str
    speed: float
    delay_ms: float | None


def measured(seconds: int, rounds: int) -> Sequence[Path]:
    """Every way from pcm and from mp3, as the best of rounds: others only ever slow it down."""
    content = {name: _transcoded(sound(seconds), PCM, SPEECH_FORMATS[name]) for name in SOURCES}
    ways = [(source, wanted) for source in SOURCES for wanted in SPEECH_FORMATS if wanted != source]
    return [_path(source, wanted, content[source], seconds, rounds) for source, wanted in ways]


def first_byte_ms(wanted: Format) -> float:
    """Milliseconds of pcm that go in, one by one, until something encoded comes out behind the header."""
    transcoder = Transcoder(PCM, wanted)
    content, header = sound(1), len(_header(wanted))
    out = 0
    for step in range(1_000):
        out += len(transcoder.feed(content[step * STEP * 2 : (step + 1) * STEP * 2]))
        if out > header:
            return float(step + 1)
    raise ValueError(f"nothing comes out as {wanted}")


def sound(seconds: int) -> bytes:
    """Speech has a voice that moves and noise; so has this, the same every time. 24 kHz mono, 16 bits."""
    samples, noise = array("h"), 1
    for at in range(RATE):
        noise = noise * 1_103_515_245 + 12_345 & 0x7FFF_FFFF
        voice = math.sin(at * 0.04 + 6 * math.sin(at * 0.0007)) * (0.6 + 0.4 * math.sin(at * 0.002))
        samples.append(round(9_000 * voice + (noise >> 20) - 1_024))
    return samples.tobytes() * seconds


def _path(source: str, wanted: str, content: bytes, seconds: int, rounds: int) -> Path:
    into = SPEECH_FORMATS[wanted]
    speed = max(_speed(content, SPEECH_FORMATS[source], into, seconds) for _ in range(rounds))
    return Path(source, wanted, speed, first_byte_ms(into) if source == "pcm" else None)


def _speed(content: bytes, source: Format, wanted: Format, seconds: int) -> float:
    began = process_time()
    _transcoded(content, source, wanted)
    return seconds / (process_time() - began)


def _transcoded(content: bytes, source: Format, wanted: Format) -> bytes:
    if source == wanted:
        return content
    transcoder = Transcoder(source, wanted)
    parts = [transcoder.feed(content[at : at + PIECE_BYTES]) for at in range(0, len(content), PIECE_BYTES)]
    return b"".join([*parts, transcoder.close()])


def _header(wanted: Format) -> bytes:
    """What leaves with the first sample, which is too little for anything else but raw samples."""
    first = Transcoder(PCM, wanted).feed(bytes(2))
    return first[:-2] if wanted.codec in ("pcm", "wav") else first
