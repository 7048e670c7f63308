"""A call with a route of its own, in JSON and in forms, through the stock SDK; and both doors closed."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import openai
import pytest

from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Upstream, audio, document


def table(first: Upstream, second: Upstream, more: str = "") -> str:
    return table_of(
        {
            "one": f"{{like: openai, base_url: '{first.url}', api_key: {KEY}}}",
            "two": f"{{like: openai, base_url: '{second.url}', api_key: {KEY}}}",
        },
        {
            "tts-1": ["{target: one/tts-1, price: {per_request: 2}}", "{target: two/tts-1, price: {per_request: 1}}"],
            "whisper-1": ["one/whisper-1", "two/whisper-1"],
        },
        more,
    )


async def target_of(router: Running, route: Any) -> str:
    reply = await router.client.audio.speech.with_raw_response.create(
        model="tts-1", voice="alloy", input="Hello", extra_body={"route": route}
    )
    return reply.headers["x-router-target"]


async def test_speech_by_the_clients_own_chain_and_policy(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """`extra_body` of the SDK; the vendor does not see the field."""
    upstream.answers(audio(b"one"))
    spare.answers(audio(b"two"))
    router = await serve(table(upstream, spare))

    assert await target_of(router, {"policy": "cost"}) == "two/tts-1"
    assert await target_of(router, {"targets": ["two/tts-hd", "one/tts-1"]}) == "two/tts-hd"
    assert await target_of(router, {"targets": [{"target": "one/x", "voices": {"alloy": "max"}}]}) == "one/x"
    assert await target_of(router, {"max_cost": 1.5, "max_latency": "2s"}) == "two/tts-1"
    assert upstream.seen[-1].json["voice"] == "max"
    assert all("route" not in seen.json for seen in (*upstream.seen, *spare.seen))


FORMS: list[dict[str, str]] = [
    {"route": '{"targets": ["two/whisper-1"]}'},
    {"route[targets][]": "two/whisper-1", "route[policy]": "order"},
    {"route[targets][0][target]": "two/whisper-1", "route[targets][0][weight]": "2"},
]


@pytest.mark.parametrize("fields", FORMS)
async def test_listening_by_the_clients_own_chain(
    serve: Serve, upstream: Upstream, spare: Upstream, fields: dict[str, str]
) -> None:
    """As one JSON text, or in brackets; numbers are texts there."""
    spare.answers(document({"text": "hello"}))
    router = await serve(table(upstream, spare))
    form = aiohttp.FormData({"model": "whisper-1", **fields})
    form.add_field("file", io.BytesIO(b"RIFFwave"), filename="a.wav")

    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        assert (reply.status, reply.headers["x-router-target"]) == (200, "two/whisper-1")

    assert b"route" not in spare.seen[0].body


MISTAKES = [
    ("cost", "route", "expected an object"),
    ({"polcy": "cost"}, "route", "unknown field `polcy`"),
    ({"policy": "cheap"}, "route.policy", "cheap"),
    ({"targets": []}, "route.targets", "length"),
    ({"targets": ["one/x"] * 17}, "route.targets", "length"),
    ({"targets": ["nobody/x"]}, "route.targets[0]", "there is no vendor 'nobody' here; there are one, two"),
    ({"targets": ["one/x", {"target": "two/y", "weight": 0}]}, "route.targets[1].weight", "> 0"),
    ({"targets": [{"target": "one/x", "price": {}}]}, "route.targets[0]", "unknown field `price`"),
    ({"max_cost": -1}, "route.max_cost", ">= 0"),
    ({"max_latency": "soon"}, "route.max_latency", "expected a duration such as 2s or 500ms"),
    ({"max_cost": 0.5}, None, "may be spent"),
]


@pytest.mark.parametrize(("route", "param", "words"), MISTAKES)
async def test_mistakes_are_told_by_their_field(
    serve: Serve, upstream: Upstream, spare: Upstream, route: Any, param: str | None, words: str
) -> None:
    """A 400 in OpenAI's envelope; nobody is asked."""
    router = await serve(table(upstream, spare))

    with pytest.raises(openai.BadRequestError) as mistake:
        await target_of(router, route)

    assert mistake.value.param == param
    assert words in str(mistake.value)
    assert not upstream.seen


async def test_both_doors_can_be_closed(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Then it is a 403, which no SDK tries again; routes answer as ever."""
    upstream.answers(audio(b"one"))
    router = await serve(table(upstream, spare, "server: {client_routes: false, direct: false}\n"))

    with pytest.raises(openai.PermissionDeniedError) as own:
        await target_of(router, {"policy": "cost"})
    with pytest.raises(openai.PermissionDeniedError) as direct:
        await router.client.audio.speech.create(model="one/tts-1", voice="alloy", input="Hello")

    assert (own.value.code, direct.value.code) == ("client_routes_off", "direct_off")
    assert await target_of(router, None) == "one/tts-1"
