"""A transcript as the client asked for it: a content type and bytes, right to the letter of OpenAI's wire.

What lives here: the six response formats, their JSON, and usage; captions are made in `captions`. Pure; the source of
each shape is `openai-python` 3.52.0 and OpenAI's OpenAPI document of 2026-08-21.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeGuard

import msgspec
from msgspec import Struct

from router.wire.captions import srt, vtt
from router.wire.cutting import cut
from router.wire.events import logprob_of
from router.wire.languages import UNTOLD, code_of, name_of
from router.wire.transcripts import Segment, Token, Transcript, Word, join, writable
from router.wire.turns import Turns

__all__ = [
    "RESPONSE_FORMATS",
    "Rendering",
    "ResponseFormat",
    "Usage",
    "done_event",
    "length_of",
    "render",
    "tells_length",
    "wants_of",
]

ResponseFormat = Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]
RESPONSE_FORMATS: tuple[ResponseFormat, ...] = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")

_JSON = "application/json"
_MOST_TOKENS = 2**53  # beyond it numbers are not whole in JavaScript


class Usage(Struct, frozen=True, gc=False):
    """What the vendor says it will bill: tokens, if it likes those of text and of audio apart, or seconds of audio."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None
    input_text_tokens: int | None = None
    input_audio_tokens: int | None = None

    def in_tokens(self) -> dict[str, Any] | None:
        """OpenAI's `usage` of the tokens kind; None: the vendor did not count any."""
        read, written = self.input_tokens, self.output_tokens
        if not (_is_count(read) and _is_count(written)):
            return None
        parts = {"text_tokens": self.input_text_tokens, "audio_tokens": self.input_audio_tokens}
        details = {name: count for name, count in parts.items() if _is_count(count)}
        return {
            "type": "tokens",
            "input_tokens": read,
            **({"input_token_details": details} if details else {}),
            "output_tokens": written,
            "total_tokens": read + written,
        }

    def in_seconds(self, transcript: Transcript) -> dict[str, Any] | None:
        """OpenAI's `usage` of the duration kind, whole seconds rounded up; None: nobody knows how long it was."""
        is_told = self.seconds is not None and math.isfinite(self.seconds) and self.seconds >= 0
        seconds = self.seconds if is_told else length_of(transcript)
        return None if seconds is None else {"type": "duration", "seconds": math.ceil(round(seconds, 3))}


def _is_count(tokens: int | None) -> TypeGuard[int]:
    return tokens is not None and 0 <= tokens <= _MOST_TOKENS


class Rendering(Struct, frozen=True):
    """How the client wants a transcript: the format, for verbose_json which times, for json what else."""

    format: ResponseFormat = "json"
    task: Literal["transcribe", "translate"] = "transcribe"
    has_words: bool = False
    has_segments: bool = True
    has_logprobs: bool = False
    has_languages: bool = False


def wants_of(rendering: Rendering) -> frozenset[str]:
    """What a vendor must be able to give for this rendering."""
    match rendering.format:
        case "verbose_json":
            asked = {"words": rendering.has_words, "segments": rendering.has_segments}
            return frozenset(name for name, is_asked in asked.items() if is_asked)
        case "srt" | "vtt":
            return frozenset({"segments"})
        case "diarized_json":
            return frozenset({"segments", "speakers"})
        case "json" if rendering.has_logprobs:
            return frozenset({"logprobs"})
        case _:
            return frozenset()


def tells_length(rendering: Rendering, usage: Usage) -> bool:
    """Whether the client is told how long the audio is: as such, or as usage where nothing else was billed."""
    if rendering.format in {"verbose_json", "diarized_json"}:
        return True
    is_billed = usage.in_tokens() is not None or usage.seconds is not None
    return rendering.format == "json" and rendering.task == "transcribe" and not is_billed


def render(transcript: Transcript, rendering: Rendering, usage: Usage) -> tuple[str, bytes]:
    """Content type and body. A caller that knows the file's length where the vendor told none sets `duration` to it."""
    transcript = writable(transcript)
    if body := _TEXTS.get(rendering.format):
        content_type, text = body
        return content_type, text(transcript).encode()
    document = _DOCUMENTS[rendering.format](transcript, rendering)
    if billed := _billed(transcript, rendering, usage):
        document["usage"] = billed
    return _JSON, msgspec.json.encode(document)


def _billed(transcript: Transcript, rendering: Rendering, usage: Usage) -> dict[str, Any] | None:
    """Translations have no usage, and verbose_json only has seconds."""
    if rendering.task == "translate":
        return None
    in_tokens = None if rendering.format == "verbose_json" else usage.in_tokens()
    return in_tokens or usage.in_seconds(transcript)


def done_event(transcript: Transcript, rendering: Rendering, usage: Usage) -> dict[str, Any]:
    """The event that ends a stream: the whole text once more, log-probabilities and languages if asked for, usage.

    There usage can only be tokens; without them the event says `duration` (seconds), which OpenAI does not have.
    """
    transcript = writable(transcript)
    document = {"type": "transcript.text.done", **_json(transcript, rendering)}
    if billed := usage.in_tokens():
        document["usage"] = billed
    elif (length := length_of(transcript)) is not None:
        document["duration"] = length
    return document


def length_of(transcript: Transcript) -> float | None:
    """Seconds of audio, as told or as far as anything was heard."""
    if transcript.duration is not None:
        return transcript.duration
    timed: list[Segment | Word] = [*transcript.segments, *transcript.words]
    return max((one.end for one in timed), default=None)


# ------------------------------------------------------------------ JSON


def _json(transcript: Transcript, rendering: Rendering) -> dict[str, Any]:
    document: dict[str, Any] = {"text": transcript.text}
    if transcript.languages is not None or rendering.has_languages:
        document["languages"] = [{"code": code} for code in _codes(transcript)]
    if rendering.has_logprobs:
        tokens = transcript.tokens or [
            Token(word.text, word.logprob, word.text.encode()) for word in transcript.words if word.logprob is not None
        ]
        document["logprobs"] = [logprob_of(token) for token in tokens]
    return document


def _codes(transcript: Transcript) -> Sequence[str]:
    """What the vendor told; else the one language there is, or none where it could not tell or did not."""
    if transcript.languages is not None:
        return transcript.languages
    code = code_of(transcript.language or "")
    return [] if code in UNTOLD else [code]


def _language(language: str | None) -> str:
    return name_of(language) if language and code_of(language) not in UNTOLD else "unknown"


def _verbose(transcript: Transcript, rendering: Rendering) -> dict[str, Any]:
    document: dict[str, Any] = {
        "task": rendering.task,
        "language": "english" if rendering.task == "translate" else _language(transcript.language),
        "duration": length_of(transcript) or 0.0,
        "text": transcript.text,
    }
    if rendering.has_segments:
        document["segments"] = [_whisper_segment(index, one) for index, one in enumerate(transcript.timed())]
    if rendering.has_words:
        document["words"] = [
            {"word": word.text.strip(), "start": word.start, "end": word.end} for word in transcript.words
        ]
    return document


def _whisper_segment(index: int, segment: Segment) -> dict[str, Any]:
    """All ten keys are required and none may be null; what only Whisper knows is neutral where another vendor heard."""
    return {
        "id": index,
        "seek": int(segment.start * 100) if segment.seek is None else segment.seek,
        "start": segment.start,
        "end": segment.end,
        "text": f" {segment.text.strip()}",
        "tokens": list(segment.tokens),
        "temperature": segment.temperature or 0.0,
        "avg_logprob": segment.avg_logprob or 0.0,
        "compression_ratio": segment.compression_ratio or 0.0,
        "no_speech_prob": segment.no_speech_prob or 0.0,
    }


def _diarized(transcript: Transcript, rendering: Rendering) -> dict[str, Any]:
    turns = Turns()
    segments = [turns.written(one) for one in _spoken(transcript)]
    return {
        "task": rendering.task,
        "duration": length_of(transcript) or 0.0,
        "text": "\n".join(f"{one['speaker']}: {one['text']}" for one in segments),
        "segments": segments,
    }


def _spoken(transcript: Transcript) -> Sequence[Segment]:
    """The segments, cut from words where only these say who speaks."""
    if any(one.speaker is not None for one in transcript.segments) or not any(
        word.speaker for word in transcript.words
    ):
        return transcript.timed()
    return [join(part) for part in cut(transcript.words)]


_DOCUMENTS: Mapping[str, Callable[[Transcript, Rendering], dict[str, Any]]] = {
    "json": _json,
    "verbose_json": _verbose,
    "diarized_json": _diarized,
}


# ------------------------------------------------------------------ text


def _text(transcript: Transcript) -> str:
    return f"{transcript.text}\n"


_TEXTS: Mapping[str, tuple[str, Callable[[Transcript], str]]] = {
    "text": ("text/plain; charset=utf-8", _text),
    "srt": ("application/x-subrip; charset=utf-8", srt),
    "vtt": ("text/vtt; charset=utf-8", vtt),
}
