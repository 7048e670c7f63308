"""`resume: sentence`: where a vendor breaks off, another goes on at a sentence's beginning, in its own voice."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
import av
import pytest
from aiohttp import web

from router.wire.audio import CONTENT_TYPES, PCM
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Answer, Drip, Upstream, audio, failure
from tests.media.sounds import clip

SENTENCE = (
    "All these words are one sentence, and it is long enough to be a piece of its own here, as it says no more than "
    "what it says, over and over again until it ends. "
)
TEXT = SENTENCE * 4
PIECE = clip(PCM, 0.2)
OTHER = clip(PCM, 0.3)


def table(upstream: Upstream, spare: Upstream, more: str = "resume: sentence") -> str:
    vendors = {
        "one": f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}",
        "two": f"{{like: openai, base_url: '{spare.url}', api_key: {KEY}}}",
    }
    targets = [
        "{target: one/tts-1, price: {per_1m_characters: 15}}",
        "{target: two/tts-1, price: {per_1m_characters: 30}}",
    ]
    return table_of(vendors, {"tts-1": targets}).replace("    targets:", f"    {more}\n    targets:", 1)


async def speak(router: Running, **fields: Any) -> tuple[int, Any, bytes]:
    body = {"model": "tts-1", "voice": "alloy", "input": TEXT, "response_format": "pcm", **fields}
    async with router.http.post("/v1/audio/speech", json=body) as reply:
        return reply.status, reply.headers, await reply.read()


def broken(*chunks: bytes) -> Answer:
    """Audio that is reset in the middle."""

    async def answer(request: web.Request) -> web.StreamResponse:
        drip = Drip("audio/pcm")
        for chunk in chunks:
            drip.send(chunk)
        drip.abort()
        return await drip(request)

    return answer


def pcm(content: bytes) -> Answer:
    return audio(content, content_type="audio/pcm")


async def test_another_vendor_goes_on_where_one_breaks_off(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Nothing of the broken piece is heard; each piece is whole, and the rest is the other's."""
    upstream.answers(pcm(PIECE), broken(PIECE[:1000]))
    spare.answers(pcm(OTHER))
    router = await serve(table(upstream, spare))
    status, headers, body = await speak(router)

    assert (status, headers["x-router-target"]) == (200, "one/tts-1")
    assert body == PIECE + OTHER * 3
    said = [one.json["input"] for one in spare.seen]
    assert len(said) == 3
    assert all(text in TEXT for text in said)
    record = await router.record()
    assert record.outcome == "ok"


async def test_the_first_piece_may_break_too(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Nothing had gone out: the reply is the other's from the start."""
    upstream.answers(broken(PIECE[:1000]))
    spare.answers(pcm(OTHER))
    router = await serve(table(upstream, spare))
    status, headers, body = await speak(router)

    assert (status, body, headers["x-router-target"]) == (200, OTHER * 4, "two/tts-1")


async def test_without_anybody_left_the_transfer_is_broken(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Never a clean end of half a text."""
    upstream.answers(pcm(PIECE), failure(500))
    spare.answers(failure(500))
    router = await serve(table(upstream, spare))
    with pytest.raises(aiohttp.ClientPayloadError):
        await speak(router)

    assert (await router.record()).outcome == "interrupted"


@pytest.mark.parametrize("wanted", ["mp3", "flac", "opus", "wav", "aac"])
async def test_it_is_one_recording_in_the_format_that_is_asked_for(
    serve: Serve, upstream: Upstream, spare: Upstream, wanted: str
) -> None:
    """Whatever the vendors give: one header, and the length of all pieces."""
    upstream.answers(pcm(PIECE), failure(500))
    spare.answers(pcm(OTHER))
    router = await serve(table(upstream, spare))
    _, headers, body = await speak(router, response_format=wanted)
    with av.open(io.BytesIO(body)) as opened:
        seconds = sum(frame.samples / frame.sample_rate for frame in opened.decode(audio=0))

    assert headers["content-type"] == CONTENT_TYPES[wanted]
    assert seconds == pytest.approx(0.2 + 3 * 0.3, abs=0.15)


async def test_every_piece_is_billed(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """By whoever spoke it."""
    upstream.answers(pcm(PIECE), failure(500))
    spare.answers(pcm(OTHER))
    router = await serve(table(upstream, spare))
    await speak(router)
    record = await router.record()

    own, others = len(upstream.seen[0].json["input"]), sum(len(one.json["input"]) for one in spare.seen)
    assert record.cost_usd == pytest.approx((own * 15 + others * 30) / 1e6)


async def test_a_client_that_leaves_ends_the_piece_at_hand(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """As without."""
    drip = Drip("audio/pcm")
    upstream.answers(pcm(PIECE), drip)
    router = await serve(table(upstream, spare))
    leaving = asyncio.create_task(speak(router))
    await drip.begun.wait()
    leaving.cancel()
    await asyncio.gather(leaving, return_exceptions=True)

    async with asyncio.timeout(2):
        await drip.left.wait()


async def test_off_is_off(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """The default: the vendor's bytes as they come, and a broken transfer."""
    upstream.answers(broken(PIECE))
    router = await serve(table(upstream, spare, "resume: 'off'"))
    with pytest.raises(aiohttp.ClientPayloadError):
        await speak(router)

    assert spare.seen == []
