"""Bytes of a format, cut anywhere -> frames of sound, each as soon as its last byte is there.

What lives here: one decoder a format, driven through a codec context and never through a demuxer, which would want a
thread of its own and reads ahead. What the frames become is `encode`'s business.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Protocol

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.error import FFmpegError

from router.media.flac import MetadataReader
from router.media.id3 import TagSkipper
from router.media.ogg import OggReader, Page
from router.media.paths import Undecodable
from router.media.wav import Samples, WavReader
from router.wire.audio import Format

__all__ = ["Decoder", "open_decoder"]

_FLAC_SYNC_BYTES = 2
_PRE_SKIP = slice(10, 12)  # of an OpusHead


class Decoder(Protocol):
    """Turns a stream's bytes into frames of whatever shape the stream has.

    A damaged packet is left out, as every player does, where the format still shows where the next one begins.
    """

    def feed(self, chunk: bytes) -> Iterator[AudioFrame]:
        """Return the frames that `chunk` completes. Raises `Undecodable` where it cannot be this format."""

    def close(self) -> Iterator[AudioFrame]:
        """Return what was still to come out after the last byte."""


def open_decoder(source: Format) -> Decoder:
    """Open a decoder of `source`, which is one of those `paths.can_transcode` takes."""
    match source.codec:
        case "pcm":
            assert source.rate
            return _Raw(Samples("pcm_s16le", source.rate, channels=1, block_bytes=2))
        case "wav":
            return _Wav()
        case "flac":
            return _Flac()
        case "opus":
            return _OggOpus()
        case "aac":
            return _Parsed("aac", _is_adts_sound)
        case "mp3":
            return _Parsed("mp3float", _is_mp3_sound)
        case _:
            raise ValueError(f"nothing here decodes {source}")


def _open(name: str, extradata: bytes | None = None, **options: str) -> AudioCodecContext:
    codec = av.CodecContext.create(name, "r")
    assert isinstance(codec, AudioCodecContext)
    codec.thread_count = 1  # threads of its own would hold frames back, and speech is light
    codec.extradata = extradata
    codec.options = options
    return codec


def _attempt(codec: AudioCodecContext, packet: bytes) -> list[AudioFrame] | None:
    """Return the frames of `packet`, or None where it does not decode."""
    try:
        return codec.decode(av.Packet(packet))
    except FFmpegError:
        return None


class _Raw:
    """Interleaved samples. One that is cut waits for the rest of it."""

    def __init__(self, samples: Samples) -> None:
        self._block_bytes = samples.block_bytes
        self._cut = b""
        self._codec = _open(samples.encoding)
        self._codec.sample_rate = samples.rate
        self._codec.layout = "mono" if samples.channels == 1 else "stereo"

    def feed(self, chunk: bytes) -> Iterator[AudioFrame]:
        content = self._cut + chunk
        whole = len(content) - len(content) % self._block_bytes
        self._cut = content[whole:]
        if whole:
            yield from self._codec.decode(av.Packet(content[:whole]))

    def close(self) -> Iterator[AudioFrame]:
        yield from ()


class _Wav:
    """A header, and then interleaved samples."""

    def __init__(self) -> None:
        self._reader = WavReader()
        self._raw: _Raw | None = None

    def feed(self, chunk: bytes) -> Iterator[AudioFrame]:
        content = self._reader.feed(chunk)
        if self._raw is None and self._reader.samples:
            self._raw = _Raw(self._reader.samples)
        if self._raw and content:
            yield from self._raw.feed(content)

    def close(self) -> Iterator[AudioFrame]:
        yield from ()


class _Parsed:
    """A stream whose packets FFmpeg's own parser finds: it gives each as soon as its last byte is there."""

    def __init__(self, name: str, is_sound: Callable[[bytes], bool]) -> None:
        self._codec = _open(name)
        self._tag = TagSkipper()
        self._is_sound = is_sound  # asked about the first packet; the others are
        self._is_first = True

    def feed(self, chunk: bytes) -> Iterator[AudioFrame]:
        if content := self._tag.feed(chunk):  # an empty one would end the parser's stream
            yield from self._decode(content)

    def close(self) -> Iterator[AudioFrame]:
        yield from self._decode(None)
        yield from self._codec.decode(None)

    def _decode(self, content: bytes | None) -> Iterator[AudioFrame]:
        for packet in map(bytes, self._codec.parse(content)):
            is_sound = not self._is_first or self._is_sound(packet)
            self._is_first = False
            if is_sound:
                yield from _attempt(self._codec, packet) or ()


def _is_mp3_sound(first: bytes) -> bool:
    """Tell sound from a table of contents, which would become a frame of silence."""
    return not any(mark in first[:48] for mark in (b"Xing", b"Info", b"VBRI"))


def _is_adts_sound(first: bytes) -> bool:
    """Insist: AAC in another kind of file has enough accidental headers in it to come out as noise."""
    if int.from_bytes(first[:2], "big") & 0xFFF6 != 0xFFF0:
        raise Undecodable("expected aac in ADTS: the bytes do not begin with a frame of it")
    return True


class _Flac:
    """Frames that do not tell their length, found by trial: none passes its checksum before its last byte is there.

    FFmpeg's parser looks ten frames ahead before it gives the first. Here a frame goes out when it is complete, and is
    kept until the next one's sync code shows where it ended.
    """

    def __init__(self) -> None:
        self._metadata = MetadataReader()
        self._codec: AudioCodecContext | None = None
        self._pending = bytearray()  # begins with a frame
        self._is_given = False  # that frame has gone out
        self._searched_bytes = _FLAC_SYNC_BYTES

    def feed(self, chunk: bytes) -> Iterator[AudioFrame]:
        self._pending += self._metadata.feed(chunk)
        if len(self._pending) < _FLAC_SYNC_BYTES:
            return
        if self._codec is None:
            self._codec = _open("flac", self._metadata.streaminfo, err_detect="crccheck+explode")
        sync = bytes(self._pending[:_FLAC_SYNC_BYTES])
        if sync not in (b"\xff\xf8", b"\xff\xf9"):
            raise Undecodable("expected flac: its metadata is not followed by a frame")
        while (end := self._pending.find(sync, self._searched_bytes)) > 0:
            self._searched_bytes = end + 1
            if (frames := self._take(self._codec, end)) is None:
                continue  # sound that happens to look like a sync code
            yield from frames
            del self._pending[:end]
            self._is_given = False
            self._searched_bytes = _FLAC_SYNC_BYTES
        self._searched_bytes = max(_FLAC_SYNC_BYTES, len(self._pending) - 1)
        if not self._is_given:
            yield from self._take(self._codec, len(self._pending)) or ()

    def _take(self, codec: AudioCodecContext, end: int) -> list[AudioFrame] | None:
        """Give the frame in front, once; None where it is not complete within `end` bytes."""
        frames = _attempt(codec, bytes(self._pending[:end]))
        if not frames:  # not even an error for less than the smallest frame there is
            return None
        was_given, self._is_given = self._is_given, True
        return [] if was_given else frames

    def close(self) -> Iterator[AudioFrame]:
        if self._pending and not self._is_given:
            raise Undecodable("expected flac: it ends inside a frame, or with a damaged one")
        yield from ()


class _OggOpus:
    """Packets of Opus; a stream may be followed by another, which begins with a head of its own (RFC 7845).

    The codec leaves out the pre-skip. What fills the last packet up is left out here: the sound of the last page is cut
    to the samples (of 48 kHz) by which that page moves the position on (4.4).
    """

    def __init__(self) -> None:
        self._reader = OggReader()
        self._codec: AudioCodecContext | None = None
        self._pre_skip = 0
        self._page: Page | None = None
        self._position = 0  # at which that page ends
        self._left: float = math.inf  # samples that it may still give

    def feed(self, chunk: bytes) -> Iterator[AudioFrame]:
        for packet, page in self._reader.feed(chunk):
            if packet.startswith(b"OpusHead"):
                self._codec = _open("libopus", packet)
                self._pre_skip = int.from_bytes(packet[_PRE_SKIP], "little")
                self._position = 0
            elif self._codec is None:
                raise Undecodable("expected opus in ogg: the first packet is not an OpusHead")
            elif packet and not packet.startswith(b"OpusTags"):  # an empty one would end the decoder's stream
                if page is not self._page:
                    self._turn_to(page)
                yield from self._up_to_end(_attempt(self._codec, packet) or ())

    def close(self) -> Iterator[AudioFrame]:
        yield from ()

    def _turn_to(self, page: Page) -> None:
        """Take the position at which the page ends; one that does not move on tells nothing."""
        self._page = page
        self._left = math.inf
        if page.granule > self._position:
            if page.is_last:
                self._left = max(page.granule, self._pre_skip) - max(self._position, self._pre_skip)
            self._position = page.granule

    def _up_to_end(self, frames: Iterable[AudioFrame]) -> Iterator[AudioFrame]:
        for frame in frames:
            samples = int(min(frame.samples, self._left))
            self._left -= samples
            if samples:
                yield frame if samples == frame.samples else _beginning(frame, samples)


def _beginning(frame: AudioFrame, samples: int) -> AudioFrame:
    """Copy the first `samples` of a frame, which has more."""
    part = AudioFrame(frame.format.name, frame.layout.name, samples)
    part.sample_rate = frame.sample_rate
    for plane, whole in zip(part.planes, frame.planes, strict=True):
        plane.update(bytes(whole)[: plane.buffer_size])
    return part
