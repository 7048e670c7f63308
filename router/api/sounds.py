"""`POST /audio/sound-effects` and `/audio/music`: JSON in, a `SoundCall` out, in the manner of the speech endpoint.

What lives here: their fields and limits; a client's own fields are kept for the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from router.api.own_routes import parse_route
from router.api.speech import check_input, fields_of, invalid_field
from router.wire.audio import SPEECH_FORMATS
from router.wire.calls import LONGEST_MODEL, SoundCall
from router.wire.errors import InvalidCall

__all__ = ["SoundBody", "SoundRequest", "parse_sound", "sound_call"]

LONGEST_S = 3_600
MOST_LYRICS = 20_000
MOST_SEED = 2**63 - 1  # every vendor takes less; what it does not take it says itself

SoundKind = Literal["sound", "music"]


class SoundBody(Struct, frozen=True):
    """A description, and what is to come of it; null is as good as absent for the optional ones."""

    model: Annotated[str, Meta(min_length=1, max_length=LONGEST_MODEL)]
    input: str
    duration: Annotated[float, Meta(gt=0, le=LONGEST_S)] | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    stream_format: Literal["audio", "sse"] | None = None
    background: bool | None = None
    seed: Annotated[int, Meta(ge=0, le=MOST_SEED)] | None = None
    lyrics: Annotated[str, Meta(max_length=MOST_LYRICS)] | None = None
    instrumental: bool | None = None


_KNOWN = frozenset(SoundBody.__struct_fields__) | {"route"}


class SoundRequest(Struct, frozen=True):
    """The call, and whether the client comes back for the answer."""

    call: SoundCall
    is_background: bool


def parse_sound(body: bytes, kind: SoundKind, max_input: int) -> SoundRequest:
    """Raises `InvalidCall` naming the field. `max_input`: characters."""
    fields = fields_of(body)
    call = sound_call(fields, kind, max_input)
    is_background = bool(_asked(fields).background)
    if is_background and call.as_events:
        raise InvalidCall(
            "Invalid value for 'stream_format': what runs in the background is asked for at its own address.",
            param="stream_format",
            code="invalid_value",
        )
    return SoundRequest(call, is_background)


def sound_call(fields: Mapping[str, Any], kind: SoundKind, max_input: int) -> SoundCall:
    """Raises `InvalidCall` naming the field. `max_input`: characters."""
    asked = _asked(fields)
    check_input(asked.input, max_input)
    tunables = {"duration": asked.duration, "seed": asked.seed, "instrumental": asked.instrumental}
    return SoundCall(
        kind=kind,
        model=asked.model,
        text=asked.input,
        format=SPEECH_FORMATS[asked.response_format or "mp3"],
        lyrics=asked.lyrics or None,
        tunables={name: value for name, value in tunables.items() if value is not None},
        extras={name: value for name, value in fields.items() if name not in _KNOWN and value is not None},
        as_events=asked.stream_format == "sse",
        route=parse_route(fields.get("route")),
    )


def _asked(fields: Mapping[str, Any]) -> SoundBody:
    try:
        return msgspec.convert(fields, SoundBody, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from error
