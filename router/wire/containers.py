"""What kind of file it is, by its first bytes: an upload for vendors that go by its name, a vendor's own audio for us.

What lives here: the containers that OpenAI's transcriptions take, their marks, endings and types. The declared type is
weak evidence (SDKs send `upload` and `application/octet-stream` for plain bytes); a good name is kept.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import NamedTuple

from router.wire.audio import AAC, FLAC, MP3, OPUS, WAV, Format

__all__ = ["HEAD_BYTES", "described", "format_of"]

HEAD_BYTES = 64
UNKNOWN_TYPE = "application/octet-stream"


class Container(NamedTuple):
    """A kind of file: the ending it gets, the endings it may have, its type, and how it begins."""

    ending: str
    endings: frozenset[str]
    content_type: str
    begins: Callable[[bytes], bool]


def _is_mpeg_sound(head: bytes) -> bool:
    """An ID3 tag, or the sync word of a frame of layer I to III (ISO 11172-3)."""
    return head.startswith(b"ID3") or (head[:1] == b"\xff" and head[1:2] > b"\xdf" and head[1] & 0x06 != 0)


def _is_adts(head: bytes) -> bool:
    """The sync word of AAC in ADTS: like MPEG's, with layer 0 (ISO 13818-7)."""
    return head[:1] == b"\xff" and head[1:2] > b"\xef" and head[1] & 0x06 == 0


CONTAINERS = (
    Container(
        "wav", frozenset({"wav", "wave"}), "audio/wav", lambda head: head[:4] == b"RIFF" and head[8:12] == b"WAVE"
    ),
    Container("flac", frozenset({"flac"}), "audio/flac", lambda head: head.startswith(b"fLaC")),
    Container("ogg", frozenset({"ogg", "oga", "opus"}), "audio/ogg", lambda head: head.startswith(b"OggS")),
    Container("webm", frozenset({"webm", "mkv", "mka"}), "audio/webm", lambda head: head.startswith(b"\x1aE\xdf\xa3")),
    Container("m4a", frozenset({"m4a", "mp4", "mov"}), "audio/mp4", lambda head: head[4:8] == b"ftyp"),
    Container("aac", frozenset({"aac"}), "audio/aac", _is_adts),
    Container("mp3", frozenset({"mp3", "mpeg", "mpga"}), "audio/mpeg", _is_mpeg_sound),
)


def described(name: str, content_type: str, head: bytes) -> tuple[str, str]:
    """A name with an ending that says what the file is, and its type; both as given where nothing better is known."""
    kind = content_type.partition(";")[0].strip().lower()
    ending = PurePath(name).suffix.lstrip(".").lower()
    container = next((one for one in CONTAINERS if one.begins(head)), None)
    by_name = next((one for one in CONTAINERS if ending in one.endings), None)
    if known := container or by_name:
        name = name if by_name else f"{name}.{known.ending}"
        kind = known.content_type if kind in {"", UNKNOWN_TYPE} else content_type
    return name, kind or UNKNOWN_TYPE


_FORMATS = {"wav": WAV, "flac": FLAC, "aac": AAC, "mp3": MP3}


def format_of(head: bytes) -> Format | None:
    """What audio is, whatever it was said to be; None where its beginning does not tell."""
    container = next((one for one in CONTAINERS if one.begins(head)), None)
    if container is None:
        return None
    if container.ending == "ogg":
        return OPUS if b"OpusHead" in head else None
    return _FORMATS.get(container.ending)
