"""`POST /audio/speech`: JSON in, a `SpeechCall` out.

What lives here: OpenAI's fields and their limits; a client's own fields are kept for the vendor.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Raw, Struct

from router.api.brackets import check_count, check_depth
from router.api.decoding import UNDECODABLE, undecodable
from router.api.own_routes import parse_route
from router.wire.audio import SPEECH_FORMATS
from router.wire.calls import LONGEST_MODEL, SpeechCall, Turn
from router.wire.errors import InvalidCall

__all__ = ["SpeechBody", "check_input", "fields_of", "invalid_field", "parse_speech", "speech_call"]


MOST_TURNS = 1_000


class VoiceId(Struct, frozen=True):
    """A voice as OpenAI's custom voices are named."""

    id: str


class TurnBody(Struct, frozen=True):
    """What one voice says; without a voice of its own it is the call's."""

    text: Annotated[str, Meta(min_length=1)]
    voice: str | VoiceId | None = None


class SpeechBody(Struct, frozen=True):
    """OpenAI's fields, and those of this router's own; null is as good as absent for the optional ones."""

    model: Annotated[str, Meta(min_length=1, max_length=LONGEST_MODEL)]
    input: str
    voice: str | VoiceId
    instructions: str | None = None
    response_format: Literal["mp3", "opus", "aac", "flac", "wav", "pcm"] | None = None
    speed: Annotated[float, Meta(ge=0.25, le=4.0)] | None = None
    stream_format: Literal["audio", "sse"] | None = None
    language: str | None = None
    dialogue: Annotated[list[TurnBody], Meta(max_length=MOST_TURNS)] | None = None


MOST_VALUES = 10_000
"""Fields, items of lists and members of objects, together: pronunciation dictionaries are long."""

_outline = msgspec.json.Decoder(dict[str, Raw]).decode
_decode = msgspec.json.Decoder(Any).decode
_decode_fields = msgspec.json.Decoder(dict[str, Any]).decode
_KNOWN = frozenset(SpeechBody.__struct_fields__) | {"route"}


def parse_speech(body: bytes, max_input: int) -> SpeechCall:
    """Raises `InvalidCall` naming the field. `max_input`: characters."""
    return speech_call(fields_of(body), max_input)


def fields_of(body: bytes) -> dict[str, Any]:
    """The fields of a JSON object, which are not too many and not too deep. Raises `InvalidCall`."""
    try:
        return _fields(body)
    except UNDECODABLE as error:
        raise undecodable(error) from error


def speech_call(fields: Mapping[str, Any], max_input: int) -> SpeechCall:
    """Raises `InvalidCall` naming the field. `max_input`: characters."""
    try:
        asked = msgspec.convert(fields, SpeechBody, strict=False)
    except msgspec.ValidationError as error:
        raise invalid_field(error) from error
    turns = tuple(Turn(turn.text, _voice_of(turn.voice or asked.voice)) for turn in asked.dialogue or ())
    text = "\n".join(turn.text for turn in turns) or asked.input
    for number, turn in enumerate(turns):
        check_input(turn.text, max_input, f"dialogue[{number}].text")
    check_input(text, max_input, "dialogue" if turns else "input")
    tunables = {"speed": asked.speed, "instructions": asked.instructions, "language": asked.language}
    return SpeechCall(
        model=asked.model,
        text=text,
        voice=_voice_of(asked.voice),
        turns=turns,
        format=SPEECH_FORMATS[asked.response_format or "mp3"],
        tunables={name: value for name, value in tunables.items() if value is not None},
        extras={name: value for name, value in fields.items() if name not in _KNOWN and value is not None},
        as_events=asked.stream_format == "sse",
        route=parse_route(fields.get("route")),
    )


def _voice_of(voice: str | VoiceId) -> str:
    return voice.id if isinstance(voice, VoiceId) else voice


def _fields(body: bytes) -> dict[str, Any]:
    if len(body) <= 2 * MOST_VALUES:  # each value has a byte, and one behind it
        fields = _decode_fields(body)
    else:
        outline = _outline(body)
        check_count(outline, MOST_VALUES)
        fields = {name: _decode(raw) for name, raw in outline.items()}
    for name, value in fields.items():  # what can just be decoded could be too deep for all that follows
        check_depth(name, value)
    return fields


def invalid_field(error: msgspec.ValidationError) -> InvalidCall:
    """Where msgspec says "… - at `$.speed`", or names the missing field in its text: the param and the words."""
    text, _, path = str(error).partition(" - at `$.")
    param = path.rstrip("`") or None
    if param is None and "missing required field" in text:
        param = text.rpartition("field `")[2].rstrip("`")
        return InvalidCall(f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter")
    return InvalidCall(f"Invalid value for '{param}': {text[:1].lower()}{text[1:]}.", param=param, code="invalid_value")


def check_input(text: str, max_input: int, param: str = "input") -> None:
    """Raises `InvalidCall` for a text with nothing to say, or with more than `max_input` characters."""
    if not text.strip():
        raise InvalidCall(
            f"Invalid value for '{param}': there is nothing to say in it.", param=param, code="invalid_value"
        )
    if len(text) > max_input:
        raise InvalidCall(
            f"Invalid value for '{param}': {len(text):,} characters, at most {max_input:,} are taken.",
            param=param,
            code="string_above_max_length",
        )
