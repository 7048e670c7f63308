"""Answers as server-sent events: from vendors that stream them and from those that do not, and when all goes wrong."""

from __future__ import annotations

import asyncio
from base64 import b64decode, b64encode
from typing import Any

import msgspec
import openai
import pytest

from router.api import streams
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Answer, Drip, Upstream, audio, document, failure, plain, stall

DONE = {
    "type": "transcript.text.done",
    "text": "I see skies.",
    "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59},
}
FILE = ("a.wav", b"RIFF....WAVEfmt ", "audio/wav")


def table(upstream: Upstream, vendor: str = "openai", model: str = "some-model") -> str:
    entry = f"{{like: {vendor}, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": entry}, {"m": [f"one/{model}"]})


def event(value: Any) -> bytes:
    return b"data: " + msgspec.json.encode(value) + b"\n\n"


def delta(text: str, **more: Any) -> bytes:
    return event({"type": "transcript.text.delta", "delta": text, **more})


def events(*values: bytes) -> Answer:
    return plain(b"".join(values), "text/event-stream")


async def transcribed(router: Running, **parameters: Any) -> list[dict[str, Any]]:
    """The events as the stock SDK reads them."""
    stream = await router.client.audio.transcriptions.create(model="m", file=FILE, stream=True, **parameters)
    return [one.model_dump(exclude_unset=True) async for one in stream]


# ------------------------------------------------------------------ transcripts


async def test_words_arrive_while_the_vendor_still_listens(serve: Serve, upstream: Upstream) -> None:
    """A delta is at the client before the vendor sends the next."""
    drip = Drip("text/event-stream")
    upstream.answers(drip)
    router = await serve(table(upstream))
    drip.send(delta("I"))

    stream = await router.client.audio.transcriptions.create(model="m", file=FILE, stream=True)
    heard = [(await asyncio.wait_for(anext(stream), 5)).delta]
    drip.send(delta(" see"))
    heard.append((await asyncio.wait_for(anext(stream), 5)).delta)
    drip.send(event(DONE))
    drip.end()
    last = await asyncio.wait_for(anext(stream), 5)

    assert heard == ["I", " see"]
    assert last.model_dump(exclude_unset=True) == DONE
    assert b'name="stream"\r\n\r\ntrue\r\n' in upstream.seen[0].body


async def test_a_vendor_that_does_not_stream_gives_one_delta_and_the_end(serve: Serve, upstream: Upstream) -> None:
    """Never zero events, which is what SDKs make of a plain answer."""
    upstream.answers(document({"text": "Hello."}))
    router = await serve(table(upstream, "groq", "whisper-large-v3"))

    heard = await transcribed(router)

    assert [(one["type"], one.get("delta") or one.get("text")) for one in heard] == [
        ("transcript.text.delta", "Hello."),
        ("transcript.text.done", "Hello."),
    ]
    assert (await router.record()).bytes_out > 2 * len("Hello.")
    assert b'name="stream"' not in upstream.seen[0].body


async def test_a_server_that_ignores_streaming_is_read_all_the_same(serve: Serve, upstream: Upstream) -> None:
    """Asked for events it answers a document, as many servers of this wire do."""
    upstream.answers(document({"text": "Hello.", "duration": 1.5}))
    router = await serve(table(upstream))

    assert [one["type"] for one in await transcribed(router)] == ["transcript.text.delta", "transcript.text.done"]


async def test_a_server_that_streams_as_chat_models_do_is_understood(serve: Serve, upstream: Upstream) -> None:
    """vLLM's chunks become deltas, and their sum the end."""
    chunks = [
        event({"object": "transcription.chunk", "choices": [{"delta": {"content": text}}]}) for text in ("A", " b")
    ]
    upstream.answers(events(*chunks, b"data: [DONE]\n\n"))
    router = await serve(table(upstream))

    heard = await transcribed(router)

    assert [one.get("delta") or one.get("text") for one in heard] == ["A", " b", "A b"]


async def test_speakers_keep_their_segments(serve: Serve, upstream: Upstream) -> None:
    """Segments and the deltas that belong to them have one id, and each its speaker."""
    segment = {"type": "transcript.text.segment", "id": "s7", "start": 0, "end": 1.5, "text": "Hi.", "speaker": "agent"}
    upstream.answers(events(delta("Hi.", segment_id="s7"), event(segment), event({**DONE, "text": "agent: Hi."})))
    router = await serve(table(upstream))

    heard = await transcribed(router, response_format="diarized_json", chunking_strategy="auto")

    assert heard[0]["segment_id"] == "s7"
    assert heard[1] == segment


async def test_log_probabilities_stream_along(serve: Serve, upstream: Upstream) -> None:
    """Where they were asked for."""
    logprobs = [{"token": "I", "logprob": -0.5, "bytes": [73]}]
    upstream.answers(events(delta("I", logprobs=logprobs), event({**DONE, "logprobs": logprobs})))
    router = await serve(table(upstream))

    heard = await transcribed(router, include=["logprobs"])

    assert [one["logprobs"] for one in heard] == [logprobs, logprobs]


async def test_events_that_say_nothing_do_no_harm(serve: Serve, upstream: Upstream) -> None:
    """A count of tokens without words, a ping with empty data, spaces around the end: the text arrives."""
    chunk = event({"object": "transcription.chunk", "choices": [{"delta": {"content": "Hi."}}]})
    count = event({"object": "transcription.chunk", "choices": [], "usage": {"prompt_tokens": 1}})
    upstream.answers(events(b"event: ping\ndata: {}\n\n", chunk, count, b"data:  [DONE] \n\n"))
    router = await serve(table(upstream))

    assert [one.get("delta") or one.get("text") for one in await transcribed(router)] == ["Hi.", "Hi."]


async def test_a_stream_without_the_speakers_that_were_asked_for_is_no_success(
    serve: Serve, upstream: Upstream
) -> None:
    """As of a transcript that comes whole."""
    upstream.answers(events(delta("Hi."), event(DONE)))
    router = await serve(table(upstream))

    with pytest.raises(openai.APIError, match="broke off"):
        await transcribed(router, response_format="diarized_json", chunking_strategy="auto")


@pytest.mark.parametrize("response_format", ["text", "srt", "verbose_json", "vtt"])
async def test_a_stream_has_no_other_formats(serve: Serve, upstream: Upstream, response_format: str) -> None:
    """Events are events, whatever else was asked for; a vendor without times is as good as any."""
    upstream.answers(document({"text": "Hello."}))
    router = await serve(table(upstream, "groq", "whisper-large-v3"))

    heard = await transcribed(router, response_format=response_format)

    assert heard[-1]["text"] == "Hello."


# ------------------------------------------------------------------ failures


@pytest.mark.parametrize(
    "broken",
    [
        event({"error": {"message": "out of memory", "type": "server_error", "param": None, "code": None}}),
        b"data: {\n\n",
        event({"type": "transcript.text.done"}),
        b"",
    ],
    ids=["an error", "no JSON", "no text", "the end"],
)
async def test_a_stream_that_fails_later_says_so(serve: Serve, upstream: Upstream, broken: bytes) -> None:
    """The SDK raises; nothing looks like a whole transcript."""
    upstream.answers(events(delta("Half of"), broken))
    router = await serve(table(upstream))

    stream = await router.client.audio.transcriptions.create(model="m", file=FILE, stream=True)
    assert (await anext(stream)).delta == "Half of"
    with pytest.raises(openai.APIError, match="broke off"):
        await anext(stream)
    assert (await router.record()).outcome == "interrupted"


async def test_an_error_as_the_first_event_moves_on(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Nothing went out yet, so the next vendor answers."""
    upstream.answers(events(event({"error": {"message": "no money", "code": "insufficient_quota"}})))
    spare.answers(events(delta("I see skies."), event(DONE)))
    entry = "{{like: openai, base_url: '{}', api_key: k}}"
    router = await serve(
        table_of({"one": entry.format(upstream.url), "two": entry.format(spare.url)}, {"m": ["one/a", "two/b"]})
    )

    assert (await transcribed(router))[-1] == DONE
    record = await router.record()
    assert [(one.target, one.outcome) for one in record.attempts] == [("one/a", "quota"), ("two/b", "ok")]


async def test_an_error_in_good_time_has_its_status(serve: Serve, upstream: Upstream) -> None:
    """Before the stream has begun a failure is a plain error, as the SDKs raise them."""
    upstream.answers(failure(400, "bad file"))
    router = await serve(table(upstream))

    with pytest.raises(openai.BadRequestError, match="bad file"):
        await router.client.audio.transcriptions.create(model="m", file=FILE, stream=True)


@pytest.mark.parametrize("kind", ["transcriptions", "speech"])
async def test_a_slow_vendor_does_not_cost_the_connection(
    serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """Comments keep it alive, which no reader takes for an event; an error that comes too late for a status is told."""
    monkeypatch.setattr(streams, "SILENCE_S", 0.05)
    upstream.answers(stall)
    router = await serve(table(upstream) + "defaults: {timeout: 300ms, retries: 0}\n")

    if kind == "speech":
        body = {"model": "m", "voice": "alloy", "input": "x", "stream_format": "sse"}
        async with router.http.post("/v1/audio/speech", json=body) as reply:
            said = await reply.text()
    else:
        form = {"model": "m", "stream": "true", "file": "RIFF....WAVEfmt "}
        async with router.http.post("/v1/audio/transcriptions", data=_form(form)) as reply:
            said = await reply.text()

    *comments, last, _ = said.split("\n\n")
    assert (reply.status, reply.content_type) == (200, "text/event-stream")
    assert len(comments) >= 2
    assert all(comment.startswith(":") for comment in comments)
    assert msgspec.json.decode(last.removeprefix("data: "))["error"]["code"] == "timeout"


def _form(fields: dict[str, str]) -> Any:
    import aiohttp

    form = aiohttp.FormData()
    for name, value in fields.items():
        form.add_field(name, value, **({"filename": "a.wav"} if name == "file" else {}))
    return form


async def test_comments_come_between_events_never_inside(
    serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence between two deltas is filled with comments."""
    monkeypatch.setattr(streams, "SILENCE_S", 0.02)
    drip = Drip("text/event-stream")
    upstream.answers(drip)
    router = await serve(table(upstream))
    drip.send(delta("I"))

    form = _form({"model": "m", "stream": "true", "file": "RIFF....WAVEfmt "})
    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        before = [await asyncio.wait_for(reply.content.readuntil(b"\n\n"), 5) for _ in range(3)]
        drip.send(event(DONE))
        drip.end()
        after = (await reply.text()).removesuffix("\n\n").split("\n\n")

    assert before[0] == delta("I")
    assert {one[:1] for one in before[1:]} == {b":"}
    assert [one for one in after if not one.startswith(":")] == [event(DONE).decode().strip()]


# ------------------------------------------------------------------ speech


async def test_speech_in_events_holds_the_vendors_bytes(serve: Serve, upstream: Upstream) -> None:
    """Wrapped, from a vendor that knows no events: every byte, in order, and usage at the end."""
    upstream.answers(audio(b"ID3abc", b"def"))
    router = await serve(table(upstream, "elevenlabs", "eleven_v3"))

    heard = await _spoken(router)

    assert b"".join(b64decode(one["audio"]) for one in heard[:-1]) == b"ID3abcdef"
    assert heard[-1] == {
        "type": "speech.audio.done",
        "usage": {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0, "input_characters": 5},
    }


async def test_speech_in_the_vendors_own_events_carries_its_usage(serve: Serve, upstream: Upstream) -> None:
    """OpenAI is asked for events where the client asks for them, and its tokens are passed on."""
    pieces = [event({"type": "speech.audio.delta", "audio": b64encode(one).decode()}) for one in (b"ID3abc", b"def")]
    usage = {"input_tokens": 3, "output_tokens": 40, "total_tokens": 43}
    upstream.answers(events(*pieces, event({"type": "speech.audio.done", "usage": usage})))
    router = await serve(
        f"vendors: {{openai: {{base_url: '{upstream.url}', api_key: {KEY}}}}}\n"
        "routes: {m: {targets: [openai/gpt-4o-mini-tts]}}\n"
    )

    heard = await _spoken(router)

    assert b"".join(b64decode(one["audio"]) for one in heard[:-1]) == b"ID3abcdef"
    assert heard[-1]["usage"] == {**usage, "input_characters": 5}
    assert upstream.seen[0].json["stream_format"] == "sse"


async def test_speech_events_that_stop_short_are_no_recording(serve: Serve, upstream: Upstream) -> None:
    """Without the vendor's last event the client gets an error instead of a done."""
    upstream.answers(events(event({"type": "speech.audio.delta", "audio": b64encode(b"ID3abc").decode()})))
    router = await serve(
        f"vendors: {{openai: {{base_url: '{upstream.url}', api_key: {KEY}}}}}\n"
        "routes: {m: {targets: [openai/gpt-4o-mini-tts]}}\n"
    )

    heard = await _spoken(router)

    assert [one.get("type") for one in heard] == ["speech.audio.delta", None]
    assert heard[-1]["error"]["code"] == "interrupted"


async def test_events_are_not_held_back_on_their_way(serve: Serve, upstream: Upstream) -> None:
    """Proxies are told not to buffer or keep them."""
    upstream.answers(audio(b"ID3abc"))
    router = await serve(table(upstream))

    body = {"model": "m", "voice": "alloy", "input": "Hello", "stream_format": "sse"}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        await reply.read()

    assert (reply.headers["cache-control"], reply.headers["x-accel-buffering"]) == ("no-cache", "no")
    assert reply.headers["x-router-target"] == "one/some-model"


async def _spoken(router: Running) -> list[dict[str, Any]]:
    body = {"model": "m", "voice": "alloy", "input": "Hello", "stream_format": "sse"}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        assert reply.status == 200
        text = await reply.text()
    return [msgspec.json.decode(one.removeprefix("data: ")) for one in text.split("\n\n") if one]
