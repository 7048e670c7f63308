"""The shapes of what clients get, for the OpenAPI document: errors, transcripts, events, and who is alive.

What lives here: shapes that are written elsewhere without a struct (`wire.errors`, `wire.render`, `wire.events`); tests
hold them against real replies. Lists have structs of their own, in `lists`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

__all__ = [
    "Alive",
    "AudioDelta",
    "AudioDone",
    "AudioProgress",
    "DiarizedTranscription",
    "Error",
    "Ready",
    "SpeechAudioDelta",
    "SpeechAudioDone",
    "TranscriptTextDelta",
    "TranscriptTextDone",
    "TranscriptTextSegment",
    "Transcription",
    "VerboseTranscription",
    "Welcome",
]

Start = Annotated[float, Meta(ge=0, description="Seconds from the start of the audio.")]
Length = Annotated[float, Meta(ge=0, description="Length of the audio in seconds.")]
Count = Annotated[int, Meta(ge=0)]
Whole = Annotated[str, Meta(description="The whole transcript.")]


# ------------------------------------------------------------------ errors, and who is alive


class ErrorFacts(Struct):
    """What the SDKs make their exceptions of."""

    message: Annotated[str, Meta(description="For people.")]
    type: Annotated[str, Meta(examples=["invalid_request_error", "rate_limit_error", "server_error"])]
    param: Annotated[str | None, Meta(description="The field that is wrong.")]
    code: Annotated[str | None, Meta(description="For programs.", examples=["model_not_found", "invalid_api_key"])]


class Error(Struct):
    """Every reply that is not a success, and the last event of a stream that broke off."""

    error: ErrorFacts


class Alive(Struct):
    """The process answers."""

    status: Literal["ok"]


class Ready(Struct):
    """Calls are taken in, and somebody could answer one."""

    status: Literal["ok"]
    models: Annotated[Count, Meta(description="How many models can be asked for.")]


class Welcome(Struct):
    """Who answers here."""

    name: Literal["audio-router"]
    version: str


# ------------------------------------------------------------------ usage


class SpeechUsage(Struct):
    """Tokens are 0 where the vendor counts none; characters are counted here."""

    input_tokens: Count
    output_tokens: Count
    total_tokens: Count
    input_characters: Count


class TokenDetails(Struct):
    """Where the vendor tells them apart."""

    text_tokens: Count | UnsetType = UNSET
    audio_tokens: Count | UnsetType = UNSET


class TokenUsage(Struct, tag_field="type", tag="tokens"):
    """What the vendor counted."""

    input_tokens: Count
    output_tokens: Count
    total_tokens: Count
    input_token_details: TokenDetails | UnsetType = UNSET


class DurationUsage(Struct, tag_field="type", tag="duration"):
    """For vendors that bill by time."""

    seconds: Annotated[Count, Meta(description="Of audio, rounded up.")]


# ------------------------------------------------------------------ transcripts


class Logprob(Struct):
    """A token and how sure the model was of it."""

    token: str
    logprob: float
    bytes: Annotated[list[Annotated[int, Meta(ge=0, le=255)]], Meta(description="The token in UTF-8.")]


class LanguageCode(Struct):
    """A language that was heard."""

    code: Annotated[str, Meta(description="ISO 639-1, or a longer code where there is none.")]


class Transcription(Struct):
    """`json`. A translation has its text alone."""

    text: Whole
    languages: (
        Annotated[list[LanguageCode], Meta(description="If `languages` were given; empty: the vendor could not tell.")]
        | UnsetType
    ) = UNSET
    logprobs: Annotated[list[Logprob], Meta(description="If `include` asks for them.")] | UnsetType = UNSET
    usage: TokenUsage | DurationUsage | UnsetType = UNSET


class Word(Struct):
    """One spoken word."""

    word: str
    start: Start
    end: Start


class Segment(Struct):
    """A stretch of speech. What only Whisper knows is neutral where another vendor heard: 0, or an empty list."""

    id: Count
    seek: Annotated[Count, Meta(description="Hundredths of a second.")]
    start: Start
    end: Start
    text: Annotated[str, Meta(description="With a space before it, as OpenAI writes it.")]
    tokens: list[int]
    temperature: float
    avg_logprob: float
    compression_ratio: float
    no_speech_prob: float


class VerboseTranscription(Struct):
    """`verbose_json`. `timestamp_granularities` says which of words and segments there are."""

    task: Literal["transcribe", "translate"]
    language: Annotated[str, Meta(description="In English and lower case, such as `german`; `unknown` if not told.")]
    duration: Length
    text: Whole
    segments: list[Segment] | UnsetType = UNSET
    words: list[Word] | UnsetType = UNSET
    usage: DurationUsage | UnsetType = UNSET


class TranscriptTextSegment(Struct):
    """A turn: an item of `diarized_json`, and an event of its stream."""

    type: Literal["transcript.text.segment"]
    id: str
    start: Start
    end: Start
    text: str
    speaker: Annotated[str, Meta(description="A name where the vendor knows one, else `A`, `B`, … as they appear.")]


class DiarizedTranscription(Struct):
    """`diarized_json`."""

    task: Literal["transcribe"]
    duration: Length
    text: Annotated[str, Meta(description="One turn a line, behind its speaker and a colon.")]
    segments: list[TranscriptTextSegment]
    usage: TokenUsage | DurationUsage | UnsetType = UNSET


# ------------------------------------------------------------------ events


class SpeechAudioDelta(Struct):
    """A piece of the file."""

    type: Literal["speech.audio.delta"]
    audio: Annotated[str, Meta(description="In base64.", extra_json_schema={"contentEncoding": "base64"})]


class SpeechAudioDone(Struct):
    """The file is whole."""

    type: Literal["speech.audio.done"]
    usage: SpeechUsage


class AudioProgress(Struct):
    """How far sound effects or music are, before there is anything to hear."""

    type: Literal["audio.progress"]
    status: Literal["queued", "running"]
    progress: Annotated[float, Meta(ge=0, le=1)] | None


class AudioDelta(Struct):
    """A piece of their file."""

    type: Literal["audio.delta"]
    audio: Annotated[str, Meta(description="In base64.", extra_json_schema={"contentEncoding": "base64"})]


class AudioDone(Struct):
    """Their file is whole."""

    type: Literal["audio.done"]
    bytes: Annotated[Count, Meta(description="Of the whole file.")]


class TranscriptTextDelta(Struct):
    """A few words more."""

    type: Literal["transcript.text.delta"]
    delta: str
    logprobs: list[Logprob] | UnsetType = UNSET
    segment_id: str | UnsetType = UNSET


class TranscriptTextDone(Struct):
    """The transcript is whole."""

    type: Literal["transcript.text.done"]
    text: Whole
    languages: list[LanguageCode] | UnsetType = UNSET
    logprobs: list[Logprob] | UnsetType = UNSET
    usage: TokenUsage | UnsetType = UNSET
    duration: Length | UnsetType = UNSET
