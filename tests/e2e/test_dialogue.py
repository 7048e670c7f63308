"""A dialogue is one recording: at once from a vendor that speaks several voices, else turn by turn, voices swapped."""

from __future__ import annotations

from typing import Any

import pytest

from router.wire.audio import PCM
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Upstream, audio, failure
from tests.media.sounds import clip

TURNS = [{"text": "Hi.", "voice": "nova"}, {"text": "Hello.", "voice": "onyx"}, {"text": "Bye."}]
SECOND = clip(PCM, 0.2)


def table(upstream: Upstream, spare: Upstream) -> str:
    vendors = {
        "eleven": f"{{like: elevenlabs, base_url: '{upstream.url}', api_key: {KEY}}}",
        "one": f"{{like: openai, base_url: '{spare.url}', api_key: {KEY}}}",
    }
    return table_of(
        vendors,
        {"cast": ["eleven/eleven_v3", "one/tts-1"], "solo": ["{target: one/tts-1, price: {per_1m_characters: 15}}"]},
    )


async def speak(router: Running, **fields: Any) -> tuple[int, Any, bytes]:
    body = {"model": "cast", "voice": "alloy", "input": "", "dialogue": TURNS, "response_format": "pcm", **fields}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        return reply.status, reply.headers, await reply.read()


async def test_a_vendor_of_several_voices_gets_all_turns_at_once(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """Its own voices for each; a turn without one has the call's; what it lacks for several is named."""
    upstream.answers(audio(SECOND, content_type="audio/pcm"))
    status, headers, body = await speak(await serve(table(upstream, spare)), speed=1.1)

    assert (status, body, len(upstream.seen)) == (200, SECOND, 1)
    assert upstream.seen[0].path == "/v1/text-to-dialogue/stream"
    assert upstream.seen[0].json["inputs"] == [
        {"text": "Hi.", "voice_id": "XrExE9yKIg1WjnnlVkGX"},
        {"text": "Hello.", "voice_id": "nPczCjzI2devNBz1zQrb"},
        {"text": "Bye.", "voice_id": "EXAVITQu4vr4xnSDxMaL"},
    ]
    assert headers["x-router-dropped"] == "speed"


async def test_any_other_vendor_speaks_turn_by_turn(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """In order, each turn in its voice, joined without a gap; the voices are the next vendor's after a fallback."""
    upstream.answers(failure(503))
    spare.answers(audio(SECOND, content_type="audio/pcm"))
    status, headers, body = await speak(await serve(table(upstream, spare)))

    assert (status, body) == (200, SECOND * 3)
    said = sorted((one.json["input"], one.json["voice"]) for one in spare.seen)
    assert said == [("Bye.", "alloy"), ("Hello.", "onyx"), ("Hi.", "nova")]
    assert headers["x-router-target"] == "one/tts-1"


async def test_more_than_a_vendor_takes_at_once_is_spoken_turn_by_turn(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """By the same vendor, through its endpoint for one voice: too long, or too many voices."""
    upstream.answers(audio(SECOND, content_type="audio/pcm"))
    router = await serve(table(upstream, spare))
    long = [{"text": "word " * 300, "voice": "nova"}, {"text": "word " * 300, "voice": "onyx"}]
    status, _, body = await speak(router, dialogue=long)

    assert (status, body) == (200, SECOND * 2)
    assert [one.path.rpartition("/")[2] for one in upstream.seen] == ["stream", "stream"]
    assert all("text-to-speech" in one.path for one in upstream.seen)


async def test_a_dialogue_is_billed_by_all_its_turns(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Their characters, whichever way it is spoken."""
    spare.answers(audio(SECOND, content_type="audio/pcm"))
    router = await serve(table(upstream, spare))
    await speak(router, model="solo")
    record = await router.record()

    assert record.cost_usd == pytest.approx(len("Hi.Hello.Bye.") * 15 / 1e6)


@pytest.mark.parametrize(
    ("dialogue", "param"),
    [
        ([{"voice": "nova"}], "dialogue[0]"),
        ([{"text": ""}], "dialogue[0].text"),
        ([{"text": "Hi.", "voice": 7}], "dialogue[0].voice"),
        ("Hi.", "dialogue"),
        ([{"text": "Hi."}, {"text": " "}], "dialogue[1].text"),
        ([{"text": "x"}] * 1_001, "dialogue"),
        ([{"text": "x" * 200_000}], "dialogue[0].text"),
        ([{"text": "x" * 60_000}] * 2, "dialogue"),
        ([], "input"),
    ],
)
async def test_a_mistake_is_named(serve: Serve, upstream: Upstream, spare: Upstream, dialogue: Any, param: str) -> None:
    """A 400 with the place of it; nobody is asked."""
    status, _, body = await speak(await serve(table(upstream, spare)), dialogue=dialogue)

    assert status == 400
    assert f'"param":"{param}"'.encode() in body
    assert upstream.seen == spare.seen == []


async def test_a_voice_that_nobody_has_is_told(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """As of a single text."""
    router = await serve(table(upstream, spare))
    dialogue = [TURNS[0], {"text": "Hi.", "voice": "Nobody At All!"}]
    status, _, body = await speak(router, model="eleven/eleven_v3", dialogue=dialogue)

    assert (status, upstream.seen) == (400, [])
    assert b"has no voice 'Nobody At All!'" in body
