"""How long the audio of an upload is: told by its container's header, else by its packets. Nothing is decoded.

What lives here: FFmpeg's demuxers, with their hands tied. Which one reads is chosen by what the file is and never
guessed, since playlists and the like open other files and hosts; and what it may read is bounded. This loads PyAV:
import it in the branch that needs a length.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from pathlib import PurePath

import av
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet

from router.media.id3 import TagSkipper
from router.wire.containers import CONTAINERS, HEAD_BYTES
from router.wire.upload import Upload

__all__ = ["MOST_BYTES", "seconds_of"]

MOST_BYTES = 256 * 1024 * 1024
"""Read at most, seeking back included; packets count once more, as `PACKET_BYTES` at least."""
PACKET_BYTES = 128  # so that a file of empty packets is not counted to its end: two million of them, 11 h of Opus
LONGEST_S = 360_000  # a header that says more is lying

DEMUXERS = {"wav": "wav", "flac": "flac", "ogg": "ogg", "webm": "matroska", "m4a": "mov", "aac": "aac", "mp3": "mp3"}
TELLING = frozenset(
    {"wav", "flac", "ogg", "webm", "m4a"}
)  # the others have no header, and FFmpeg guesses by the bit rate

OPTIONS = {"protocol_whitelist": "none"}  # nothing that a file names is opened


class _TooMuchError(OSError):
    """The file costs more to read than its length is worth."""


class _Source:
    """An upload as a file for FFmpeg, which gives up after `MOST_BYTES`."""

    def __init__(self, upload: Upload) -> None:
        self._upload = upload
        self._at = 0
        self._bytes_left = MOST_BYTES

    def read(self, size: int) -> bytes:
        content = self._upload.read_at(self._at, size)
        self._at += len(content)
        self._bytes_left -= len(content)
        if self._bytes_left < 0:
            raise _TooMuchError
        return content

    def seek(self, offset: int, whence: int) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._upload.size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        return self._at


def seconds_of(upload: Upload) -> float | None:
    """Seconds of the upload's first sound track; None where that cannot be told, or only with too much work.

    Blocks while it reads, up to a second or two: call it in a thread.
    """
    if (ending := _ending_of(upload)) is None:
        return None
    try:
        with av.open(_Source(upload), "r", format=DEMUXERS[ending], options=OPTIONS) as container:
            stream = container.streams.best("audio")
            if not isinstance(stream, AudioStream):
                return None
            is_telling = ending in TELLING or (ending == "mp3" and _has_count(upload))
            seconds = (is_telling and _told(container, stream)) or _counted(container.demux(stream))
    except (FFmpegError, OSError, ValueError, ArithmeticError):
        return None
    return seconds if seconds and 0 < seconds <= LONGEST_S else None


def _ending_of(upload: Upload) -> str | None:
    """The kind of file by what it begins with, else by its name."""
    head = upload.read_at(0, HEAD_BYTES)
    named = PurePath(upload.name).suffix.lstrip(".").lower()
    known = [one for one in CONTAINERS if one.begins(head)] or [one for one in CONTAINERS if named in one.endings]
    return known[0].ending if known else None


def _has_count(upload: Upload) -> bool:
    """Whether an mp3 begins with a table that counts its frames."""
    skipper = TagSkipper()
    first = next((rest for chunk in upload.chunks() if (rest := skipper.feed(chunk))), b"")
    return any(mark in first[:64] for mark in (b"Xing", b"Info", b"VBRI"))


def _told(container: InputContainer, stream: AudioStream) -> float | None:
    """What the header says: of the track, else of the whole file."""
    if stream.duration is not None and stream.time_base is not None:
        return float(stream.duration * stream.time_base)
    return None if container.duration is None else container.duration / av.time_base


def _counted(packets: Iterable[Packet[AudioStream]]) -> float | None:
    """From the first packet to the end of the last."""
    first = last = None
    bytes_left = MOST_BYTES
    for packet in packets:
        bytes_left -= max(packet.size, PACKET_BYTES)
        if bytes_left < 0:
            return None
        if packet.pts is None or packet.time_base is None:
            continue  # the empty one that ends every stream, or one that nobody could place
        start = packet.pts * packet.time_base
        end = start + (packet.duration or 0) * packet.time_base
        first = start if first is None else min(first, start)
        last = end if last is None else max(last, end)
    return None if first is None or last is None else float(last - first)
