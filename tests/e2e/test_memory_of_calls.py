"""What calls leave behind for those that follow: who is well, who is slow, what was spent in vain."""

from __future__ import annotations

import asyncio
import io
from typing import Any

import aiohttp
import pytest

from router.wire.audio import PCM, WAV
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Drip, Upstream, audio, document, failure, stall
from tests.media.sounds import clip

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello"}


def table(first: Upstream, second: Upstream, said: str = "", more: str = "", policy: str = "order") -> str:
    extra = f", {said}" if said else ""
    text = table_of(
        {
            "one": f"{{like: openai, base_url: '{first.url}', api_key: {KEY}}}",
            "two": f"{{like: openai, base_url: '{second.url}', api_key: {KEY}}}",
        },
        {
            "tts-1": [f"{{target: one/tts-1{extra}}}", "{target: two/tts-1, price: {per_request: 1}}"],
            "whisper-1": [f"{{target: one/whisper-1{extra}}}", "{target: two/whisper-1, price: {per_minute: 0.6}}"],
        },
        more,
    )
    return text.replace("    targets:", f"    policy: {policy}\n    targets:")


async def speak(router: Running, **fields: Any) -> tuple[int, str | None, bytes]:
    async with router.http.post("/v1/audio/speech", json={**SPEECH, **fields}) as reply:
        return reply.status, reply.headers.get("x-router-target"), await reply.read()


async def test_who_stops_listening_has_been_spoken_to(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """Clients that leave in the middle, as voice agents do, do not leave the few failures between them in a row."""
    spare.answers(audio(b"next"))
    router = await serve(table(upstream, spare))
    for _ in range(8):
        upstream.answers(failure(500))
        assert (await speak(router))[1] == "two/tts-1"
        for _ in range(3):
            drip = Drip()
            drip.send(b"ID3spoken")
            upstream.answers(drip)
            async with router.http.post("/v1/audio/speech", json=SPEECH) as reply:
                assert reply.headers["x-router-target"] == "one/tts-1"
                await reply.content.read(3)
                reply.close()
            await asyncio.wait_for(drip.left.wait(), 2)


async def test_a_vendor_that_hangs_until_the_deadline_is_known_as_slow(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """Nobody is blamed for a deadline, but the next call is not sent the same way."""
    upstream.answers(stall)
    spare.answers(audio(b"next"))
    router = await serve(table(upstream, spare, more="defaults: {deadline: 200ms}", policy="latency"))
    assert (await speak(router))[0] == 504

    assert [(await speak(router))[1] for _ in range(3)] == ["two/tts-1"] * 3


async def test_a_hedge_that_cannot_be_takes_nothing_from_retries(serve: Serve, upstream: Upstream) -> None:
    """A route of one target, late as often as it likes, still has its retries."""
    text = table_of(
        {"one": f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}"},
        {"tts-1": ["{target: one/tts-1, hedge_after: 1ms}"]},
        "defaults: {retries: 1}\n",
    )
    router = await serve(text)

    async def late(request: Any) -> Any:
        await asyncio.sleep(0.01)
        return await audio(b"late")(request)

    upstream.answers(late)
    for _ in range(15):
        await speak(router)
    upstream.answers(failure(408), audio(b"again"))

    assert (await speak(router))[2] == b"again"


async def test_a_long_text_is_one_call_at_a_time_where_places_are_counted(serve: Serve, upstream: Upstream) -> None:
    """`concurrency: 1` is one request, not one and the next piece ahead of it."""
    running = most = 0

    async def counted(request: Any) -> Any:
        nonlocal running, most
        running += 1
        most = max(most, running)
        try:
            await asyncio.sleep(0.05)
            return await audio(clip(PCM, 0.1), content_type="audio/pcm")(request)
        finally:
            running -= 1

    upstream.answers(counted)
    text = table_of(
        {"openai": f"{{base_url: '{upstream.url}', api_key: {KEY}}}"},
        {"tts-1": ["{target: openai/tts-1, concurrency: 1}"]},
    )
    router = await serve(text)

    status, _, body = await speak(router, input="This is a sentence of some length. " * 300, response_format="pcm")

    assert (status, len(body), len(upstream.seen), most) == (200, 3 * len(clip(PCM, 0.1)), 3, 1)


async def test_the_pieces_that_were_not_sent_cost_nothing(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A first piece that timed out may be billed, the rest of the text was never asked for."""
    upstream.answers(stall)
    spare.answers(audio(clip(PCM, 0.1), content_type="audio/pcm"))
    text = table_of(
        {
            "openai": f"{{base_url: '{upstream.url}', api_key: {KEY}}}",
            "two": f"{{like: openai, base_url: '{spare.url}', api_key: {KEY}}}",
        },
        {
            "tts-1": [
                "{target: openai/tts-1, first_byte_timeout: 50ms, price: {per_request: 1}}",
                "{target: two/tts-1, price: {per_request: 1}}",
            ]
        },
    )
    router = await serve(text)

    await speak(router, input="This is a sentence of some length. " * 300, response_format="pcm")

    assert (await router.record()).cost_usd == 2.0


async def transcribed(router: Running, **fields: str) -> tuple[str | None, str]:
    form = aiohttp.FormData({"model": "whisper-1", **fields})
    form.add_field("file", io.BytesIO(clip(WAV, 2.0)), filename="a.wav")
    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        assert reply.status == 200
        await reply.read()
        return reply.headers.get("x-router-cost"), reply.headers["x-router-cost-basis"]


async def test_a_file_that_was_sent_twice_is_paid_twice_and_not_unpriced(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """A transcription that timed out and the one that came instead: both by the length of the file."""
    upstream.answers(stall)
    spare.answers(document({"text": "hello"}))
    router = await serve(table(upstream, spare, "first_byte_timeout: 50ms, price: {per_minute: 0.3}"))

    assert await transcribed(router) == ("0.03", "estimated")


async def test_a_stream_of_words_has_a_cost_when_it_begins(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """An estimate by the length of the file: what the vendor reports comes last."""
    events = (
        b'data: {"type": "transcript.text.delta", "delta": "hello"}\n\n'
        b'data: {"type": "transcript.text.done", "text": "hello", '
        b'"usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 45, "total_tokens": 59}}\n\n'
    )
    upstream.answers(audio(events, content_type="text/event-stream"))
    text = table_of(
        {"openai": f"{{base_url: '{upstream.url}', api_key: {KEY}}}"}, {"whisper-1": ["openai/gpt-4o-transcribe"]}
    )
    router = await serve(text)

    header, basis = await transcribed(router, stream="true")

    record = await router.record()
    assert (header is not None, basis, record.cost_basis) == (True, "estimated", "exact")
    assert record.cost_usd == pytest.approx(14 * 2.5e-6 + 45 * 10e-6)


async def test_speech_that_was_left_costs_what_had_been_made_at_least(
    serve: Serve, upstream: Upstream, spare: Upstream
) -> None:
    """Two seconds had gone out of what the text let expect a third of a second."""
    drip = Drip("audio/pcm")
    drip.send(clip(PCM, 2.0))
    upstream.answers(drip)
    router = await serve(table(upstream, spare, "price: {per_second: 1}"))

    async with router.http.post("/v1/audio/speech", json={**SPEECH, "response_format": "pcm"}) as reply:
        await reply.content.readexactly(len(clip(PCM, 2.0)))
        drip.send(b"\0\0")
        await reply.content.readexactly(2)
        reply.close()

    record = await router.record()
    assert record.outcome == "client left"
    assert record.cost_usd == pytest.approx(2.0, abs=0.01)
