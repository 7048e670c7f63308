"""Frames of sound -> bytes of a format, in the shape that is wanted, each packet as soon as the encoder gives it.

What lives here: the settings of each encoder, and the few bytes its container puts around a packet. FFmpeg's muxers are
not used: the one for Ogg keeps a page back, the one for FLAC pads the header with 8 KB.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from router.media.flac import flac_header
from router.media.ogg import OggWriter
from router.media.paths import Shape
from router.media.wav import wav_header
from router.wire.audio import Format

__all__ = ["Encoder", "open_encoder"]

_OPUS_CLOCK_HZ = 48_000  # in which Ogg counts Opus, whatever the rate that goes in


class Encoder(Protocol):
    """Turns frames of its shape and `sample_format` into a stream's bytes."""

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


def open_encoder(wanted: Format, shape: Shape) -> Encoder:
    """Open an encoder of `wanted`, one of those `paths.can_transcode` takes, whose `shape` is within it."""
    match wanted.codec:
        case "pcm":
            return _Samples(b"")
        case "wav":
            return _Samples(wav_header(shape.rate, shape.channels))
        case "mp3":
            return _Packets(_open_mp3(shape), b"", bytes)
        case "aac":
            codec = _open("aac", "fltp", shape, shape.aac_bit_rate)
            assert codec.extradata
            return _Packets(codec, b"", partial(_adts, codec.extradata))
        case "flac":
            codec = _open("flac", "s16", shape, frame_size=str(shape.flac_frame))
            assert codec.extradata
            return _Packets(codec, flac_header(codec.extradata), bytes)
        case "opus":
            return _OggOpus(_open_opus(shape))
        case _:
            raise ValueError(f"nothing here encodes {wanted}")


def _open_mp3(shape: Shape) -> AudioCodecContext:
    """Without its bit reservoir LAME holds two frames back instead of three or four; our bit rates do without it."""
    return _open("libmp3lame", "fltp", shape, shape.mp3_bit_rate, reservoir="0")


def _open_opus(shape: Shape) -> AudioCodecContext:
    """RFC 7587, 3.1.1 recommends frames of 20 ms, for speech and music alike."""
    return _open("libopus", "s16", shape, shape.opus_bit_rate, frame_duration="20")


def _open(name: str, sample_format: str, shape: Shape, bit_rate: int = 0, **options: str) -> AudioCodecContext:
    codec = av.CodecContext.create(name, "w")
    assert isinstance(codec, AudioCodecContext)
    codec.sample_rate = shape.rate
    codec.layout = shape.layout
    codec.format = sample_format
    codec.thread_count = 1  # sound is light, and the streams share the cores between them
    if bit_rate:
        codec.bit_rate = bit_rate
    codec.options = options
    codec.open()
    return codec


class _Samples:
    """Signed 16-bit samples as they are."""

    sample_format = "s16"

    def __init__(self, header: bytes) -> None:
        self.header = header

    def encode(self, frame: AudioFrame) -> bytes:
        size = frame.samples * frame.layout.nb_channels * frame.format.bytes
        return bytes(frame.planes[0])[:size]  # a plane is padded

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


def _adts(config: bytes, packet: bytes) -> bytes:
    """Put the seven bytes of ISO/IEC 13818-7, 6.2 in front: MPEG-4, no checksum, and what the encoder says of itself.

    That stands in the first 13 bits of its AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1): kind of AAC, rate, channels.
    """
    told = int.from_bytes(config[:2], "big") >> 3
    kind, rate, channels = told >> 8, told >> 4 & 0xF, told & 0xF
    size = len(packet) + 7
    fixed = (0xFF, 0xF1, (kind - 1) << 6 | rate << 2 | channels >> 2)
    return bytes((*fixed, (channels & 3) << 6 | size >> 11, size >> 3 & 0xFF, (size & 7) << 5 | 0x1F, 0xFC)) + packet


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
        self._clock_steps = _OPUS_CLOCK_HZ // codec.sample_rate  # a sample
        self._packet_samples = codec.frame_size * self._clock_steps
        self._fed_samples = int.from_bytes(head[10:12], "little")  # the pre-skip counts
        self._position = 0

    def encode(self, frame: AudioFrame) -> bytes:
        self._fed_samples += frame.samples * self._clock_steps
        return b"".join(map(self._page, map(bytes, self._codec.encode(frame))))

    def close(self) -> bytes:
        *packets, last = map(bytes, self._codec.encode(None))  # never none: the look-ahead is always still inside
        return b"".join(map(self._page, packets)) + self._pages.page(last, self._fed_samples, is_last=True)

    def _page(self, packet: bytes) -> bytes:
        self._position += self._packet_samples
        return self._pages.page(packet, self._position)
