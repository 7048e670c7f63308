"""The vendors behind the router, as every client meets them here: a table, and answers such as OpenAI gives.

What lives here: the model ids that clients have built in, each at one scripted vendor, and one sentence as it hears it.
"""

from __future__ import annotations

from typing import Any

import msgspec
from aiohttp import web

from tests.conftest import KEY, table_of
from tests.fakes import Answer, Upstream, audio, document

__all__ = [
    "DEEPGRAM",
    "DELTAS",
    "DONE",
    "PLAIN_VENDOR",
    "TEXT",
    "a_table",
    "event",
    "events",
    "hears",
    "parts_of",
]

TEXT = "Hello world."
WORDS = [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": "world.", "start": 0.5, "end": 1.0}]
LOGPROBS = [
    {"token": "Hello", "logprob": -0.1, "bytes": list(b"Hello")},
    {"token": " world.", "logprob": -0.2, "bytes": list(b" world.")},
]
TOKENS = {"type": "tokens", "input_tokens": 14, "output_tokens": 4, "total_tokens": 18}
WHISPER_SEGMENT = {
    "id": 0,
    "seek": 0,
    "start": 0.0,
    "end": 1.0,
    "text": " Hello world.",
    "tokens": [15947, 1002],
    "temperature": 0.0,
    "avg_logprob": -0.2,
    "compression_ratio": 1.1,
    "no_speech_prob": 0.01,
}
TURN = {
    "type": "transcript.text.segment",
    "id": "seg_001",
    "start": 0.0,
    "end": 1.0,
    "text": TEXT,
    "speaker": "agent",
}

PLAIN = {"text": TEXT, "logprobs": LOGPROBS, "usage": TOKENS}
VERBOSE = {
    "task": "transcribe",
    "language": "english",
    "duration": 1.2,
    "text": TEXT,
    "words": WORDS,
    "segments": [WHISPER_SEGMENT],
    "usage": {"type": "duration", "seconds": 2},
}
DEEPGRAM = {
    "metadata": {"duration": 1.2},
    "results": {
        "channels": [
            {"alternatives": [{"transcript": TEXT, "words": [{**word, "speaker": 0} for word in WORDS]}]},
        ],
        "utterances": [{"start": 0.0, "end": 1.0, "transcript": TEXT, "speaker": 0}],
    },
}
DIARIZED = {"task": "transcribe", "duration": 1.2, "text": f"agent: {TEXT}", "segments": [TURN]}
DELTAS = [
    {"type": "transcript.text.delta", "delta": "Hello", "logprobs": LOGPROBS[:1]},
    {"type": "transcript.text.delta", "delta": " world.", "logprobs": LOGPROBS[1:]},
]
DONE = {"type": "transcript.text.done", "text": TEXT, "logprobs": LOGPROBS, "usage": TOKENS}

AT_OPENAI = (
    "whisper-1",
    "gpt-4o-transcribe",
    "gpt-4o-mini-transcribe",
    "gpt-4o-transcribe-diarize",
    "gpt-transcribe",
)
PLAIN_VENDOR = "plain-vendor"
"""A route to a vendor that neither streams its transcripts nor takes OpenAI's fields."""


def a_table(upstream: Upstream, speaker: str = "openai/tts-1", more: str = "") -> str:
    """Every model id that clients have built in, served by `upstream`; speech by the vendor and model `speaker`."""
    vendor, _, model = speaker.partition("/")
    entry = f"{{base_url: '{upstream.url}', api_key: {KEY}}}"
    vendors = dict.fromkeys(("openai", "deepgram", vendor), entry)
    routes = {name: [f"openai/{name}"] for name in AT_OPENAI} | {PLAIN_VENDOR: ["deepgram/nova-3"]}
    routes |= {name: [f"{vendor}/{model}"] for name in ("tts-1", "gpt-4o-mini-tts")}
    return table_of(vendors, routes, more)


async def hears(request: web.Request) -> web.StreamResponse:
    """`TEXT`, in the format that the form asks for, and as events where it asks for those."""
    asked = parts_of(await request.read())
    if asked.get("stream") == ["true"]:
        turn = [TURN] if asked["response_format"] == ["diarized_json"] else []
        return await events(*DELTAS, *turn, DONE)(request)
    match asked.get("response_format"):
        case ["verbose_json"]:
            answer = document(VERBOSE)
        case ["diarized_json"]:
            answer = document(DIARIZED)
        case _:
            answer = document(PLAIN)
    return await answer(request)


def events(*values: Any) -> Answer:
    """Server-sent events, one a value."""
    return audio(*(event(value) for value in values), content_type="text/event-stream")


def event(value: Any) -> bytes:
    """One server-sent event."""
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def parts_of(body: bytes) -> dict[str, list[str]]:
    """The text fields of a form, by name, in order."""
    boundary = body.partition(b"\r\n")[0]
    fields: dict[str, list[str]] = {}
    for part in body.split(boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if b"filename=" not in head:
            name = head.partition(b'name="')[2].partition(b'"')[0].decode()
            fields.setdefault(name, []).append(content.removesuffix(b"\r\n").decode())
    return fields
