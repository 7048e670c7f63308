"""Server-sent events of OpenAI's audio streams: data-only, each a JSON object, ended by a blank line.

What lives here: the events and their bytes. Source: OpenAI's OpenAPI document of 2026-08-21, SDK readers as measured.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = ["audio_delta", "audio_done", "event", "text_delta"]

_encode = msgspec.json.Encoder().encode


def event(document: Mapping[str, Any]) -> bytes:
    """One event; an error reaches the SDKs only as `{"error": {…}}` in such a one."""
    return b"data: " + _encode(document) + b"\n\n"


def audio_delta(chunk: bytes) -> bytes:
    """A piece of the audio file."""
    return b'data: {"type":"speech.audio.delta","audio":"' + b64encode(chunk) + b'"}\n\n'


def audio_done(input_tokens: int, output_tokens: int) -> bytes:
    """The end of the audio; `usage` is required and carries no `type`."""
    usage = {
        "input_tokens": input_tokens,
        "output_tokens": output_tokens,
        "total_tokens": input_tokens + output_tokens,
    }
    return event({"type": "speech.audio.done", "usage": usage})


def text_delta(text: str) -> bytes:
    """A piece of the transcript."""
    return event({"type": "transcript.text.delta", "delta": text})
