"""The shapes of what clients send, for the OpenAPI document: each field with its limits and its meaning.

What lives here: forms, and the same as JSON. They are decoded in `forms`, `uploads` and `listening`; tests hold the two
together. Speech has a struct of its own, `speech.SpeechBody`, and only what its fields mean stands here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

from router.api.own_routes import RouteBody
from router.wire.calls import LONGEST_MODEL

__all__ = [
    "BINARY",
    "SOUND_FIELDS",
    "SPEECH_FIELDS",
    "ExplainBody",
    "TranscriptionBody",
    "TranscriptionForm",
    "TranslationBody",
    "TranslationForm",
]

BINARY: Mapping[str, Any] = {"type": "string", "format": "binary", "contentMediaType": "application/octet-stream"}

A_MODEL = "A name of `/v1/models`, or `vendor/model`."
SPEECH_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "model": {"description": A_MODEL, "examples": ["tts-1"]},
    "input": {
        "description": "The text to speak; split and joined again where a vendor takes less.",
        "examples": ["Hello."],
    },
    "voice": {
        "description": "One of OpenAI's names, which every vendor answers to, a persona of the table, or a vendor's "
        "own: `/v1/audio/voices` lists them.",
        "examples": ["alloy"],
    },
    "instructions": {"description": "How to speak, where the vendor takes such words.", "default": None},
    "response_format": {
        "description": "The format of the audio. `pcm`: 24 kHz, signed 16-bit little-endian, mono, no header; "
        "`opus` is in Ogg, `aac` in ADTS.",
        "default": "mp3",
    },
    "speed": {"description": "Of the speech, 1 is as usual.", "default": 1.0},
    "stream_format": {"description": "The bytes of the file as they come, or server-sent events.", "default": "audio"},
    "language": {
        "description": "What the text is written in, as ISO 639-1 (`en`), where the vendor asks.",
        "default": None,
    },
    "dialogue": {
        "description": "Turns of several voices, spoken instead of `input`: at once where the vendor does that, else "
        "one by one and joined. A turn without a voice has the call's.",
        "default": None,
    },
}
"""Beside what `SpeechBody` says of its fields."""

SOUND_FIELDS: Mapping[str, Mapping[str, Any]] = {
    "model": {"description": A_MODEL, "examples": ["music"]},
    "input": {"description": "What it should sound like.", "examples": ["Rain on a tin roof."]},
    "duration": {
        "description": "Seconds. A model that makes less is not asked; one that makes more at least makes that.",
        "default": None,
    },
    "response_format": {
        "description": "The format of the audio, 44.1 kHz stereo where it is made here (`opus` 48 kHz). `pcm`: 24 kHz, "
        "signed 16-bit little-endian, mono, no header.",
        "default": "mp3",
    },
    "stream_format": {
        "description": "The bytes of the file, or server-sent events that tell how far it is, too.",
        "default": "audio",
    },
    "background": {
        "description": "Answer at once with a task, which is looked at and fetched at its own address.",
        "default": False,
    },
    "seed": {"description": "For the same again, where the vendor has it.", "default": None},
    "lyrics": {"description": "What is sung; who cannot sing given lyrics is not asked.", "default": None},
    "instrumental": {"description": "Without singing, where the vendor can be told.", "default": None},
}
"""Beside what `SoundBody` says of its fields."""

A_ROUTE = (
    "For this call: `targets` of your own (`vendor/model`, or `{target, weight, voices}`) at vendors of the table, a "
    "`policy`, `max_latency` (`800ms`), `max_cost` (US dollars)."
)

File = Annotated[
    str,
    Meta(
        description="flac, mp3, mp4, m4a, ogg, wav or webm. Its bytes say which; name and declared type need not.",
        extra_json_schema=dict(BINARY),
    ),
]
ModelName = Annotated[str, Meta(min_length=1, max_length=LONGEST_MODEL, description=A_MODEL, examples=["whisper-1"])]
Language = Annotated[str, Meta(description="What is spoken, as ISO 639-1 (`en`); unset: the vendor detects it.")]
Prompt = Annotated[str, Meta(description="Words and style to expect, where the vendor takes such hints.")]
Temperature = Annotated[float, Meta(ge=0, le=1, description="How freely to guess, where the vendor has it.")]
Granularities = Annotated[
    list[Literal["word", "segment"]],
    Meta(description="Which times `verbose_json` holds.", extra_json_schema={"default": ["segment"]}),
]
Include = Annotated[
    list[Literal["logprobs"]], Meta(description="`logprobs`: the log-probability of each token, for `json`.")
]
Languages = Annotated[
    list[str],
    Meta(description="What may be spoken. One is as good as `language`; several are a hint. `json` tells them then."),
]
Keywords = Annotated[list[str], Meta(description="Names and terms to expect, where the vendor takes such hints.")]
Stream = Annotated[bool, Meta(description="Answer in server-sent events.", extra_json_schema={"default": False})]
SpeakerNames = Annotated[list[str], Meta(description="For vendors that know speakers: their names.")]
SpeakerReferences = Annotated[
    list[str], Meta(description="A `data:` URL of each speaker's voice, in the order of the names.")
]
Chunking = Annotated[
    str | dict[str, Any],
    Meta(description="`auto`, or an object, in a form `chunking_strategy[type]=server_vad` or one JSON text."),
]
Route = Annotated[RouteBody, Meta(description=A_ROUTE)]
RouteText = Annotated[RouteBody | str, Meta(description=f"{A_ROUTE} As `route[policy]=cost`, or as one JSON text.")]
TranscriptFormat = Annotated[
    Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"],
    Meta(
        description="How the transcript is written; every vendor that heard enough gives each.",
        extra_json_schema={"default": "json"},
    ),
]
EnglishFormat = Annotated[
    Literal["json", "text", "srt", "verbose_json", "vtt"],
    Meta(description="How the transcript is written.", extra_json_schema={"default": "json"}),
]


class InputAudio(Struct):
    """The audio of a JSON request."""

    data: Annotated[str, Meta(description="The file, in base64.", extra_json_schema={"contentEncoding": "base64"})]
    format: Annotated[str, Meta(description="Its usual ending, such as `wav`; unset: its bytes tell.")] | UnsetType = (
        UNSET
    )


class TranscriptionForm(Struct, kw_only=True):
    """Lists may also be written without `[]`, or as one JSON list. Further fields go to the vendor as they are."""

    file: File
    model: ModelName
    language: Language | UnsetType = UNSET
    prompt: Prompt | UnsetType = UNSET
    response_format: TranscriptFormat | UnsetType = UNSET
    temperature: Temperature | UnsetType = UNSET
    timestamp_granularities: Granularities | UnsetType = field(default=UNSET, name="timestamp_granularities[]")
    include: Include | UnsetType = field(default=UNSET, name="include[]")
    languages: Languages | UnsetType = field(default=UNSET, name="languages[]")
    keywords: Keywords | UnsetType = field(default=UNSET, name="keywords[]")
    stream: Stream | UnsetType = UNSET
    chunking_strategy: Chunking | UnsetType = UNSET
    known_speaker_names: SpeakerNames | UnsetType = field(default=UNSET, name="known_speaker_names[]")
    known_speaker_references: SpeakerReferences | UnsetType = field(default=UNSET, name="known_speaker_references[]")
    route: RouteText | UnsetType = UNSET


class TranscriptionBody(Struct, kw_only=True):
    """The same as JSON. Further fields go to the vendor as they are."""

    input_audio: InputAudio
    model: ModelName
    language: Language | UnsetType = UNSET
    prompt: Prompt | UnsetType = UNSET
    response_format: TranscriptFormat | UnsetType = UNSET
    temperature: Temperature | UnsetType = UNSET
    timestamp_granularities: Granularities | UnsetType = UNSET
    include: Include | UnsetType = UNSET
    languages: Languages | UnsetType = UNSET
    keywords: Keywords | UnsetType = UNSET
    stream: Stream | UnsetType = UNSET
    chunking_strategy: Chunking | UnsetType = UNSET
    known_speaker_names: SpeakerNames | UnsetType = UNSET
    known_speaker_references: SpeakerReferences | UnsetType = UNSET
    route: Route | UnsetType = UNSET


class ExplainBody(Struct, kw_only=True):
    """A call's JSON, without its audio, and which kind of call it is. Further fields are as in the call."""

    model: ModelName
    kind: (
        Annotated[
            Literal["speech", "transcription", "translation", "sound", "music"],
            Meta(extra_json_schema={"default": "speech"}),
        ]
        | UnsetType
    ) = UNSET
    input: Annotated[str, Meta(description="Of all that makes audio, and required there.")] | UnsetType = UNSET
    voice: Annotated[str, Meta(description="Of speech, and required there.")] | UnsetType = UNSET
    response_format: str | UnsetType = UNSET
    language: str | UnsetType = UNSET
    duration: (
        Annotated[float, Meta(gt=0, description="Seconds of the audio, that there is or is to be.")] | UnsetType
    ) = UNSET
    size: Annotated[int, Meta(gt=0, description="Bytes of the file.")] | UnsetType = UNSET
    route: Route | UnsetType = UNSET


class TranslationForm(Struct, kw_only=True):
    """Further fields go to the vendor as they are."""

    file: File
    model: ModelName
    prompt: Prompt | UnsetType = UNSET
    response_format: EnglishFormat | UnsetType = UNSET
    temperature: Temperature | UnsetType = UNSET
    stream: Stream | UnsetType = UNSET
    route: RouteText | UnsetType = UNSET


class TranslationBody(Struct, kw_only=True):
    """The same as JSON. Further fields go to the vendor as they are."""

    input_audio: InputAudio
    model: ModelName
    prompt: Prompt | UnsetType = UNSET
    response_format: EnglishFormat | UnsetType = UNSET
    temperature: Temperature | UnsetType = UNSET
    stream: Stream | UnsetType = UNSET
    route: Route | UnsetType = UNSET
