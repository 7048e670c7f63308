"""The words a vendor file is written in: facts as frozen structs, requests as drafts, answers as values.

What lives here: vocabulary only. Nothing sends, waits, reads a clock or the environment; how a draft becomes bytes is
`upstream`'s business, who may serve a call is `routing`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal
from urllib.parse import quote

from msgspec import Struct
from msgspec.structs import replace

from router.vendors.asks import Ask, ChatAsk, ListenAsk, SpeechAsk
from router.vendors.prices import Price, Unit, free, per_1m_characters, per_1m_tokens, per_hour, per_minute
from router.vendors.replies import (
    Framing,
    Heard,
    Json,
    Piece,
    Reply,
    audio_bytes,
    audio_events,
    chat_text,
    transcript,
    transcript_events,
)
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, WAV, Format, pcm
from router.wire.faults import Fault, Kind
from router.wire.transcripts import Delta, Segment, Token, Transcript, Word
from router.wire.upload import Upload
from router.wire.voices import Voice

__all__ = [
    "AAC",
    "FLAC",
    "MP3",
    "OPUS",
    "PCM",
    "WAV",
    "Ask",
    "Chat",
    "ChatAsk",
    "Delta",
    "Draft",
    "ErrorShape",
    "Format",
    "Framing",
    "Heard",
    "Json",
    "Key",
    "Kind",
    "ListenAsk",
    "Model",
    "Operation",
    "Piece",
    "Range",
    "Reply",
    "Segment",
    "Speech",
    "SpeechAsk",
    "Token",
    "Transcript",
    "Transcription",
    "Unit",
    "Upload",
    "Vendor",
    "Voice",
    "Word",
    "audio_bytes",
    "audio_events",
    "chat_text",
    "free",
    "honours",
    "pcm",
    "per_1m_characters",
    "per_1m_tokens",
    "per_hour",
    "per_minute",
    "post",
    "replace",
    "row_of",
    "transcript",
    "transcript_events",
    "words",
]

Fields = Mapping[str, Any]
NONE: Fields = {}


# -------------------------------------------------------------------------- drafts


class Draft(Struct, frozen=True, kw_only=True):
    """A request as the vendor file states it: at most one of `json`, `form`, `body`. None values are left out.

    `url` is joined to the vendor's base. `defaults` are opinions: the client's own fields go over them, and both go
    under what the draft itself sets. `extras` says where those fields belong, `objects` how a form spells an object:
    as one JSON text, or with a part for each `name[key]`.
    """

    method: str
    url: str
    query: Fields = NONE
    json: Json = None
    form: Fields | None = None
    body: Upload | None = None
    defaults: Fields = NONE
    extras: Literal["body", "query"] | None = "body"
    objects: Literal["json", "brackets"] = "json"


def post(url: str, *segments: str, **rest: Any) -> Draft:
    """A POST; each `{}` in `url` becomes one quoted path segment. Raises `Fault` (INPUT) for one that cannot be."""
    return Draft(method="POST", url=url.format(*map(_segment, segments)) if segments else url, **rest)


def _segment(value: str) -> str:
    if value in {"", ".", ".."} or any(ord(character) < 32 or ord(character) == 127 for character in value):
        raise Fault(Kind.INPUT, f"{value!r} cannot be part of an address")
    return quote(value, safe="")


# -------------------------------------------------------------------------- errors, keys


class ErrorShape(Struct, frozen=True):
    """Where an error says what it says. Paths are dotted, alternatives split by `|`, `header:` reads a header.

    `kinds` maps the vendor's codes to ours, first; the HTTP status decides the rest. A code found in a 200 that is not
    in `ok` is a fault too, and so is an event of a stream that has something at `in_event`.
    """

    message: str = "error.message|error|message|detail"
    code: str = "error.code|error.type"
    in_event: str = "error.message|error.type|error.code|error"
    param: str = ""  # where the fields are OpenAI's
    kinds: Mapping[str, Kind] = {}
    ok: frozenset[str] = frozenset()


class Key(Struct, frozen=True):
    """Our key in a header: `prefix` and then the secret of that name in the vendor's entry of routes.yaml."""

    header: str = "authorization"
    prefix: str = "Bearer "
    secret: str = "api_key"  # noqa: S105 - its name


# -------------------------------------------------------------------------- what a vendor can do

Range = tuple[float, float] | None


def honours(*names: str, **ranges: tuple[float, float]) -> Mapping[str, Range]:
    """The tuning parameters that work, with the bounds to clamp to; all others are dropped and named."""
    return {**dict.fromkeys(names), **ranges}


def words(text: str) -> frozenset[str]:
    """A set of words, written as a sentence."""
    return frozenset(text.split())


class Model(Struct, frozen=True, kw_only=True):
    """What one model differs in from its operation. None: as the operation says. `shutdown`: ISO date of its end."""

    price: Price | None = None
    shutdown: str | None = None
    formats: Mapping[Format, Any] | None = None
    honours: Mapping[str, Range] | None = None
    gives: frozenset[str] | None = None
    voices: Mapping[str, str] | None = None
    voice_like: str | None = None
    longest: int | None = None
    longest_s: float | None = None
    languages: frozenset[str] | None = None
    cast: Mapping[str, Voice] | None = None
    extras: frozenset[str] | None = None


class Operation(Struct, frozen=True, kw_only=True):
    """One thing a vendor does.

    `reply` is how its answer reads, `events` how it reads when it was asked for as a stream of events; only models that
    give `events` are asked so. `models`: exact id first, then the first glob that fits; a model without a row is taken
    to be as the operation says, unless another operation of the vendor has a row for it. `extras`: fields of the
    vendor's own that a client may send along, by their top-level names. `price`, `shutdown`: of one model, by its row.
    """

    request: Callable[[Any], Draft]
    reply: Reply
    events: Reply | None = None
    gives: frozenset[str] = frozenset()
    honours: Mapping[str, Range] = NONE
    models: Mapping[str, Model] = {}
    extras: frozenset[str] = frozenset()
    price: Price | None = None
    shutdown: str | None = None


class Speech(Operation, frozen=True, kw_only=True):
    """Text in, audio out. `formats`: what comes natively -> the vendor's word for it; others are transcoded.

    `voices`: OpenAI's thirteen names, as far as this vendor has something close, and `"*"` for the rest -> its own.
    `voice_like`: a pattern of its own voices (None: anything may be one); `cast`: facts on them. `longest`: characters.
    `languages`: those it speaks, as ISO 639-1 codes (None: any, or as the voice does).
    """

    request: Callable[[SpeechAsk], Draft]
    formats: Mapping[Format, Any]
    voices: Mapping[str, str] = {}
    voice_like: str | None = None
    longest: int | None = None
    languages: frozenset[str] | None = None
    cast: Mapping[str, Voice] = {}


class Transcription(Operation, frozen=True, kw_only=True):
    """Audio in, text out. `gives`: `words segments speakers logprobs`, what the answer can hold beyond the text.

    `longest_s`: the longest audio that the vendor takes, in seconds (None: as long as the file's bytes allow).
    `languages`: those it understands, as ISO 639-1 codes (None: any).
    """

    request: Callable[[ListenAsk], Draft]
    largest_bytes: int | None = None
    longest_s: float | None = None
    languages: frozenset[str] | None = None


class Chat(Operation, frozen=True, kw_only=True):
    """Text in, text out: what translates a transcript. Nothing of it is offered to clients."""

    request: Callable[[ChatAsk], Draft]


class Vendor(Struct, frozen=True, kw_only=True):
    """A company, or a program on this machine, and all we know about its wire.

    `billed`: a unit -> where an answer reports it. `closed`: its own fields that no client may set, because they
    identify, redirect or bill; `"*"` stands for all fields. `requires`: importable packages without which it cannot
    work (an optional extra). `dialect`: what holds for any other server that speaks this wire (`like:` in routes.yaml);
    None: the vendor itself. `knows_all_models`: a model without a row does not exist there.
    """

    name: str
    base_url: str
    auth: Key | None = Key()
    errors: ErrorShape = ErrorShape()
    billed: Mapping[Unit, str] = {}
    closed: frozenset[str] = frozenset()
    transport: Literal["http", "processes"] = "http"
    requires: tuple[str, ...] = ()
    dialect: Vendor | None = None
    knows_all_models: bool = False
    speech: Speech | None = None
    transcription: Transcription | None = None
    translation: Transcription | None = None
    chat: Chat | None = None


def row_of(operation: Operation, model: str) -> Model | None:
    """The row of a model: its own, else the first pattern that fits, else None."""
    if model in operation.models:
        return operation.models[model]
    return next((row for glob, row in operation.models.items() if fnmatchcase(model, glob)), None)
