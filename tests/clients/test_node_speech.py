"""Speech through the stock Node SDK, and its errors: the vendor's bytes, while it sends them."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import msgspec
import pytest

from router.wire.audio import OPUS, WAV
from tests.clients.conftest import told
from tests.clients.node import needs_node, running, said
from tests.clients.vendor import a_table
from tests.conftest import Serve
from tests.fakes import Answer, Drip, Upstream, audio, failure
from tests.media.sounds import TONE_HZ, clip, heard

pytestmark = needs_node

ASKED = {"model": "tts-1", "voice": "nova", "input": "Hello"}
SPOKEN = b"ID3" + bytes(range(256)) * 40


async def test_a_script_that_calls_elsewhere_fails() -> None:
    """The guard of these tests: no name but this machine's is looked up."""
    with pytest.raises(AssertionError, match=r"elsewhere\.mjs failed"):
        await said("elsewhere.mjs")


async def test_a_response_is_the_vendors_bytes(serve: Serve, upstream: Upstream) -> None:
    """`speech.create` gives a `Response` with the vendor's bytes, their type and the id of the request."""
    upstream.answers(audio(SPOKEN[:1_000], SPOKEN[1_000:]))
    router = await serve(a_table(upstream))

    head, *chunks = await said("speech.mjs", url=router.url, asked={**ASKED, "speed": 1.25, "seed": 7})

    (record,) = await told(router, 1)
    assert b"".join(map(b64decode, chunks)) == SPOKEN
    assert head == {"type": "audio/mpeg", "requestId": record.request_id}
    assert upstream.seen[0].json == {
        "model": "tts-1",
        "input": "Hello",
        "voice": "nova",
        "response_format": "mp3",
        "speed": 1.25,
        "seed": 7,
    }


async def test_a_body_is_read_while_the_vendor_still_speaks(serve: Serve, upstream: Upstream) -> None:
    """`reply.body`: the first chunk is there while the vendor holds the rest."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(a_table(upstream))
    drip.send(b"first")

    async with running("speech.mjs", url=router.url, asked=ASKED) as values:
        assert (await anext(values))["type"] == "audio/mpeg"
        assert b64decode(await anext(values)) == b"first"
        drip.send(b"last")
        drip.end()
        assert [b64decode(value) async for value in values] == [b"last"]


async def test_events_carry_the_audio(serve: Serve, upstream: Upstream) -> None:
    """`stream_format: "sse"`: deltas that make the vendor's bytes, and a done event."""
    upstream.answers(audio(SPOKEN[:1_000], SPOKEN[1_000:]))
    router = await serve(a_table(upstream))
    asked = {**ASKED, "model": "gpt-4o-mini-tts", "stream_format": "sse"}

    head, *chunks = await said("speech.mjs", url=router.url, asked=asked)

    lines = b"".join(map(b64decode, chunks)).decode().split("\n\n")
    events = [msgspec.json.decode(line.removeprefix("data: ")) for line in lines if line]
    assert head["type"].startswith("text/event-stream")
    assert b"".join(b64decode(event["audio"]) for event in events[:-1]) == SPOKEN
    assert events[-1]["type"] == "speech.audio.done"


async def test_a_format_the_vendor_lacks_is_valid_audio(serve: Serve, upstream: Upstream) -> None:
    """Opus from a vendor that speaks wav alone."""
    upstream.answers(audio(clip(WAV, 1.0), content_type="audio/wav"))
    router = await serve(a_table(upstream, speaker="groq/canopylabs/orpheus-v1-english"))

    head, *chunks = await said("speech.mjs", url=router.url, asked={**ASKED, "response_format": "opus"})

    sound = heard(b"".join(map(b64decode, chunks)), OPUS)
    assert head["type"] == "audio/ogg"
    assert sound.seconds == pytest.approx(1.0, abs=0.15)
    assert sound.pitch_hz == pytest.approx(TONE_HZ, rel=0.02)


# ------------------------------------------------------------------ errors

KEYS = "keys:\n  alice: {key: sk-alice-0123456789}\n"
ROWS: dict[str, tuple[dict[str, Any], Answer, str, tuple[str, int, str | None], int]] = {
    # what is asked, the vendor's answer, more of the table -> what is thrown, and after how many requests
    "a bad field": ({"speed": 9}, failure(500), "", ("BadRequestError", 400, "invalid_value"), 1),
    "no key of ours": ({}, failure(500), KEYS, ("AuthenticationError", 401, "invalid_api_key"), 1),
    "no such model": ({"model": "nope"}, failure(500), "", ("NotFoundError", 404, "model_not_found"), 1),
    "too large": ({"input": "x" * 3_000}, failure(500), "server: {max_body: 2KB}\n", ("APIError", 413, None), 1),
    "a long wait": (
        {},
        failure(429, **{"retry-after": "90"}),
        "",
        ("RateLimitError", 429, "rate_limit_exceeded"),
        1,
    ),
    "our key is refused": ({}, failure(401), "", ("InternalServerError", 502, "upstream_failed"), 1),
    "the vendor fails": ({}, failure(500), "", ("InternalServerError", 502, "upstream_failed"), 3),
}


@pytest.mark.parametrize("name", ROWS)
async def test_the_sdk_throws_and_repeats_as_it_should(serve: Serve, upstream: Upstream, name: str) -> None:
    """A class of its own for each status; another request only where another may help."""
    asked, answer, more, thrown, requests = ROWS[name]
    upstream.answers(answer)
    router = await serve(a_table(upstream, more=more))

    (error,) = await said("failing.mjs", url=router.url, kind="speech", asked={**ASKED, **asked})

    assert (error["thrown"], error["status"], error["code"]) == thrown
    assert error["message"].startswith(f"{thrown[1]} ")
    assert len(router.records) == requests
    assert error["requestID"] == router.records[-1].request_id


async def test_a_throttled_call_waits_as_it_is_told_and_succeeds(serve: Serve, upstream: Upstream) -> None:
    """429 with the vendor's `retry-after`: the SDK's second request is answered."""
    upstream.answers(failure(429, **{"retry-after": "1"}), audio(SPOKEN))
    router = await serve(a_table(upstream))

    _, *chunks = await said("speech.mjs", url=router.url, asked=ASKED)

    assert b"".join(map(b64decode, chunks)) == SPOKEN
    assert [record.status for record in await told(router, 2)] == [429, 200]


async def test_a_broken_stream_is_an_error(serve: Serve, upstream: Upstream) -> None:
    """A vendor that breaks off after its first bytes: the script's reading of the body throws, and it fails."""
    drip = Drip()
    upstream.answers(drip)
    router = await serve(a_table(upstream))
    drip.send(b"first")

    with pytest.raises(AssertionError, match=r"speech\.mjs failed"):
        async with running("speech.mjs", url=router.url, asked=ASKED) as values:
            await anext(values)
            assert b64decode(await anext(values)) == b"first"
            drip.abort()
            assert [value async for value in values] == []


async def test_models_are_listed_and_retrieved(serve: Serve, upstream: Upstream) -> None:
    """Routes by their names, `vendor/model` with all its slashes."""
    router = await serve(a_table(upstream))

    ids, route, direct = await said("models.mjs", url=router.url, asked=["whisper-1", "openai/some/model-1"])

    assert {"tts-1", "whisper-1"} <= set(ids)
    assert (route["id"], route["object"]) == ("whisper-1", "model")
    assert (direct["id"], direct["owned_by"]) == ("openai/some/model-1", "openai")
