"""The words a vendor file is written in: facts as frozen structs, requests as drafts, answers as values.

What lives here: vocabulary only. Nothing sends, waits, reads a clock or the environment; how a draft becomes bytes is
`upstream`'s business, who may serve a call is `routing`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fnmatch import fnmatchcase
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from router.vendors.asks import Ask, ChatAsk, ListenAsk, SoundAsk, SpeechAsk
from router.vendors.drafts import (
    Draft,
    Interim,
    Job,
    Progress,
    Steps,
    base64_of,
    data_url,
    get,
    path_of,
    placed,
    post,
    put,
)
from router.vendors.looking import look
from router.vendors.manners import ErrorShape, Key
from router.vendors.prices import (
    Price,
    Unit,
    each,
    free,
    in_credits,
    per_1m_characters,
    per_1m_tokens,
    per_hour,
    per_minute,
)
from router.vendors.replies import (
    Framing,
    Heard,
    Json,
    Piece,
    Reply,
    audio_bytes,
    audio_events,
    audio_json,
    chat_text,
    transcript,
    transcript_events,
)
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, WAV, Format, pcm
from router.wire.calls import Turn
from router.wire.faults import Kind
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
    "Dialogue",
    "Draft",
    "ErrorShape",
    "Format",
    "Framing",
    "Heard",
    "Interim",
    "Job",
    "Json",
    "Key",
    "Kind",
    "ListenAsk",
    "Model",
    "Operation",
    "Piece",
    "Progress",
    "Range",
    "Reply",
    "Segment",
    "Sound",
    "SoundAsk",
    "Speech",
    "SpeechAsk",
    "Steps",
    "Token",
    "Transcript",
    "Transcription",
    "Turn",
    "Unit",
    "Upload",
    "Vendor",
    "Voice",
    "Word",
    "audio_bytes",
    "audio_events",
    "audio_json",
    "base64_of",
    "chat_text",
    "data_url",
    "each",
    "free",
    "get",
    "honours",
    "in_credits",
    "look",
    "path_of",
    "pcm",
    "per_1m_characters",
    "per_1m_tokens",
    "per_hour",
    "per_minute",
    "placed",
    "post",
    "put",
    "replace",
    "row_of",
    "transcript",
    "transcript_events",
    "words",
]

NONE: Mapping[str, Any] = {}


# -------------------------------------------------------------------------- what a vendor can do

Range = tuple[float, float] | None


def honours(*names: str, **ranges: tuple[float, float]) -> Mapping[str, Range]:
    """The tuning parameters that work, with the bounds to clamp to; all others are dropped and named."""
    return {**dict.fromkeys(names), **ranges}


def words(text: str) -> frozenset[str]:
    """A set of words, written as a sentence."""
    return frozenset(text.split())


class Dialogue(Struct, frozen=True):
    """A model that speaks several voices at once: how many, and how many characters of all of them (None: any).

    `drops`: what it honours of one voice, and not of several.
    """

    longest: int | None = None
    voices: int | None = None
    drops: frozenset[str] = frozenset()


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
    dialogue: Dialogue | None = None
    steps: int | None = None
    patience_s: float | None = None
    extras: frozenset[str] | None = None


class Operation(Struct, frozen=True, kw_only=True):
    """One thing a vendor does.

    `reply` is how its answer reads, `events` how it reads when it was asked for as a stream of events; only models that
    give `events` are asked so. `models`: exact id first, then the first glob that fits; a model without a row is taken
    to be as the operation says, unless another operation of the vendor has a row for it. `extras`: fields of the
    vendor's own that a client may send along, by their top-level names. `price`, `shutdown`: of one model, by its row.
    `patience_s`: how long such an answer usually takes, where that is longer than a call of its kind waits (a job, a
    model that has to be loaded first). `proof`: what the file was compared with: the vendor's own SDK, its OpenAPI
    document, or what it has written for people.
    """

    request: Callable[[Any], Draft | Steps]
    reply: Reply
    events: Reply | None = None
    gives: frozenset[str] = frozenset()
    honours: Mapping[str, Range] = NONE
    models: Mapping[str, Model] = {}
    extras: frozenset[str] = frozenset()
    price: Price | None = None
    shutdown: str | None = None
    patience_s: float | None = None
    proof: Literal["sdk", "openapi", "documents"] = "documents"


class Speech(Operation, frozen=True, kw_only=True):
    """Text in, audio out. `formats`: what comes natively -> the vendor's word for it; others are transcoded.

    `voices`: OpenAI's thirteen names, as far as this vendor has something close, and `"*"` for the rest -> its own.
    `voice_like`: a pattern of its own voices (None: anything may be one); `cast`: facts on them. `longest`: characters.
    `languages`: those it speaks, as ISO 639-1 codes (None: any, or as the voice does). `dialogue`: several voices at
    once; without it each turn is spoken by itself.
    """

    request: Callable[[SpeechAsk], Draft | Steps]
    formats: Mapping[Format, Any]
    voices: Mapping[str, str] = {}
    voice_like: str | None = None
    longest: int | None = None
    languages: frozenset[str] | None = None
    cast: Mapping[str, Voice] = {}
    dialogue: Dialogue | None = None


class Sound(Operation, frozen=True, kw_only=True):
    """A description in, a sound effect or music out. `formats` as in speech; `longest`: characters of the description.

    What `honours` says of `duration` is how long it may be, in seconds: nobody is given less than was asked for.
    `honours` lyrics: it sings what it is given; others are not asked to. `steps`: those of a diffusion model, where the
    caller names none.
    """

    request: Callable[[SoundAsk], Draft | Steps]
    formats: Mapping[Format, Any]
    longest: int | None = None
    steps: int | None = None


class Transcription(Operation, frozen=True, kw_only=True):
    """Audio in, text out. `gives`: `words segments speakers logprobs`, what the answer can hold beyond the text.

    `longest_s`: the longest audio that the vendor takes, in seconds (None: as long as the file's bytes allow).
    `languages`: those it understands, as ISO 639-1 codes (None: any). `takes_chunked`: it is known to take a request
    whose length is not told beforehand (`Transfer-Encoding: chunked`), so that an upload without one can pass through.
    """

    request: Callable[[ListenAsk], Draft | Steps]
    takes_chunked: bool = False
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
    None: the vendor itself. `knows_all_models`: a model without a row does not exist there. `result_hosts`: patterns of
    other hosts that may hand out what it has made; they never get the key. `read`: ISO date on which the facts were.
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
    result_hosts: tuple[str, ...] = ()
    read: str | None = None
    speech: Speech | None = None
    transcription: Transcription | None = None
    translation: Transcription | None = None
    sound: Sound | None = None
    music: Sound | None = None
    chat: Chat | None = None


def row_of(operation: Operation, model: str) -> Model | None:
    """The row of a model: its own, else the first pattern that fits, else None."""
    if model in operation.models:
        return operation.models[model]
    return next((row for glob, row in operation.models.items() if fnmatchcase(model, glob)), None)
