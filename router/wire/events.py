"""Server-sent events of OpenAI's audio streams: data-only, each a JSON object, ended by a blank line.

What lives here: the events and their bytes. Source: OpenAI's OpenAPI document of 2026-08-21, SDK readers as measured.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

from router.wire.transcripts import Delta, Token

__all__ = [
    "BROKEN_OFF",
    "COMMENT",
    "audio_delta",
    "audio_done",
    "event",
    "logprob_of",
    "sound_delta",
    "sound_done",
    "sound_progress",
    "text_delta",
]

COMMENT = b": still working\n\n"
"""Says nothing to any reader, and keeps a connection alive."""

BROKEN_OFF = {
    "error": {"message": "The vendor's stream broke off.", "type": "server_error", "param": None, "code": "interrupted"}
}
"""What a client of a stream hears of a failure after its status went out."""

_encode = msgspec.json.Encoder().encode


def event(document: Mapping[str, Any]) -> bytes:
    """One event; an error reaches the SDKs only as `{"error": {…}}` in such a one."""
    return b"data: " + _encode(document) + b"\n\n"


def audio_delta(chunk: bytes) -> bytes:
    """A piece of the audio file."""
    return b'data: {"type":"speech.audio.delta","audio":"' + b64encode(chunk) + b'"}\n\n'


def audio_done(input_tokens: int, output_tokens: int, characters: int) -> bytes:
    """The end of the audio; `usage` is required and carries no `type`.

    Tokens are 0 where the vendor counts none; `input_characters`, which OpenAI does not have, is always true.
    """
    usage = {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
        "input_characters": characters,
    }
    return event({"type": "speech.audio.done", "usage": usage})


def sound_progress(status: str, progress: float | None) -> bytes:
    """How far sound effects or music are, while there is nothing to hear yet. `progress`: 0 to 1, where it is known."""
    return event({"type": "audio.progress", "status": status, "progress": progress})


def sound_delta(chunk: bytes) -> bytes:
    """A piece of their file."""
    return b'data: {"type":"audio.delta","audio":"' + b64encode(chunk) + b'"}\n\n'


def sound_done(size: int) -> bytes:
    """Its end, and how many bytes it has in all."""
    return event({"type": "audio.done", "bytes": size})


def text_delta(delta: Delta) -> bytes:
    """A piece of the transcript; log-probabilities and the segment it belongs to only where the vendor told them."""
    document: dict[str, Any] = {"type": "transcript.text.delta", "delta": delta.text}
    if delta.tokens:
        document["logprobs"] = [logprob_of(token) for token in delta.tokens]
    if delta.segment_id is not None:
        document["segment_id"] = delta.segment_id
    return event(document)


def logprob_of(token: Token) -> dict[str, Any]:
    """A token as OpenAI writes it, in documents and in events."""
    return {"token": token.text, "logprob": token.logprob, "bytes": list(token.data)}
