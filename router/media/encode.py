"""Frames of sound -> bytes of a format, 24 kHz mono, each packet as soon as the encoder gives it.

What lives here: the settings of each encoder, and the few bytes its container puts around a packet. FFmpeg's muxers are
not used: the one for Ogg keeps a page back, the one for FLAC pads the header with 8 KB.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import NamedTuple, Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from router.media.flac import flac_header
from router.media.ogg import OggWriter
from router.media.wav import wav_header
from router.wire.audio import Format

__all__ = ["RATE", "Encoder", "open_encoder"]

RATE = 24_000
"""Hz of everything that goes out: what speech models produce, and what OpenAI's own answers have."""

_OPUS_CLOCK_STEPS = 48_000 // RATE  # of the clock that Ogg counts Opus in, a sample


class Encoder(Protocol):
    """Turns mono frames at `RATE` in its `sample_format` into a stream's bytes."""

    @property
    def sample_format(self) -> str:
        """FFmpeg's name of how the frames must lie."""

    @property
    def header(self) -> bytes:
        """What stands before all sound."""

    def encode(self, frame: AudioFrame) -> bytes:
        """Return the bytes that `frame` completes."""

    def close(self) -> bytes:
        """Return what the encoder still held, and the end of the stream."""


def open_encoder(wanted: Format) -> Encoder:
    """Open an encoder of `wanted`, which is one of those `paths.can_transcode` takes."""
    match wanted.codec:
        case "pcm":
            return _Samples(b"")
        case "wav":
            return _Samples(wav_header(RATE))
        case "mp3":
            return _Packets(_open(_MP3), b"", bytes)
        case "aac":
            return _Packets(_open(_AAC), b"", _adts)
        case "flac":
            codec = _open(_FLAC)
            assert codec.extradata
            return _Packets(codec, flac_header(codec.extradata), bytes)
        case "opus":
            return _OggOpus(_open(_OPUS))
        case _:
            raise ValueError(f"nothing here encodes {wanted}")


class _Settings(NamedTuple):
    codec: str
    sample_format: str
    bit_rate: int
    options: dict[str, str]


# Without its bit reservoir LAME holds two frames back instead of four; at 64 kbit/s speech is no noisier for it. LAME's
# own choice for voice is 56 kbit/s.
_MP3 = _Settings("libmp3lame", "fltp", 64_000, {"reservoir": "0"})

# RFC 7587, 3.1.1 recommends 28 to 40 kbit/s for full-band speech, and frames of 20 ms.
_OPUS = _Settings("libopus", "s16", 32_000, {"frame_duration": "20"})

# FFmpeg's own encoder needs more than the better ones; 64 kbit/s for one channel leaves it room.
_AAC = _Settings("aac", "fltp", 64_000, {})

# Frames of 576 samples instead of 2304: a quarter of the delay, and speech takes no more bytes.
_FLAC = _Settings("flac", "s16", 0, {"frame_size": "576"})


def _open(settings: _Settings) -> AudioCodecContext:
    codec = av.CodecContext.create(settings.codec, "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate = RATE
    codec.layout = "mono"
    codec.format = settings.sample_format
    codec.thread_count = 1  # speech is light, and the streams share the cores between them
    if settings.bit_rate:
        codec.bit_rate = settings.bit_rate
    codec.options = dict(settings.options)
    codec.open()
    return codec


class _Samples:
    """Signed 16-bit samples as they are."""

    sample_format = "s16"

    def __init__(self, header: bytes) -> None:
        self.header = header

    def encode(self, frame: AudioFrame) -> bytes:
        return bytes(frame.planes[0])[: frame.samples * frame.format.bytes]  # a plane is padded

    def close(self) -> bytes:
        return b""


class _Packets:
    """A header, and then every packet by itself, wrapped into what the container wants around it."""

    def __init__(self, codec: AudioCodecContext, header: bytes, wrap: Callable[[bytes], bytes]) -> None:
        self.header = header
        self.sample_format = codec.format.name
        self._codec = codec
        self._wrap = wrap

    def encode(self, frame: AudioFrame) -> bytes:
        return self._encode(frame)

    def close(self) -> bytes:
        return self._encode(None)

    def _encode(self, frame: AudioFrame | None) -> bytes:
        packets = map(bytes, self._codec.encode(frame))
        return b"".join(self._wrap(packet) for packet in packets if packet)  # flac's last one is empty


def _adts(packet: bytes) -> bytes:
    """Put the seven bytes of ISO/IEC 13818-7, 6.2 in front: MPEG-4, AAC-LC, 24 kHz, one channel, no checksum."""
    size = len(packet) + 7
    head = (0xFF, 0xF1, 0x58, 0x40 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC)
    return bytes(head) + packet


class _OggOpus:
    """Opus in Ogg (RFC 7845): two header pages, positions in samples of 48 kHz, the exact end on the last page."""

    def __init__(self, codec: AudioCodecContext) -> None:
        assert codec.extradata
        head = codec.extradata
        vendor = b"audio-router"
        tags = b"OpusTags" + len(vendor).to_bytes(4, "little") + vendor + bytes(4)
        self._pages = OggWriter(serial=int.from_bytes(os.urandom(4), "little"))
        self.header = self._pages.page(head, 0) + self._pages.page(tags, 0)
        self.sample_format = codec.format.name
        self._codec = codec
        self._packet_samples = codec.frame_size * _OPUS_CLOCK_STEPS
        self._fed_samples = int.from_bytes(head[10:12], "little")  # the pre-skip counts
        self._position = 0

    def encode(self, frame: AudioFrame) -> bytes:
        self._fed_samples += frame.samples * _OPUS_CLOCK_STEPS
        return b"".join(map(self._page, map(bytes, self._codec.encode(frame))))

    def close(self) -> bytes:
        *packets, last = map(bytes, self._codec.encode(None))  # never none: the look-ahead is always still inside
        return b"".join(map(self._page, packets)) + self._pages.page(last, self._fed_samples, is_last=True)

    def _page(self, packet: bytes) -> bytes:
        self._position += self._packet_samples
        return self._pages.page(packet, self._position)
