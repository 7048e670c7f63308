"""The OpenAPI document is true: it has every path that is served, and real replies are as it says."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import jsonschema
import msgspec
import pytest
from litestar import Litestar
from litestar.routes import ASGIRoute
from openapi_spec_validator import validate
from yarl import URL

from router.api import listening
from router.api.docs.openapi import openapi
from router.api.exchange import Exchange
from router.api.sounds import SoundBody
from router.api.speech import SpeechBody
from router.app import create_app, furnish
from router.config import Server, parse
from router.relay import Relay
from tests.api.described import check_body, check_reply
from tests.conftest import KEY, Running, Serve, table_of
from tests.e2e.jobs import MODEL, Jobs, entry
from tests.fakes import Answer, Drip, Upstream, audio, document, failure, plain, stall

SPEECH = {"model": "m", "voice": "alloy", "input": "Hello."}
TOKENS = {"type": "tokens", "input_tokens": 9, "output_tokens": 2, "total_tokens": 11}
WORDS = [{"word": "Hello", "start": 0.0, "end": 0.5}, {"word": "world.", "start": 0.5, "end": 1.0}]
SEGMENT = {"id": 0, "seek": 0, "start": 0.0, "end": 1.0, "text": " Hello world.", "tokens": [1], "temperature": 0.0} | {
    "avg_logprob": -0.2,
    "compression_ratio": 1.1,
    "no_speech_prob": 0.01,
}
WHISPER = {"language": "english", "duration": 1.2, "text": "Hello world.", "words": WORDS, "segments": [SEGMENT]}
TURN = {"type": "transcript.text.segment", "id": "s", "start": 0.0, "end": 1.0, "text": "Hello world.", "speaker": "B"}
LOGPROB = {"token": "Hello", "logprob": -0.1, "bytes": [72]}


def table(upstream: Upstream, model: str = "whisper-1", more: str = "", timeout: str = "10s") -> str:
    vendor = f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": vendor}, {"m": [f"{{target: one/{model}, timeout: {timeout}}}"]}, more)


async def described(router: Running) -> dict[str, Any]:
    async with router.http.get("/openapi.json") as reply:
        assert reply.content_type == "application/json"
        return await reply.json()


def form(**fields: str) -> aiohttp.FormData:
    """An upload with these fields."""
    made = aiohttp.FormData({"model": "m", **fields})
    made.add_field("file", b"RIFFdata", filename="a.wav")
    return made


def app_of(text: str) -> Litestar:
    return create_app(furnish(parse(text, "routes.yaml", {})))


# ------------------------------------------------------------------ the document


@pytest.mark.parametrize("is_open", [True, False])
def test_the_document_is_valid(is_open: bool) -> None:
    """OpenAPI 3.1, every reference and every example of a schema included."""
    validate(openapi(Server(), version="1", is_open=is_open))


def test_the_document_has_each_path_that_is_served_and_no_other() -> None:
    """Method by method; `OPTIONS` is Litestar's own everywhere, and the documentation does not describe itself."""
    app = app_of("vendors: {local: {}}\nroutes: {m: {targets: [local/espeak-ng]}}")

    served = set(_served(app))

    paths = openapi(Server(), version="1", is_open=True)["paths"]
    assert served == {(method.upper(), path) for path, item in paths.items() for method in item}


def _served(app: Litestar) -> Iterator[tuple[str, str]]:
    for route in app.routes:
        if route.path_format in {"/docs", "/docs/openapi.json", "/openapi.json"}:
            continue
        methods = {"POST"} if isinstance(route, ASGIRoute) else route.methods - {"OPTIONS"}
        yield from ((method, route.path_format) for method in methods)


def test_each_field_of_a_request_is_there_and_says_what_it_means() -> None:
    """Those that are decoded, by the names that OpenAI's SDKs send."""
    schemas = openapi(Server(), version="1", is_open=True)["components"]["schemas"]
    bodies = ["SpeechBody", "SoundBody", "TranscriptionForm", "TranscriptionBody", "TranslationForm", "TranslationBody"]
    fields = {name: schemas[name]["properties"] for name in bodies}
    lists = {*listening.LISTS, *listening.LISTS_FOR_VENDORS}
    others = {*listening.TEXTS, "chunking_strategy", "route"}

    assert schemas["SoundBody"]["properties"].keys() == {*SoundBody.__struct_fields__, "route"}
    assert fields["SpeechBody"].keys() == {*SpeechBody.__struct_fields__, "route"}
    assert fields["TranscriptionForm"].keys() == {"file", *others, *(f"{name}[]" for name in lists)}
    assert fields["TranscriptionBody"].keys() == {"input_audio", *others, *lists}
    assert fields["TranslationForm"].keys() - {"file"} == fields["TranslationBody"].keys() - {"input_audio"}
    silent = [
        name for body in fields.values() for name, one in body.items() if not {"description", "$ref"} & one.keys()
    ]
    assert silent == []


async def test_the_limits_are_those_of_the_table(serve: Serve, upstream: Upstream) -> None:
    """A text of `max_input` characters fits the schema, one more does not."""
    router = await serve(table(upstream, more="server: {max_input: 10}\n"))
    body = {"$ref": "#/components/schemas/SpeechBody"}
    document_ = await described(router)

    check_body(document_, body, {**SPEECH, "input": "x" * 10})
    with pytest.raises(jsonschema.ValidationError):
        check_body(document_, body, {**SPEECH, "input": "x" * 11})


async def test_a_key_is_asked_for_where_the_table_has_some(serve: Serve, upstream: Upstream) -> None:
    """And the document itself is there for whoever has none, without a word of the table."""
    closed = await serve(table(upstream, "secret-model", more="keys: {alice: {key: sk-alice}}\n"))
    opened = await serve(table(upstream))

    async with closed.http.get("/openapi.json") as reply:
        text = await reply.text()
    assert (await described(closed))["security"] == [{"key": []}]
    assert (await described(opened))["security"] == [{"key": []}, {}]
    assert [word for word in ("alice", "secret-model", KEY, upstream.url) if word in text] == []


# ------------------------------------------------------------------ speech


@pytest.mark.parametrize("asked", ["mp3", "opus", "aac", "flac", "wav", "pcm"])
async def test_audio_is_as_described(serve: Serve, upstream: Upstream, asked: str) -> None:
    """Each format has its content type."""
    upstream.answers(audio(b"\x01\x02" * 500))
    router = await serve(table(upstream, "tts-1"))

    async with router.http.post("/v1/audio/speech", json={**SPEECH, "response_format": asked, "odd": 1}) as reply:
        assert reply.status == 200
        await check_reply(await described(router), "/v1/audio/speech", reply)


async def test_audio_in_events_is_as_described(serve: Serve, upstream: Upstream) -> None:
    """Pieces and an end."""
    upstream.answers(audio(b"one", b"two"))
    router = await serve(table(upstream, "tts-1"))

    async with router.http.post("/audio/speech", json={**SPEECH, "stream_format": "sse"}) as reply:
        body = await check_reply(await described(router), "/audio/speech", reply)

    assert b"speech.audio.done" in body


def sounds(upstream: Upstream, folder: Path) -> str:
    return table_of({"rep": entry(upstream)}, {"m": [f"rep/{MODEL}"]}, f"tasks: {{folder: '{folder}'}}\n")


async def test_music_is_as_described(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """As bytes, as events, and as a task with its content and its end."""
    Jobs(upstream, polls=2)
    router = await serve(sounds(upstream, tmp_path))
    document_, path = await described(router), "/v1/audio/music"
    for fields in ({}, {"stream_format": "sse"}, {"background": True}):
        async with router.http.post(path, json={"model": "m", "input": "A waltz", **fields}) as reply:
            body = await check_reply(document_, path, reply)
    task = f"/v1/audio/tasks/{msgspec.json.decode(body)['id']}"
    one, content = "/v1/audio/tasks/{task_id}", "/v1/audio/tasks/{task_id}/content"
    async with router.http.get(f"{task}/content") as reply:
        await check_reply(document_, content, reply)
        assert reply.status == 409
    async with asyncio.timeout(10):
        while b'"done"' not in body:
            async with router.http.get(task) as reply:
                body = await check_reply(document_, one, reply)
    async with router.http.delete(task) as reply:
        await check_reply(document_, one, reply)
    async with router.http.get(task) as reply:
        await check_reply(document_, one, reply)
        assert reply.status == 404


async def test_events_that_break_off_are_as_described(serve: Serve, upstream: Upstream) -> None:
    """The error is an event of the stream."""
    drip = Drip()
    drip.send(b"begun")
    upstream.answers(drip)
    router = await serve(table(upstream, "tts-1"))
    document_ = await described(router)
    async with router.http.post("/v1/audio/speech", json={**SPEECH, "stream_format": "sse"}) as reply:
        assert await reply.content.readuntil(b"\n\n")
        drip.send(b"abort")
        event = (await reply.content.readuntil(b"\n\n")).removeprefix(b"data: ")

    schema = document_["paths"]["/v1/audio/speech"]["post"]["responses"]["200"]["content"]["text/event-stream"]
    value = msgspec.json.decode(event)
    assert value["error"]["code"] == "interrupted"
    check_body(document_, schema["schema"], value)


# ------------------------------------------------------------------ transcripts


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/speech/transcriptions", "/v1/audio/translations"])
@pytest.mark.parametrize("asked", ["json", "text", "srt", "verbose_json", "vtt"])
async def test_transcripts_are_as_described(serve: Serve, upstream: Upstream, path: str, asked: str) -> None:
    """With every time that there is."""
    upstream.answers(document(WHISPER))
    router = await serve(table(upstream))
    upload = form(response_format=asked)
    for times in ("segment",) if "translations" in path else ("word", "segment"):
        upload.add_field("timestamp_granularities[]", times)

    async with router.http.post(path, data=upload) as reply:
        assert reply.status == 200
        body = await check_reply(await described(router), path, reply)

    assert b"Hello world." in body


async def test_speakers_are_as_described(serve: Serve, upstream: Upstream) -> None:
    """`diarized_json`, with usage in tokens."""
    told = {"task": "transcribe", "duration": 1.0, "text": "B: Hello world.", "segments": [TURN], "usage": TOKENS}
    upstream.answers(document(told))
    router = await serve(table(upstream, "gpt-4o-transcribe-diarize"))

    async with router.http.post("/v1/audio/transcriptions", data=form(response_format="diarized_json")) as reply:
        assert reply.status == 200
        body = await check_reply(await described(router), "/v1/audio/transcriptions", reply)

    assert b'"speaker":"B"' in body


async def test_json_in_and_all_that_json_can_tell_is_as_described(serve: Serve, upstream: Upstream) -> None:
    """A request as JSON; log-probabilities, languages and the parts of usage in the reply."""
    details = {"text_tokens": 4, "audio_tokens": 5}
    told = {"text": "Hello", "logprobs": [LOGPROB], "usage": {**TOKENS, "input_token_details": details}}
    upstream.answers(document(told))
    router = await serve(table(upstream, "gpt-4o-transcribe"))
    data = base64.b64encode(b"RIFFdata").decode()
    asked = {"input_audio": {"data": data, "format": "wav"}, "model": "m", "include": ["logprobs"], "languages": ["en"]}
    document_ = await described(router)
    check_body(document_, {"$ref": "#/components/schemas/TranscriptionBody"}, asked)

    async with router.http.post("/v1/audio/transcriptions", json=asked) as reply:
        assert reply.status == 200
        body = await check_reply(document_, "/v1/audio/transcriptions", reply)

    assert b'"logprobs":[{' in body
    assert b'"languages":[' in body


@pytest.mark.parametrize("asked", ["json", "diarized_json"])
async def test_transcripts_in_events_are_as_described(serve: Serve, upstream: Upstream, asked: str) -> None:
    """From a vendor that streams by itself."""
    delta = b'data: {"type":"transcript.text.delta","delta":"Hello","segment_id":"s","logprobs":[]}\n\n'
    turn = b"data: " + msgspec.json.encode(TURN) + b"\n\n"
    done = b'data: {"type":"transcript.text.done","text":"Hello"}\n\n'
    upstream.answers(plain(delta + turn + done, "text/event-stream"))
    router = await serve(table(upstream, "gpt-4o-transcribe-diarize"))
    upload = form(stream="true", response_format=asked)

    async with router.http.post("/v1/audio/transcriptions", data=upload) as reply:
        assert reply.content_type == "text/event-stream"
        body = await check_reply(await described(router), "/v1/audio/transcriptions", reply)

    assert b"transcript.text.done" in body
    assert (b"transcript.text.segment" in body) == (asked == "diarized_json")


# ------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (failure(400, "no"), 400),
        (failure(429, "slow down", **{"retry-after": "7"}), 429),
        (failure(429, "slow down", **{"retry-after": "700"}), 429),
        (failure(401, "whose key?"), 502),
        (failure(500), 502),
        (stall, 504),
    ],
)
async def test_errors_of_vendors_are_as_described(
    serve: Serve, upstream: Upstream, answer: Answer, status: int
) -> None:
    """Each with its headers."""
    upstream.answers(answer)
    router = await serve(table(upstream, "tts-1", timeout="200ms"))

    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        assert reply.status == status
        await check_reply(await described(router), "/v1/audio/speech", reply)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        ({"json": {"model": "m"}}, 400),
        ({"json": SPEECH, "headers": {"authorization": "Bearer no"}}, 401),
        ({"json": {**SPEECH, "model": "unknown"}}, 404),
        ({"data": b"x" * 1025}, 413),
    ],
)
async def test_refusals_are_as_described(serve: Serve, upstream: Upstream, request_: Any, status: int) -> None:
    """Before any vendor is asked."""
    router = await serve(table(upstream, more="server: {max_body: 1KB}\nkeys: {alice: {key: sk-alice}}\n"))
    own = {"headers": {"authorization": "Bearer sk-alice"}}

    async with router.http.post("/v1/audio/speech", **(own | request_)) as reply:
        assert reply.status == status
        await check_reply(await described(router), "/v1/audio/speech", reply)


@pytest.mark.parametrize("path", ["/v1/audio/transcriptions", "/v1/audio/translations"])
async def test_a_body_of_another_type_is_refused_as_described(serve: Serve, upstream: Upstream, path: str) -> None:
    """415."""
    router = await serve(table(upstream))

    async with router.http.post(path, data=b"<xml/>", headers={"content-type": "text/xml"}) as reply:
        assert reply.status == 415
        await check_reply(await described(router), path, reply)


async def test_a_body_that_stops_is_refused_as_described(
    serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """408, and no try again."""
    monkeypatch.setitem(Exchange.__init__.__kwdefaults__, "body_idle_s", 0.1)
    router = await serve(table(upstream))

    async def stopping() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.Event().wait()

    async with router.http.post("/v1/audio/speech", data=stopping()) as reply:
        assert reply.status == 408
        await check_reply(await described(router), "/v1/audio/speech", reply)


async def test_one_call_too_many_is_refused_as_described(serve: Serve, upstream: Upstream) -> None:
    """503, and when to come again."""
    upstream.answers(stall)
    router = await serve(table(upstream, more="server: {max_calls: 1}\n"))
    first = asyncio.create_task(router.http.post("/v1/audio/speech", json=SPEECH).__aenter__())
    while not upstream.seen:
        await asyncio.sleep(0.005)

    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        assert (reply.status, reply.headers["retry-after"]) == (503, "1")
        await check_reply(await described(router), "/v1/audio/speech", reply)
    first.cancel()


async def test_a_bug_is_told_as_described(serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> None:
    """500, under the id that the log has."""
    monkeypatch.setattr(Relay, "answer", lambda *_: 1 / 0)
    router = await serve(table(upstream))

    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        assert reply.status == 500
        await check_reply(await described(router), "/v1/audio/speech", reply)


# ------------------------------------------------------------------ lists, health


@pytest.mark.parametrize(
    ("method", "path", "asked", "status"),
    [
        ("GET", "/v1/models", "", 200),
        ("HEAD", "/v1/models", "", 200),
        ("GET", "/audio/models", "", 200),
        ("GET", "/v1/models/{name}", "m", 200),
        ("GET", "/v1/models/{name}", "one/tts-1", 200),
        ("GET", "/models/{name}", "one%2Ftts-1", 200),
        ("GET", "/v1/models/{name}", "unknown", 404),
        ("GET", "/v1/audio/voices", "", 200),
        ("GET", "/audio/voices", "?model=m", 200),
        ("GET", "/v1/audio/voices", "?vendor=one", 200),
        ("GET", "/v1/audio/voices", "?vendor=unknown", 400),
        ("GET", "/v1/audio/voices", "?model=unknown", 404),
        ("GET", "/health/live", "", 200),
        ("HEAD", "/health/live", "", 200),
        ("GET", "/health/ready", "", 200),
        ("GET", "/metrics", "", 200),
        ("GET", "/", "", 200),
        ("GET", "/v1", "", 200),
    ],
)
async def test_lists_and_health_are_as_described(
    serve: Serve, upstream: Upstream, method: str, path: str, asked: str, status: int
) -> None:
    """Every field of theirs, and no other."""
    router = await serve(table(upstream, "tts-1", more="voices: {narrator: {one: nova}}\n"))

    async with router.http.request(method, _address(router.url, path, asked)) as reply:
        assert reply.status == status
        body = await check_reply(await described(router), path, reply)

    assert bool(body) == (method == "GET")


def _address(url: str, path: str, asked: str) -> Any:
    full = path.replace("{name}", asked) if "{name}" in path else path + asked
    return URL(url + full, encoded=True)


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/v1/models"), ("HEAD", "/v1/models"), ("GET", "/v1/models/{name}"), ("GET", "/v1/audio/voices")],
)
async def test_lists_want_a_key_as_described(serve: Serve, upstream: Upstream, method: str, path: str) -> None:
    """401."""
    router = await serve(table(upstream, more="keys: {alice: {key: sk-alice}}\n"))

    async with router.http.request(method, path.format(name="m")) as reply:
        assert reply.status == 401
        await check_reply(await described(router), path, reply)


@pytest.mark.parametrize("path", ["/v1/audio/speech", "/v1/audio/transcriptions", "/v1/models", "/health/live", "/v1"])
async def test_options_are_answered_as_the_description_says(serve: Serve, upstream: Upstream, path: str) -> None:
    """204 with `allow`, or 405 with `allow` on the audio paths: the methods are those of the document."""
    router = await serve(table(upstream))
    item = (await described(router))["paths"][path]

    async with router.http.options(path) as reply:
        allowed = set(reply.headers["allow"].split(", "))

    assert reply.status == (405 if "post" in item else 204)
    assert allowed - {"OPTIONS"} == {method.upper() for method in item}


async def test_it_is_the_same_document_at_both_addresses(serve: Serve, upstream: Upstream) -> None:
    """`/openapi.json`, and beside the page."""
    router = await serve(table(upstream))

    async with router.http.get("/docs/openapi.json") as reply:
        assert await reply.json() == await described(router)
