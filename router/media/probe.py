"""How long the audio of an upload is: told by its container's header, else by its packets. Nothing is decoded.

What lives here: FFmpeg's demuxers, with their hands tied. Which one reads is chosen by what the file is and never
guessed, since playlists and the like open other files and hosts; and the time it may take is bounded. What they would
take without bound is kept from them: MP4 (`mp4` says why), and tags, of which they inflate half a megabyte to whatever
it claims to be. This loads PyAV: import it in the branch that needs a length.
"""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import product
from pathlib import PurePath
from struct import Struct

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from router.media.id3 import TagSkipper, id3_bytes
from router.media.mp4 import mp4_seconds
from router.wire.containers import CONTAINERS, HEAD_BYTES
from router.wire.upload import Upload

__all__ = ["seconds_of"]

MOST_S = 1.0
"""By the clock on the wall, for one file: a header takes none of it, and some 100,000 packets take it all."""
LONGEST_S = 360_000  # a header that says more is lying

DEMUXERS = {"flac": "flac", "ogg": "ogg", "webm": "matroska", "mp3": "mp3"}
TELLING = frozenset({"flac", "ogg", "webm"})  # mp3 has no header, and FFmpeg guesses by the bit rate

WAV_FORMAT = Struct("<HHIIHH")  # encoding, channels, Hz, bytes a second, bytes a sample of all channels, bits
WAV_PLAIN = frozenset({1, 3, 0xFFFE})  # samples as they are, whose header cannot lie about how many a second has
AAC_RATES = (96_000, 88_200, 64_000, 48_000, 44_100, 32_000, 24_000, 22_050, 16_000, 12_000, 11_025, 8_000, 7_350)

OPTIONS = {"protocol_whitelist": "none"}  # nothing that a file names is opened


class _TooMuchError(OSError):
    """The file costs more to read than its length is worth."""


def _check(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise _TooMuchError


class _Source:
    """An upload from `start` on as a file for FFmpeg, to be read until `deadline`, a time of `time.monotonic`."""

    def __init__(self, upload: Upload, deadline: float, start: int = 0) -> None:
        self._upload = upload
        self._deadline = deadline
        self._start = start
        self._at = 0

    def read(self, size: int) -> bytes:
        _check(self._deadline)
        content = self._upload.read_at(self._start + self._at, size)
        self._at += len(content)
        return content

    def seek(self, offset: int, whence: int) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._upload.size - self._start}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def seconds_of(upload: Upload) -> float | None:
    """Seconds of the upload's first sound track; None where that cannot be told, or not within `MOST_S`.

    Blocks while it reads: on an event loop, `length.length_of`.
    """
    deadline = time.monotonic() + MOST_S
    try:
        seconds = _seconds(upload, deadline)
    except (FFmpegError, OSError, ValueError, ArithmeticError):
        return None
    return seconds if seconds and 0 < seconds <= LONGEST_S else None


def _seconds(upload: Upload, deadline: float) -> float | None:
    if (ending := _ending_of(upload)) is None:
        return None
    if read := OWN.get(ending):
        return read(upload, deadline)
    start = _tag_bytes(upload) if ending == "mp3" else 0
    is_telling = ending in TELLING or _has_count(upload, start)
    if ending == "mp3" and not is_telling and (seconds := _hopped(upload, deadline, _mp3_frame)):
        return seconds
    with av.open(_Source(upload, deadline, start), "r", format=DEMUXERS[ending], options=OPTIONS) as container:
        stream = container.streams.best("audio")
        if not isinstance(stream, AudioStream):
            return None
        return (is_telling and _told(container, stream)) or _counted(container.demux(stream), stream, deadline)


def _ending_of(upload: Upload) -> str | None:
    """The kind of file by what it begins with, else by its name."""
    head = upload.read_at(0, HEAD_BYTES)
    named = PurePath(upload.name).suffix.lstrip(".").lower()
    known = [one for one in CONTAINERS if one.begins(head)] or [one for one in CONTAINERS if named in one.endings]
    return known[0].ending if known else None


def _tag_bytes(upload: Upload) -> int:
    """Where the sound of an mp3 begins, behind all its tags."""
    at = 0
    while (head := upload.read_at(at, 10)).startswith(b"ID3") and (size := id3_bytes(head)):
        at += size
    return at


def _mp4_seconds(upload: Upload, deadline: float) -> float | None:
    return mp4_seconds(upload, partial(_check, deadline))


def _has_count(upload: Upload, start: int) -> bool:
    """Whether an mp3 begins with a table that counts its frames."""
    return any(mark in upload.read_at(start, 64) for mark in (b"Xing", b"Info", b"VBRI"))


def _wav_seconds(upload: Upload, deadline: float) -> float | None:
    """What there is of its data, by how much of it a second takes."""
    at, second_bytes = 12, 0
    while len(head := upload.read_at(at, 8)) == 8:
        _check(deadline)
        size = int.from_bytes(head[4:], "little")
        at += 8
        if head.startswith(b"fmt "):
            encoding, channels, rate, claimed, _, bits = WAV_FORMAT.unpack(upload.read_at(at, 16).ljust(16, b"\0"))
            second_bytes = rate * channels * bits // 8 if encoding in WAV_PLAIN else claimed
        elif head.startswith(b"data"):
            there = upload.size - at
            return min(size or there, there) / second_bytes if second_bytes else None
        at += size + size % 2
    return None


def _told(container: InputContainer, stream: AudioStream) -> float | None:
    """What the header says: of the track, else of the whole file."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


def _counted(packets: Iterable[Packet[AudioStream]], stream: AudioStream, deadline: float) -> float | None:
    """From the first packet to the end of the last."""
    first = last = None
    for packet in packets:
        _check(deadline)
        if (start := packet.pts) is None:
            continue  # the empty one that ends every stream, or one that nobody could place
        end = start + (packet.duration or 0)
        first = start if first is None else min(first, start)
        last = end if last is None else max(last, end)
    if first is None or last is None or stream.time_base is None:
        return None
    return float((last - first) * stream.time_base)


# ------------------------------------------------------------------ frame after frame


def _frames() -> Iterator[tuple[bytes, tuple[int, float]]]:
    """Each way a frame of layer III can begin, without free format: its bytes and seconds (ISO 11172-3, 13818-3)."""
    low = (8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160)
    high = (32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    versions = ((0xFA, 1, 1152, high), (0xF2, 2, 576, low), (0xE2, 4, 576, low))
    for (version, divisor, samples, kilobits), is_bare, last_bits in product(versions, (0, 1), range(4)):
        padding = last_bits >> 1
        for (rate_bits, rate), (rung, bits) in product(enumerate((44_100, 48_000, 32_000)), enumerate(kilobits, 1)):
            size = samples // 8 * bits * 1000 * divisor // rate + padding
            head = bytes((0xFF, version | is_bare, rung << 4 | rate_bits << 2 | last_bits))
            yield head, (size, samples * divisor / rate)


FRAMES = dict(_frames())
TAGS = (b"TAG", b"APETAGEX")  # that may end a file


Frame = Callable[[bytes, int], tuple[int, float] | None]
"""Bytes and seconds of the frame that begins there; None where none does."""


def _mp3_frame(content: bytes, at: int) -> tuple[int, float] | None:
    return FRAMES.get(content[at : at + 3])


def _adts_frame(content: bytes, at: int) -> tuple[int, float] | None:
    """ISO/IEC 13818-7, 6.2."""
    head = int.from_bytes(content[at : at + 7], "big")
    size, rate, blocks = head >> 13 & 0x1FFF, head >> 34 & 0xF, (head & 3) + 1
    if head >> 40 & 0xFFF6 != 0xFFF0 or rate >= len(AAC_RATES) or size < 7:
        return None
    return size, 1024 * blocks / AAC_RATES[rate]


def _hopped(upload: Upload, deadline: float, frame_at: Frame) -> float | None:
    """Seconds of a file whose frames follow one another to its end; None where something lies between them.

    Ten times as fast as FFmpeg, which looks for frames in every byte.
    """
    skipper = TagSkipper()
    seconds, ahead, rest = 0.0, 0, b""
    for chunk in upload.chunks():
        _check(deadline)
        content = rest + skipper.feed(chunk)
        at, last = ahead, len(content) - max(map(len, TAGS))
        while at <= last:
            if (frame := frame_at(content, at)) is None:
                return round(seconds, 6) if content.startswith(TAGS, at) else None
            at += frame[0]
            seconds += frame[1]
        rest, ahead = content[at:], max(0, at - len(content))
    return round(seconds, 6)  # a sum of many


def _adts_seconds(upload: Upload, deadline: float) -> float | None:
    return _hopped(upload, deadline, _adts_frame)


OWN = {"m4a": _mp4_seconds, "wav": _wav_seconds, "aac": _adts_seconds}
"""What is read without FFmpeg."""
