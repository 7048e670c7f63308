"""How a vendor's successful answer reads: as it is, as one JSON document, or as a stream of events.

What lives here: the shapes. `read` is written in vendor files, sees one decoded JSON value, keeps no state, and indexes
plainly: what is missing is told as a garbled answer by `upstream`, once.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

from msgspec import Struct

from router.wire.transcripts import Delta, Segment, Transcript

__all__ = [
    "Framing",
    "Heard",
    "Json",
    "Piece",
    "Reply",
    "audio_bytes",
    "audio_events",
    "audio_json",
    "chat_text",
    "transcript",
    "transcript_events",
]

Json = Any

Heard = Delta | Segment | Transcript
"""What one event of a transcript tells: a few words more, a finished segment, or all of it at the end."""


class Framing(Enum):
    """How an answer is cut into what `read` sees."""

    RAW = "raw"  # the body is the audio
    JSON = "json"  # one document
    EVENTS = "events"  # server-sent events, a document each


class Piece(Struct, frozen=True, gc=False):
    """What one event holds of the audio; `is_last`: no more will come. A stream that ends without it was cut off."""

    audio: bytes = b""
    is_last: bool = False


class Reply(Struct, frozen=True):
    """What a successful answer looks like. `makes`: the types that `read` gives; of an event it may be None as well."""

    framing: Framing
    makes: tuple[type, ...]
    read: Callable[[Json], Any] | None = None


audio_bytes = Reply(Framing.RAW, (bytes,))


def audio_json(read: Callable[[Json], bytes]) -> Reply:
    """One JSON document that holds all of the audio."""
    return Reply(Framing.JSON, (bytes,), read)


def audio_events(read: Callable[[Json], Piece | None]) -> Reply:
    """Audio in events; the last one says so."""
    return Reply(Framing.EVENTS, (Piece,), read)


def transcript(read: Callable[[Json], Transcript]) -> Reply:
    """One JSON document that holds the whole transcript."""
    return Reply(Framing.JSON, (Transcript,), read)


def transcript_events(read: Callable[[Json], Heard | None]) -> Reply:
    """A transcript in events, which end with a whole `Transcript`."""
    return Reply(Framing.EVENTS, (Delta, Segment, Transcript), read)


def chat_text(read: Callable[[Json], str]) -> Reply:
    """One JSON document that holds a chat model's words."""
    return Reply(Framing.JSON, (str,), read)
