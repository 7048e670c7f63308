"""A transcript as the client asked for it: a content type and bytes, right to the letter of OpenAI's wire.

What lives here: the six response formats. Pure; the source of each shape is `openai-python` 3.52.0 and OpenAI's OpenAPI
document of 2026-08-21.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from router.wire.languages import name_of
from router.wire.transcripts import Segment, Token, Transcript

__all__ = [
    "RESPONSE_FORMATS",
    "Rendering",
    "ResponseFormat",
    "Usage",
    "done_event",
    "render",
    "segment_events",
    "wants_of",
]

ResponseFormat = Literal["json", "text", "srt", "verbose_json", "vtt", "diarized_json"]
RESPONSE_FORMATS: tuple[ResponseFormat, ...] = ("json", "text", "srt", "verbose_json", "vtt", "diarized_json")

_JSON = "application/json"
LAST_CUE_S = 359_999.999  # 99:59:59.999, the last time that a cue can have
_NUMBERED = re.compile(r"(speaker[ _-]?)?\d+", re.IGNORECASE)


class Usage(Struct, frozen=True, gc=False):
    """What the vendor says it will bill: tokens, or seconds of audio."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    seconds: float | None = None

    def as_openai(self) -> dict[str, Any] | None:
        """The `usage` object of a transcript; None: nothing is known."""
        if self.input_tokens is not None and self.output_tokens is not None:
            return {
                "type": "tokens",
                "input_tokens": self.input_tokens,
                "output_tokens": self.output_tokens,
                "total_tokens": self.input_tokens + self.output_tokens,
            }
        return None if self.seconds is None else {"type": "duration", "seconds": math.ceil(self.seconds)}


class Rendering(Struct, frozen=True):
    """How the client wants a transcript: the format, and for verbose_json which times."""

    format: ResponseFormat = "json"
    task: Literal["transcribe", "translate"] = "transcribe"
    has_words: bool = False
    has_segments: bool = True
    has_logprobs: bool = False


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
        case _:
            return frozenset({"logprobs"}) if rendering.has_logprobs else frozenset()


def render(transcript: Transcript, rendering: Rendering, usage: Usage) -> tuple[str, bytes]:
    """Content type and body."""
    if body := _TEXTS.get(rendering.format):
        content_type, text = body
        return content_type, text(transcript).encode()
    document = _DOCUMENTS[rendering.format](transcript, rendering)
    billed = usage.as_openai() or Usage(seconds=length_of(transcript)).as_openai()
    if billed and rendering.task != "translate":
        document["usage"] = billed
    return _JSON, msgspec.json.encode(document)


def length_of(transcript: Transcript) -> float | None:
    """Seconds of audio, as told or as far as anything was heard."""
    if transcript.duration is not None:
        return transcript.duration
    timed = transcript.words or transcript.segments
    return timed[-1].end if timed else None


# ------------------------------------------------------------------ JSON


def _json(transcript: Transcript, rendering: Rendering) -> dict[str, Any]:
    document: dict[str, Any] = {"text": transcript.text}
    if rendering.has_logprobs:
        tokens = transcript.tokens or [
            Token(word.text, word.logprob, word.text.encode()) for word in transcript.words if word.logprob is not None
        ]
        document["logprobs"] = [
            {"token": token.text, "logprob": token.logprob, "bytes": list(token.data)} for token in tokens
        ]
    return document


def _verbose(transcript: Transcript, rendering: Rendering) -> dict[str, Any]:
    is_translated = rendering.task == "translate"
    document: dict[str, Any] = {
        "task": rendering.task,
        "language": "english" if is_translated else name_of(transcript.language or "unknown"),
        "duration": length_of(transcript) or 0.0,
        "text": transcript.text,
    }
    if rendering.has_segments:
        document["segments"] = [_whisper_segment(index, one) for index, one in enumerate(transcript.timed())]
    if rendering.has_words:
        document["words"] = [{"word": word.text, "start": word.start, "end": word.end} for word in transcript.words]
    return document


def _whisper_segment(index: int, segment: Segment) -> dict[str, Any]:
    """All ten keys are required and none may be null; what only Whisper knows is neutral where another vendor heard."""
    return {
        "id": index,
        "seek": int(segment.start * 100),
        "start": segment.start,
        "end": segment.end,
        "text": f" {segment.text}",
        "tokens": [],
        "temperature": segment.temperature or 0.0,
        "avg_logprob": segment.avg_logprob or 0.0,
        "compression_ratio": segment.compression_ratio or 0.0,
        "no_speech_prob": segment.no_speech_prob or 0.0,
    }


def _diarized(transcript: Transcript, rendering: Rendering) -> dict[str, Any]:
    segments = _turns(transcript)
    return {
        "task": rendering.task,
        "duration": length_of(transcript) or 0.0,
        "text": "\n".join(f"{one['speaker']}: {one['text']}" for one in segments),
        "segments": segments,
    }


def _turns(transcript: Transcript) -> list[dict[str, Any]]:
    """The segments of diarized_json, which are events of a stream as well."""
    segments = transcript.timed()
    names = _speaker_names(segments)
    return [
        {
            "type": "transcript.text.segment",
            "id": f"seg_{index:03}",
            "start": one.start,
            "end": one.end,
            "text": one.text,
            "speaker": names[one.speaker],
        }
        for index, one in enumerate(segments, start=1)
    ]


def segment_events(transcript: Transcript, rendering: Rendering) -> list[dict[str, Any]]:
    """The segment events of a stream: only diarized_json has them."""
    return _turns(transcript) if rendering.format == "diarized_json" else []


def done_event(transcript: Transcript, rendering: Rendering, usage: Usage) -> dict[str, Any]:
    """The event that ends a stream: the whole text once more, log-probabilities if asked for, usage."""
    document = {"type": "transcript.text.done", **_json(transcript, rendering)}
    billed = usage.as_openai()
    return {**document, "usage": billed} if billed else document


def _speaker_names(segments: Sequence[Segment]) -> Mapping[str | None, str]:
    """`A`, `B`, … in order of appearance for a vendor's numbers; names are kept."""
    labels = list(dict.fromkeys(segment.speaker for segment in segments))
    return {
        label: _letters(index) if label is None or _NUMBERED.fullmatch(label) else label
        for index, label in enumerate(labels)
    }


def _letters(index: int) -> str:
    return chr(ord("A") + index) if index < 26 else _letters(index // 26 - 1) + _letters(index % 26)


_DOCUMENTS: Mapping[str, Callable[[Transcript, Rendering], dict[str, Any]]] = {
    "json": _json,
    "verbose_json": _verbose,
    "diarized_json": _diarized,
}


# ------------------------------------------------------------------ text


def _text(transcript: Transcript) -> str:
    return f"{transcript.text}\n"


def _srt(transcript: Transcript) -> str:
    cues = enumerate(transcript.timed(), start=1)
    return "".join(f"{index}\n{_times(one, ',')}\n{_line(one.text)}\n\n" for index, one in cues)


def _vtt(transcript: Transcript) -> str:
    return "WEBVTT\n\n" + "".join(f"{_times(one, '.')}\n{_line(one.text)}\n\n" for one in transcript.timed())


def _line(text: str) -> str:
    """One line that cannot be taken for the times of another cue, whatever a vendor heard."""
    return " ".join(text.split()).replace("-->", "→")


def _times(segment: Segment, point: str) -> str:
    return f"{_clock(segment.start, point)} --> {_clock(segment.end, point)}"


def _clock(seconds: float, point: str) -> str:
    milliseconds = round(min(max(0.0, seconds), LAST_CUE_S) * 1000)
    minutes, milliseconds = divmod(milliseconds, 60_000)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{milliseconds // 1000:02}{point}{milliseconds % 1000:03}"


_TEXTS: Mapping[str, tuple[str, Callable[[Transcript], str]]] = {
    "text": ("text/plain; charset=utf-8", _text),
    "srt": ("application/x-subrip; charset=utf-8", _srt),
    "vtt": ("text/vtt; charset=utf-8", _vtt),
}
