"""Speech through the stock OpenAI SDK: native bytes as they come, vendors' own requests, voices, formats, errors."""

from __future__ import annotations

import asyncio

import aiohttp
import openai
import pytest

from router.wire.calls import OPENAI_VOICES
from tests.conftest import KEY, Serve, table_of
from tests.fakes import Drip, Upstream, audio, document, failure


def one_vendor(upstream: Upstream, like: str = "openai", more: str = "") -> str:
    vendor = f"{{like: {like}, base_url: '{upstream.url}', api_key: {KEY}}}"
    return table_of({"one": vendor}, {"tts-1": ["one/some-model"]}, more)


async def test_bytes_go_through_as_they_came(serve: Serve, upstream: Upstream) -> None:
    """The SDK gets the vendor's bytes, the vendor gets its own model and our key, the reply says who answered."""
    upstream.answers(audio(b"ID3abc", b"def"))
    router = await serve(one_vendor(upstream))

    async with router.client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="nova", input="Hello", speed=1.5
    ) as reply:
        body = await reply.read()

    seen = upstream.seen[0]
    assert body == b"ID3abcdef"
    assert reply.headers["content-type"] == "audio/mpeg"
    assert reply.headers["x-router-target"] == "one/some-model"
    assert reply.headers["x-router-attempts"] == "1"
    assert reply.headers["x-router-cost-basis"] == "unpriced"
    assert reply.headers["x-request-id"]
    assert (seen.method, seen.path) == ("POST", "/audio/speech")
    assert seen.headers["authorization"] == f"Bearer {KEY}"
    assert seen.json == {
        "model": "some-model",
        "input": "Hello",
        "voice": "nova",
        "response_format": "mp3",
        "speed": 1.5,
    }


async def test_a_chunk_is_out_before_the_next_is_in(serve: Serve, upstream: Upstream) -> None:
    """Native format: chunk n is at the client before the vendor sends n+1, one for one."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(one_vendor(upstream))
    drip.send(b"chunk 0")

    async with router.http.post("/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "x"}) as reply:
        received = [await asyncio.wait_for(reply.content.readany(), 5)]
        for number in range(1, 20):
            drip.send(b"chunk %d" % number)
            received.append(await asyncio.wait_for(reply.content.readany(), 5))
        drip.end()
        rest = await reply.content.read()

    assert received == [b"chunk %d" % number for number in range(20)]
    assert rest == b""


async def test_a_stream_that_breaks_off_never_ends_cleanly(serve: Serve, upstream: Upstream) -> None:
    """After commit a vendor's failure reaches the client as a broken transfer, and the event says so."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(one_vendor(upstream))
    drip.send(b"half")

    async with router.http.post("/v1/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "x"}) as reply:
        first = await reply.content.readany()
        drip.abort()
        with pytest.raises(aiohttp.ClientPayloadError):
            await reply.content.read()

    assert first == b"half"
    record = await router.record()
    assert (record.outcome, record.bytes_out) == ("interrupted", 4)


async def test_sse_clients_are_told_that_a_stream_broke_off(serve: Serve, upstream: Upstream) -> None:
    """With `stream_format: sse` the failure is an error event, and the transfer ends well-formed."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(one_vendor(upstream))
    drip.send(b"half")

    request = {"model": "tts-1", "voice": "alloy", "input": "x", "stream_format": "sse"}
    async with router.http.post("/v1/audio/speech", json=request) as reply:
        first = await reply.content.readuntil(b"\n\n")
        drip.abort()
        rest = await reply.content.read()

    assert first == b'data: {"type":"speech.audio.delta","audio":"aGFsZg=="}\n\n'
    assert rest.startswith(b'data: {"error":{"message"')


async def test_sse_wraps_what_any_vendor_gives(serve: Serve, upstream: Upstream) -> None:
    """Deltas in base64 and a done event with usage, though the vendor sent plain bytes."""
    upstream.answers(audio(b"abc"))
    router = await serve(one_vendor(upstream))

    request = {"model": "tts-1", "voice": "alloy", "input": "x", "stream_format": "sse"}
    async with router.http.post("/v1/audio/speech", json=request) as reply:
        body = await reply.read()

    assert reply.content_type == "text/event-stream"
    assert body == (
        b'data: {"type":"speech.audio.delta","audio":"YWJj"}\n\n'
        b'data: {"type":"speech.audio.done","usage":'
        b'{"input_tokens":0,"output_tokens":0,"total_tokens":0,"input_characters":1}}\n\n'
    )


async def test_a_client_that_leaves_ends_the_vendors_call(serve: Serve, upstream: Upstream) -> None:
    """Closing the client's connection closes the vendor's, while it streams and while it is waited for."""
    for first in (b"begun", None):
        drip = Drip()
        upstream.answers(drip)
        router = await serve(one_vendor(upstream))
        if first:
            drip.send(first)
        client = await asyncio.open_connection(*router.url.removeprefix("http://").split(":"))
        body = b'{"model":"tts-1","voice":"alloy","input":"x"}'
        head = b"POST /v1/audio/speech HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n" % len(body)
        client[1].write(head + body)
        await asyncio.wait_for(drip.begun.wait(), 5)
        if first:
            await asyncio.wait_for(client[0].readuntil(b"begun"), 5)

        client[1].close()

        await asyncio.wait_for(drip.left.wait(), 5)
        record = await router.record()
        assert (record.outcome, record.status) == ("client left", 499)


@pytest.mark.parametrize("name", sorted(OPENAI_VOICES))
async def test_openai_voices_work_at_every_vendor(serve: Serve, upstream: Upstream, name: str) -> None:
    """OpenAI's thirteen names need no configuration anywhere."""
    upstream.answers(audio(b"a"))
    for like, model in (("openai", "tts-1"), ("elevenlabs", "eleven_v3"), ("deepgram", "aura-2"), ("deepgram", "flux")):
        text = table_of(
            {"one": f"{{like: {like}, base_url: '{upstream.url}', api_key: {KEY}}}"}, {"m": [f"one/{model}"]}
        )
        router = await serve(text)

        reply = await router.client.audio.speech.create(model="m", voice=name, input="x")

        assert reply.content == b"a"


async def test_a_voice_nobody_has_is_the_clients_mistake(serve: Serve, upstream: Upstream) -> None:
    """A 400 that lists what would work, and no vendor is called."""
    router = await serve(one_vendor(upstream, like="elevenlabs"))

    with pytest.raises(openai.BadRequestError) as refused:
        await router.client.audio.speech.create(model="tts-1", voice="nobody", input="x")

    assert "has no voice 'nobody'" in refused.value.message
    assert "alloy" in refused.value.message
    assert upstream.seen == []


async def test_what_a_vendor_cannot_honour_is_dropped_and_named(serve: Serve, upstream: Upstream) -> None:
    """Lenient: speed is clamped, instructions are dropped, both are named. Strict: a 400."""
    upstream.answers(audio(b"a"))
    asked = {"model": "tts-1", "voice": "alloy", "input": "x", "speed": 4, "instructions": "sad"}
    lenient = await serve(one_vendor(upstream, like="elevenlabs"))
    strict = await serve(one_vendor(upstream, like="elevenlabs", more="defaults: {params: strict}\n"))

    reply = await lenient.http.post("/v1/audio/speech", json=asked)
    refused = await strict.http.post("/v1/audio/speech", json=asked)

    assert reply.headers["x-router-dropped"] == "speed=1.2, instructions"
    assert upstream.seen[0].json["voice_settings"] == {"speed": 1.2}
    assert refused.status == 400
    assert "does not honour speed=1.2, instructions" in (await refused.json())["error"]["message"]


async def test_a_clients_own_fields_reach_the_vendor(serve: Serve, upstream: Upstream) -> None:
    """`extra_body` arrives beside what the vendor file set, and never over it."""
    upstream.answers(audio(b"a"))
    router = await serve(one_vendor(upstream, like="elevenlabs"))

    await router.client.audio.speech.create(
        model="tts-1",
        voice="alloy",
        input="x",
        speed=1.1,
        extra_body={"voice_settings": {"stability": 0.3, "speed": 9}, "seed": 7, "model_id": "dearer", "route": {}},
    )

    assert upstream.seen[0].json == {
        "text": "x",
        "model_id": "some-model",
        "voice_settings": {"stability": 0.3, "speed": 1.1},
        "seed": 7,
    }


@pytest.mark.parametrize(
    ("body", "param", "code"),
    [
        (b"{", None, "invalid_json"),
        (b"[]", None, None),
        (b"\xff", None, "invalid_json"),
        (b"[" * 100_000, None, "invalid_json"),
        (b'{"model":"tts-1","input":"x"}', "voice", "missing_required_parameter"),
        (b'{"model":"tts-1","voice":"alloy","input":" "}', "input", "invalid_value"),
        (b'{"model":"tts-1","voice":"alloy","input":7}', "input", "invalid_value"),
        (b'{"model":"tts-1","voice":"alloy","input":"x","speed":9}', "speed", "invalid_value"),
        (b'{"model":"tts-1","voice":"alloy","input":"x","response_format":"ogg"}', "response_format", "invalid_value"),
        (b'{"model":"tts-1","voice":{"name":"x"},"input":"x"}', "voice", "invalid_value"),
    ],
)
async def test_a_bad_body_is_a_400_that_names_the_field(
    serve: Serve, upstream: Upstream, body: bytes, param: str | None, code: str | None
) -> None:
    """In OpenAI's envelope, all four keys of it, and no vendor is called."""
    router = await serve(one_vendor(upstream))

    async with router.http.post("/v1/audio/speech", data=body) as reply:
        error = (await reply.json())["error"]

    assert reply.status == 400
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    if code:
        assert (error["param"], error["code"]) == (param, code)
    assert upstream.seen == []


async def test_optional_fields_may_be_null_and_numbers_text(serve: Serve, upstream: Upstream) -> None:
    """What SDKs put on the wire for None is as good as nothing; `"1.5"` is 1.5; a voice may be an object."""
    upstream.answers(audio(b"a"))
    router = await serve(one_vendor(upstream))
    asked = {
        "model": "tts-1",
        "voice": {"id": "voice_7"},
        "input": "x",
        "speed": "1.5",
        "instructions": None,
        "response_format": None,
        "stream_format": None,
        "seed": None,
    }

    async with router.http.post("/v1/audio/speech", json=asked) as reply:
        assert reply.status == 200

    assert upstream.seen[0].json == {
        "model": "some-model",
        "input": "x",
        "voice": "voice_7",
        "response_format": "mp3",
        "speed": 1.5,
    }


async def test_an_unknown_model_is_a_404(serve: Serve, upstream: Upstream) -> None:
    """`model_not_found`, on the field `model`."""
    router = await serve(one_vendor(upstream))

    with pytest.raises(openai.NotFoundError) as unknown:
        await router.client.audio.speech.create(model="nope", voice="alloy", input="x")

    assert (unknown.value.code, unknown.value.param) == ("model_not_found", "model")


async def test_a_model_can_be_named_directly(serve: Serve, upstream: Upstream) -> None:
    """`vendor/model` needs no route, slashes in the model included; its vendor's 404 is the client's 404."""
    router = await serve(one_vendor(upstream))
    upstream.answers(audio(b"a"))

    reply = await router.client.audio.speech.create(model="one/a/b:c", voice="anyone", input="x")

    assert reply.content == b"a"
    assert upstream.seen[0].json["model"] == "a/b:c"
    upstream.answers(failure(404, "no such model", "model_not_found"))
    with pytest.raises(openai.NotFoundError):
        await router.client.audio.speech.create(model="one/nope", voice="anyone", input="x")


async def test_the_same_paths_work_without_v1(serve: Serve, upstream: Upstream) -> None:
    """`/audio/speech` is the same handler behind the same door."""
    upstream.answers(audio(b"a"))
    router = await serve(one_vendor(upstream))

    async with router.http.post("/audio/speech", json={"model": "tts-1", "voice": "alloy", "input": "x"}) as reply:
        assert await reply.read() == b"a"


async def test_only_who_has_a_key_comes_in(serve: Serve, upstream: Upstream) -> None:
    """With `keys:` a call needs one, as `Bearer` or bare; it never reaches the vendor."""
    upstream.answers(audio(b"a"))
    keys = "keys:\n  alice: {key: '${ALICE}'}\n"
    router = await serve(one_vendor(upstream, more=keys), key="wrong", ALICE="sk-alice")
    asked = {"model": "tts-1", "voice": "alloy", "input": "x"}

    with pytest.raises(openai.AuthenticationError) as refused:
        await router.client.audio.speech.create(**asked)
    for header in ("Bearer sk-alice", "sk-alice"):
        async with router.http.post("/v1/audio/speech", json=asked, headers={"authorization": header}) as reply:
            assert reply.status == 200
    async with router.http.get("/v1/models") as closed:
        assert closed.status == 401

    assert refused.value.code == "invalid_api_key"
    assert all("alice" not in str(seen.headers) for seen in upstream.seen)
    assert (await router.record()).key == "alice"


async def test_personas_and_a_targets_own_voices(serve: Serve, upstream: Upstream) -> None:
    """The target's `voices` win over the persona, the persona over the vendor's table, `"*"` speaks for the rest."""
    upstream.answers(audio(b"a"))
    text = table_of(
        {"one": f"{{like: elevenlabs, base_url: '{upstream.url}', api_key: {KEY}}}"},
        {
            "plain": ["one/eleven_v3"],
            "own": ["{target: one/eleven_v3, voices: {alloy: pFZP5JQG7iQjIQuC4Bku, '*': onwK4e9ZLuTAKqWW03F9}}"],
        },
        "voices:\n  narrator: {one: JBFqnCBsd6RMkjVDRZzb}\n  alloy: {one: CwhRBWXzGAHq8TQ4Fs17}\n",
    )
    router = await serve(text)

    for model, voice in (("plain", "narrator"), ("plain", "alloy"), ("own", "alloy"), ("own", "unheard-of")):
        await router.client.audio.speech.create(model=model, voice=voice, input="x")

    spoken = [seen.path.split("/")[3] for seen in upstream.seen]
    assert spoken == [
        "JBFqnCBsd6RMkjVDRZzb",
        "CwhRBWXzGAHq8TQ4Fs17",
        "pFZP5JQG7iQjIQuC4Bku",
        "onwK4e9ZLuTAKqWW03F9",
    ]


async def test_models_and_voices_can_be_listed(serve: Serve, upstream: Upstream) -> None:
    """The SDK's model calls work, ids with slashes included, and voices are there for those who ask."""
    router = await serve(one_vendor(upstream))

    listed = [model.id async for model in router.client.models.list()]
    direct = await router.client.models.retrieve("one/a/b")
    async with router.http.get("/v1/audio/voices") as reply:
        voices = [voice["id"] for voice in (await reply.json())["voices"]]

    assert listed[0] == "tts-1"
    assert (direct.id, direct.owned_by) == ("one/a/b", "one")
    assert "marin" in voices
    with pytest.raises(openai.NotFoundError):
        await router.client.models.retrieve("nope")


async def test_unknown_paths_and_methods_are_told_in_the_envelope(serve: Serve, upstream: Upstream) -> None:
    """404 and 405 in OpenAI's shape."""
    router = await serve(one_vendor(upstream))

    for method, path, status in (
        ("GET", "/nowhere", 404),
        ("GET", "/v1/audio/speech", 405),
        ("PUT", "/v1/models", 405),
    ):
        async with router.http.request(method, path) as reply:
            assert reply.status == status
            assert set((await reply.json())["error"]) == {"message", "type", "param", "code"}


async def test_json_where_audio_was_due_is_a_failure(serve: Serve, upstream: Upstream) -> None:
    """A 200 with a JSON body is no speech: 502, and the vendor's words stay inside."""
    upstream.answers(document({"hello": KEY}))
    router = await serve(one_vendor(upstream))

    with pytest.raises(openai.InternalServerError) as failed:
        await router.client.audio.speech.create(model="tts-1", voice="alloy", input="x")

    assert failed.value.status_code == 502
    assert KEY not in str(failed.value.response.text)


async def test_what_a_client_makes_up_cannot_bend_a_header(serve: Serve, upstream: Upstream) -> None:
    """Control characters and other letters in a model's or a field's name come back encoded, and bounded."""
    upstream.answers(audio(b"a"))
    router = await serve(one_vendor(upstream))
    asked = {
        "model": "one/a\r\nx-evil: 1\u00fc",
        "voice": "v",
        "input": "x",
        "webhook\r\nx-evil: 2": 1,
        "callback" * 999: 1,
    }

    async with router.http.post("/v1/audio/speech", json=asked) as reply:
        assert reply.status == 200

    assert "x-evil" not in reply.headers
    assert reply.headers["x-router-target"] == "one/a%0D%0Ax-evil: 1%C3%BC"
    assert reply.headers["x-router-dropped"].startswith("webhook%0D%0Ax-evil: 2, callback")
    assert len(reply.headers["x-router-dropped"]) == 1_024


async def test_a_bug_of_ours_is_a_500_in_the_envelope(
    serve: Serve, upstream: Upstream, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client learns nothing of it but that it happened; the log has the traceback."""
    router = await serve(one_vendor(upstream))
    monkeypatch.setattr(router.house.relay, "answer", None)

    async with router.http.post("/v1/audio/speech", json={"model": "m", "voice": "v", "input": "x"}) as reply:
        error = (await reply.json())["error"]

    assert (reply.status, error["type"]) == (500, "server_error")
    assert "NoneType" not in error["message"]
    assert "TypeError" in capsys.readouterr().out


async def test_a_refusal_names_the_vendors_field(serve: Serve, upstream: Upstream) -> None:
    """A vendor of this wire names fields as the client does."""
    error = {"message": "no such voice", "type": "invalid_request_error", "param": "voice", "code": "invalid_value"}
    upstream.answers(document({"error": error}, 400))
    router = await serve(one_vendor(upstream))

    with pytest.raises(openai.BadRequestError) as refused:
        await router.client.audio.speech.create(model="tts-1", voice="alloy", input="x")

    assert (refused.value.param, refused.value.code) == ("voice", "invalid_value")
