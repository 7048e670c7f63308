"""What would become of a call, told without calling anybody; the same that `serve` then does."""

from __future__ import annotations

import io
from typing import Any

import pytest

from tests.api.described import check_reply
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Upstream, audio, failure

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello", "response_format": "opus", "instructions": "Softly"}


def table(upstream: Upstream, policy: str = "cost", more: str = "") -> str:
    text = table_of(
        {
            "openai": f"{{base_url: '{upstream.url}', api_key: {KEY}}}",
            "deepgram": "{api_key: '${DEEPGRAM_API_KEY}'}",
            "elevenlabs": f"{{base_url: '{upstream.url}', api_key: {KEY}}}",
        },
        {
            "tts-1": ["openai/tts-1-hd", "deepgram/aura-2", "{target: elevenlabs/eleven_v3, weight: 3}"],
            "whisper-1": ["openai/gpt-4o-transcribe", "elevenlabs/scribe_v2"],
        },
        more,
    )
    return text.replace("  tts-1:\n", f"  tts-1:\n    policy: {policy}\n")


async def explained(router: Running, **fields: Any) -> Any:
    async with router.http.post("/v1/routes/explain", json=fields) as reply:
        body = await reply.json()
        assert reply.status == 200, body
        return body


async def test_every_target_is_told_with_what_it_costs_and_loses(serve: Serve, upstream: Upstream) -> None:
    """In the order of the policy, in the vendor's terms; the others with their reasons. Nobody is called."""
    router = await serve(table(upstream))

    told = await explained(router, **SPEECH)

    assert told == {
        "model": "tts-1",
        "kind": "speech",
        "policy": {"by": "cost", "max_latency_s": None, "max_cost": None},
        "targets": [
            {
                "target": "openai/tts-1-hd",
                "share": None,
                "voice": "alloy",
                "format": "opus",
                "is_transcoded": False,
                "requests": 1,
                "dropped": ["instructions"],
                "translated_by": None,
                "cost_usd": pytest.approx(0.00015),
                "cost_basis": "estimated",
                "first_byte_s": None,
                "rests_s": None,
            },
            {
                "target": "elevenlabs/eleven_v3",
                "share": None,
                "voice": told["targets"][1]["voice"],
                "format": told["targets"][1]["format"],
                "is_transcoded": True,
                "requests": 1,
                "dropped": ["instructions"],
                "translated_by": None,
                "cost_usd": pytest.approx(0.0004),
                "cost_basis": "estimated",
                "first_byte_s": None,
                "rests_s": None,
            },
        ],
        "excluded": [{"target": "deepgram/aura-2", "reason": "DEEPGRAM_API_KEY is not set"}],
        "cache_s": None,
    }
    assert not upstream.seen


@pytest.mark.parametrize("policy", ["order", "cost", "{by: latency, max_cost: 0.0002}"])
async def test_what_is_told_is_what_is_done(serve: Serve, upstream: Upstream, policy: str) -> None:
    """The first target of the explanation is the first that is asked."""
    upstream.answers(failure(400))
    router = await serve(table(upstream, policy))

    told = await explained(router, **SPEECH)
    async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
        await reply.read()

    record = await router.record()
    assert [attempt.target for attempt in record.attempts] == [target["target"] for target in told["targets"]]


async def test_a_resting_target_is_told_to_rest(serve: Serve, upstream: Upstream) -> None:
    """What the running router has learnt counts, and how quick a target is."""
    upstream.answers(failure(429, **{"retry-after": "60"}), audio(b"ID3spoken"))
    router = await serve(table(upstream))
    async with router.http.post("/v1/audio/speech", json={**SPEECH, "response_format": "mp3"}) as reply:
        assert reply.status == 200

    told = await explained(router, **SPEECH)

    assert [target["target"] for target in told["targets"]] == ["elevenlabs/eleven_v3"]
    assert told["targets"][0]["first_byte_s"] < 5
    reasons = {one["target"]: one["reason"] for one in told["excluded"]}
    assert reasons["openai/tts-1-hd"] in {f"is resting for {seconds} s since it throttles us" for seconds in (59, 60)}


async def test_weights_are_told_as_shares(serve: Serve, upstream: Upstream) -> None:
    """The largest first, since chance decides each call."""
    router = await serve(table(upstream, "weight"))

    told = await explained(router, **SPEECH)

    assert [(one["target"], one["share"]) for one in told["targets"]] == [
        ("elevenlabs/eleven_v3", 0.75),
        ("openai/tts-1-hd", 0.25),
    ]


async def test_a_file_is_said_by_its_length_and_size(serve: Serve, upstream: Upstream) -> None:
    """What is too long for a vendor is left out; a price by the minute has its sum."""
    router = await serve(table(upstream))

    told = await explained(router, kind="transcription", model="whisper-1", duration=3600, size=20_000_000)

    assert [target["target"] for target in told["targets"]] == ["elevenlabs/scribe_v2"]
    assert told["targets"][0]["cost_usd"] > 0.1
    assert "of audio at most, the file has 3,600 s" in told["excluded"][0]["reason"]


async def test_a_call_that_nobody_can_answer_is_no_error_here(serve: Serve, upstream: Upstream) -> None:
    """That is what is asked for: no target, and why."""
    router = await serve(table(upstream))

    told = await explained(router, kind="translation", model="tts-1", duration=3)

    assert told["targets"] == []
    assert len(told["excluded"]) == 3


@pytest.mark.parametrize("where", ["route", "table"])
async def test_a_bound_on_latency_is_told_in_seconds(serve: Serve, upstream: Upstream, where: str) -> None:
    """Whoever has set it."""
    own = {"route": {"policy": "latency", "max_latency": "1500ms"}} if where == "route" else {}
    text = table(upstream)
    if where == "table":
        text = text.replace("policy: cost", "policy: {by: cost, max_latency: 1500ms}")
    router = await serve(text)

    assert (await explained(router, **SPEECH, **own))["policy"]["max_latency_s"] == 1.5


MISTAKES = [
    ({"kind": "noise", "model": "m"}, 400, "kind"),
    ({"kind": "music", "model": "m"}, 400, "input"),
    ({"kind": "speech", "model": "tts-1"}, 400, "input"),
    ({"kind": "transcription", "model": "whisper-1", "duration": "long"}, 400, "duration"),
    ({"kind": "transcription", "model": "whisper-1", "size": -1}, 400, "size"),
    ({"kind": "transcription"}, 400, "model"),
    ({**SPEECH, "model": "nope"}, 404, "model"),
    ({**SPEECH, "route": {"targets": ["x"]}}, 400, "route.targets[0]"),
]


@pytest.mark.parametrize(("fields", "status", "param"), MISTAKES)
async def test_mistakes_are_those_of_the_call(
    serve: Serve, upstream: Upstream, fields: Any, status: int, param: str
) -> None:
    """In the envelope, naming the field, and as the documentation says."""
    router = await serve(table(upstream))
    async with router.http.get("/openapi.json") as reply:
        document = await reply.json()

    async with router.http.post("/v1/routes/explain", json=fields) as reply:
        await check_reply(document, "/v1/routes/explain", reply)
        assert (reply.status, (await reply.json())["error"]["param"]) == (status, param)


async def test_the_reply_is_as_documented_and_keys_hold(serve: Serve, upstream: Upstream) -> None:
    """401 without a key where keys are asked for, 405 for other methods, 403 for a closed door."""
    more = "keys: {ann: {key: sk-ann}}\nserver: {client_routes: false}\n"
    router = await serve(table(upstream, more=more))
    async with router.http.get("/openapi.json") as reply:
        document = await reply.json()
    known = {"authorization": "Bearer sk-ann"}
    asked = [
        ({}, SPEECH, 401),
        (known, SPEECH, 200),
        (known, {**SPEECH, "route": {"policy": "cost"}}, 403),
    ]

    for headers, fields, status in asked:
        async with router.http.post("/v1/routes/explain", json=fields, headers=headers) as reply:
            await check_reply(document, "/v1/routes/explain", reply)
            assert reply.status == status
    large = io.BytesIO(b'{"model": "tts-1", "input": "' + b"x" * 9_000_000)
    async with router.http.post("/v1/routes/explain", data=large, headers=known) as reply:
        await check_reply(document, "/v1/routes/explain", reply)
        assert reply.status == 413
    async with router.http.get("/v1/routes/explain", headers=known) as reply:
        assert (reply.status, reply.headers["allow"]) == (405, "POST")
