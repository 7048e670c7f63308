"""OpenAI's audio wire as a vendor speaks it: the words for OpenAI itself and for everyone who is like it.

What lives here: what holds for any such server. A model nobody has a row for counts as able to do everything; what one
company differs in stands in its own file.

Source: OpenAI's OpenAPI document of 2026-08-21 and the Python SDK 3.52.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from router.vendors.spec import (
    AAC,
    FLAC,
    MP3,
    OPUS,
    PCM,
    WAV,
    Chat,
    ChatAsk,
    Delta,
    Draft,
    ErrorShape,
    Heard,
    Json,
    Kind,
    ListenAsk,
    Segment,
    Speech,
    SpeechAsk,
    Token,
    Transcript,
    Transcription,
    Unit,
    Vendor,
    Word,
    audio_bytes,
    chat_text,
    honours,
    post,
    replace,
    transcript,
    transcript_events,
    words,
)

__all__ = ["OPENAI_LIKE", "SPEECH", "TRANSCRIPTION", "TRANSLATION", "listen", "speak", "transcribe"]

VOICES = words("alloy ash ballad coral echo fable onyx nova sage shimmer verse marin cedar")
THOUGHTS = re.compile(r"\A\s*<think(?:ing)?>.*?</think(?:ing)?>", re.DOTALL | re.IGNORECASE)
"""What a reasoning model says aloud on a server that does not part it from the answer."""
TIMES = {"words": "word", "segments": "segment"}


def speak(ask: SpeechAsk) -> Draft:
    return post(
        "/audio/speech",
        json={
            "model": ask.model,
            "input": ask.text,
            "voice": ask.voice,
            "response_format": ask.format,
            "speed": ask.speed,
            "instructions": ask.instructions,
        },
    )


def transcribe(ask: ListenAsk) -> Draft:
    return listen("/audio/transcriptions", ask, {"language": ask.language, "timestamp_granularities[]": times_of(ask)})


def translate(ask: ListenAsk) -> Draft:
    return listen("/audio/translations", ask, {})


def times_of(ask: ListenAsk) -> list[str] | None:
    """Which times the client wants; a transcript with speakers has its own."""
    return None if "speakers" in ask.wants else [TIMES[want] for want in sorted(ask.wants & TIMES.keys())]


def listen(url: str, ask: ListenAsk, more: Mapping[str, Json]) -> Draft:
    """What transcription and translation share; `more` are the form fields of the one."""
    has_speakers = "speakers" in ask.wants
    return post(
        url,
        form={
            "file": ask.audio,
            "model": ask.model,
            "response_format": "diarized_json" if has_speakers else "verbose_json" if times_of(ask) else "json",
            "prompt": ask.prompt,
            "temperature": ask.temperature,
            "include[]": ["logprobs"] if "logprobs" in ask.wants else None,
            "stream": True if ask.as_events else None,
            **more,
        },
        defaults={"chunking_strategy": "auto"} if has_speakers else {},  # required beyond 30 s of audio
        objects="brackets",
    )


def read(body: Json) -> Transcript:
    segments = [_segment(part) for part in body.get("segments") or ()]
    has_turns = any(segment.speaker is not None for segment in segments)  # then the text has names in front of lines
    languages = [one["code"] for one in body["languages"]] if body.get("languages") is not None else None
    return Transcript(
        text=" ".join(segment.text for segment in segments) if has_turns else body["text"],
        language=body.get("language") or next(iter(languages or ()), None),
        duration=body.get("duration"),
        words=[Word(word["word"], word["start"], word["end"], word.get("speaker")) for word in body.get("words") or ()],
        segments=segments,
        tokens=_tokens(body),
        languages=languages,
    )


def _tokens(body: Json) -> list[Token]:
    return [
        Token(one["token"], one["logprob"], bytes([*(one.get("bytes") or one["token"].encode())]))
        for one in body.get("logprobs") or ()
    ]


def read_event(event: Json) -> Heard | None:
    """An event of a transcript in OpenAI's words, or of a server (vLLM) that streams it as chat models do."""
    if choices := event.get("choices"):
        return Delta(choices[0]["delta"].get("content") or "")
    match event.get("type"):
        case "transcript.text.delta":
            return Delta(event["delta"], _tokens(event), event.get("segment_id"))
        case "transcript.text.segment":
            return _segment(event)
        case "transcript.text.done":
            return read(event)
    return None


def chat(ask: ChatAsk) -> Draft:
    messages = [{"role": "system", "content": ask.system}, {"role": "user", "content": ask.user}]
    return post("/chat/completions", json={"model": ask.model, "messages": messages}, extras=None)


def read_chat(body: Json) -> str:
    choice = body["choices"][0]
    if choice.get("finish_reason") in {"length", "content_filter"}:
        raise ValueError(f"cut off: {choice['finish_reason']}")
    return THOUGHTS.sub("", choice["message"]["content"])


def _segment(part: Json) -> Segment:
    return Segment(
        text=part["text"].strip(),
        start=part["start"],
        end=part["end"],
        speaker=part.get("speaker"),
        avg_logprob=part.get("avg_logprob"),
        no_speech_prob=part.get("no_speech_prob"),
        compression_ratio=part.get("compression_ratio"),
        temperature=part.get("temperature"),
        seek=part.get("seek"),
        tokens=part.get("tokens") or (),
        id=part["id"] if isinstance(part.get("id"), str) else None,  # Whisper's are numbers, and count from 0 again
    )


SPEECH = Speech(
    proof="sdk",  # of whoever speaks this wire
    request=speak,
    reply=audio_bytes,
    formats={MP3: "mp3", OPUS: "opus", AAC: "aac", FLAC: "flac", WAV: "wav", PCM: "pcm"},
    honours=honours("instructions", speed=(0.25, 4)),
    voices={name: name for name in VOICES},
)
TRANSCRIPTION = Transcription(
    proof="sdk",
    request=transcribe,
    reply=transcript(read),
    events=transcript_events(read_event),
    honours=honours("language", "prompt", temperature=(0, 1)),
    gives=words("words segments speakers logprobs events"),
    extras=words("chunking_strategy known_speaker_names[] known_speaker_references[]"),
)
TRANSLATION = replace(
    TRANSCRIPTION,
    request=translate,
    events=None,
    honours=honours("prompt", temperature=(0, 1)),
    gives=words("segments"),
    extras=frozenset(),
)
OPENAI_LIKE = Vendor(
    name="openai-like",
    base_url="http://127.0.0.1/v1",
    errors=ErrorShape(
        code="error.code",
        param="error.param",
        kinds={
            "insufficient_quota": Kind.QUOTA,
            "credit_balance_exhausted": Kind.QUOTA,
            "invalid_api_key": Kind.KEY,
            "model_not_found": Kind.NO_MODEL,
        },
    ),
    billed={
        Unit.SECOND: "usage.seconds|duration",
        Unit.INPUT_TOKEN: "usage.input_tokens|usage.prompt_tokens",  # the second is what chat models say
        Unit.OUTPUT_TOKEN: "usage.output_tokens|usage.completion_tokens",
        Unit.INPUT_TEXT_TOKEN: "usage.input_token_details.text_tokens",  # of the input tokens, as the next
        Unit.INPUT_AUDIO_TOKEN: "usage.input_token_details.audio_tokens",
    },
    closed=words("model file"),
    speech=SPEECH,
    transcription=TRANSCRIPTION,
    translation=TRANSLATION,
    chat=Chat(request=chat, reply=chat_text(read_chat)),
)
