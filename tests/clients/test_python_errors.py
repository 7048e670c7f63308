"""Failures as the stock Python SDK, sync and async, sees them: its classes, its retries, the ids of its requests."""

from __future__ import annotations

from typing import Any

import openai
import pytest
from msgspec import Struct

from tests.clients.conftest import OpenStock, told
from tests.clients.vendor import a_table, hears
from tests.conftest import Serve
from tests.fakes import Answer, Upstream, audio, failure, stall

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}
KEYS = "keys:\n  alice: {key: sk-alice-0123456789}\n"
IMPATIENT = "defaults: {timeout: 100ms}\n"


class Row(Struct, frozen=True):
    """What goes wrong, what the SDK raises, and how many requests it makes of one call with its usual two retries."""

    error: type[openai.APIStatusError]
    status: int
    code: str | None
    requests: int
    asked: dict[str, Any] = {}
    vendor: Answer = failure(500)
    more: str = ""


ROWS = {
    "a bad field": Row(openai.BadRequestError, 400, "invalid_value", 1, {"speed": 9}),
    "what no vendor takes": Row(openai.BadRequestError, 400, None, 1, vendor=failure(400)),
    "no key of ours": Row(openai.AuthenticationError, 401, "invalid_api_key", 1, more=KEYS),
    "no such model": Row(openai.NotFoundError, 404, "model_not_found", 1, {"model": "nope"}),
    "too large": Row(openai.APIStatusError, 413, None, 1, {"input": "x" * 3_000}, more="server: {max_body: 2KB}\n"),
    "a long wait": Row(
        openai.RateLimitError, 429, "rate_limit_exceeded", 1, vendor=failure(429, **{"retry-after": "90"})
    ),
    "our key is refused": Row(openai.InternalServerError, 502, "upstream_failed", 1, vendor=failure(401)),
    "the vendor fails": Row(openai.InternalServerError, 502, "upstream_failed", 3),
    "the vendor is late": Row(openai.InternalServerError, 504, "timeout", 3, vendor=stall, more=IMPATIENT),
}


@pytest.mark.parametrize("name", ROWS)
async def test_the_sdk_raises_and_repeats_as_it_should(
    serve: Serve, stock: OpenStock, upstream: Upstream, name: str
) -> None:
    """A class of its own for each status; another request only where another may help."""
    row = ROWS[name]
    upstream.answers(row.vendor)
    router = await serve(a_table(upstream, more=row.more))
    client = stock(router)

    with pytest.raises(row.error) as caught:
        await client.call(lambda sdk: sdk.audio.speech.create(**{**SPEECH, **row.asked}))

    assert caught.type is row.error
    assert (caught.value.status_code, caught.value.code) == (row.status, row.code)
    assert caught.value.type
    assert caught.value.message
    assert len(router.records) == row.requests
    assert caught.value.request_id == router.records[-1].request_id


async def test_a_throttled_call_waits_as_it_is_told_and_succeeds(
    serve: Serve, stock: OpenStock, upstream: Upstream
) -> None:
    """429 with the vendor's `retry-after`: the SDK's second request is answered."""
    upstream.answers(failure(429, **{"retry-after": "1"}), audio(b"ID3spoken"))
    router = await serve(a_table(upstream))
    client = stock(router)

    reply = await client.call(lambda sdk: sdk.audio.speech.create(**SPEECH))

    assert reply.content == b"ID3spoken"
    assert [record.status for record in await told(router, 2)] == [429, 200]
    assert len(upstream.seen) == 2


async def test_an_upload_is_repeated_whole(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """After a failure of the vendor's the SDK sends the file again, and is answered."""
    upstream.answers(failure(500), hears)
    router = await serve(a_table(upstream))
    client = stock(router)
    content = b"RIFF" + bytes(range(256)) * 4_000

    heard = await client.call(
        lambda sdk: sdk.audio.transcriptions.create(model="gpt-4o-transcribe", file=("a.wav", content))
    )

    assert heard.text == "Hello world."
    assert [record.status for record in await told(router, 2)] == [502, 200]
    assert all(content in seen.body for seen in upstream.seen)


async def test_a_file_beyond_the_bound_is_a_413(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """Told once, not tried again, and no vendor hears of it."""
    router = await serve(a_table(upstream, more="server: {max_upload: 100KB}\n"))
    client = stock(router)
    file = ("a.wav", bytes(5 * 2**20))

    with pytest.raises(openai.APIStatusError) as caught:
        await client.call(lambda sdk: sdk.audio.transcriptions.create(model="whisper-1", file=file))

    assert (caught.value.status_code, len(router.records), upstream.seen) == (413, 1, [])


async def test_the_requests_id_is_the_clients_own_or_ours(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """`_request_id` and the raw headers name the call as its event does; a sane `x-request-id` is kept."""
    upstream.answers(hears)
    router = await serve(a_table(upstream))
    client = stock(router)
    asked = {"model": "whisper-1", "file": b"RIFFdata"}

    heard = await client.call(lambda sdk: sdk.audio.transcriptions.create(**asked))
    raw = await client.call(
        lambda sdk: sdk.audio.transcriptions.with_raw_response.create(**asked, extra_headers={"x-request-id": "mine-7"})
    )

    first, second = await told(router, 2)
    assert heard._request_id == first.request_id
    assert raw.request_id == second.request_id == "mine-7"
    assert raw.headers["x-router-target"] == "openai/whisper-1"
    assert raw.headers["x-router-attempts"] == "1"


async def test_models_are_listed_and_retrieved(serve: Serve, stock: OpenStock, upstream: Upstream) -> None:
    """Routes by their names, `vendor/model` with all its slashes; an unknown one is a `NotFoundError`."""
    client = stock(await serve(a_table(upstream)))

    listed = await client.call(lambda sdk: sdk.models.list())
    route = await client.call(lambda sdk: sdk.models.retrieve("whisper-1"))
    direct = await client.call(lambda sdk: sdk.models.retrieve("openai/some/model-1"))
    with pytest.raises(openai.NotFoundError) as unknown:
        await client.call(lambda sdk: sdk.models.retrieve("nope"))

    assert {"tts-1", "whisper-1"} <= {model.id for model in listed.data}
    assert (route.id, route.object) == ("whisper-1", "model")
    assert (direct.id, direct.owned_by) == ("openai/some/model-1", "openai")
    assert unknown.value.code == "model_not_found"
