"""What a call costs, in the headers of its reply and, settled, in its event."""

from __future__ import annotations

import io
from typing import Any

import aiohttp
import pytest

from router.wire.audio import PCM, SPEECH_FORMATS, WAV
from tests.conftest import KEY, Running, Serve, table_of
from tests.fakes import Drip, Upstream, audio, document, failure
from tests.media.sounds import clip

SPEECH = {"model": "tts-1", "voice": "alloy", "input": "Hello", "response_format": "pcm"}
SECOND = clip(PCM, 1.0)


def table(upstream: Upstream, price: str | None, like: str = "openai", model: str = "tts-1", more: str = "") -> str:
    said = f", price: {price}" if price else ""
    return table_of(
        {"one": f"{{like: {like}, base_url: '{upstream.url}', api_key: {KEY}}}"},
        {"tts-1": [f"{{target: one/{model}{said}}}"], "whisper-1": [f"{{target: one/whisper-1{said}}}"]},
        more,
    )


async def speak(router: Running, **fields: Any) -> tuple[str | None, str, bytes]:
    async with router.http.post("/v1/audio/speech", json={**SPEECH, **fields}) as reply:
        return reply.headers.get("x-router-cost"), reply.headers["x-router-cost-basis"], await reply.read()


async def listen(router: Running, audio_: bytes) -> tuple[str | None, str]:
    form = aiohttp.FormData({"model": "whisper-1"})
    form.add_field("file", io.BytesIO(audio_), filename="a.wav")
    async with router.http.post("/v1/audio/transcriptions", data=form) as reply:
        assert reply.status == 200, await reply.text()
        return reply.headers.get("x-router-cost"), reply.headers["x-router-cost-basis"]


async def test_characters_are_counted(serve: Serve, upstream: Upstream) -> None:
    """A vendor that reports nothing: an estimate, which is also what is settled."""
    upstream.answers(audio(SECOND, content_type="audio/pcm"))
    router = await serve(table(upstream, "{per_1m_characters: 30}"))

    assert (await speak(router))[:2] == ("0.00015", "estimated")
    record = await router.record()
    assert (round(record.cost_usd or 0, 9), record.cost_basis) == (0.00015, "estimated")


async def test_what_the_vendor_says_it_charges_is_exact(serve: Serve, upstream: Upstream) -> None:
    """Credits in a header are known at commit."""
    upstream.answers(audio(SECOND, content_type="audio/pcm", **{"character-cost": "7"}))
    router = await serve(table(upstream, "{per_1m_characters: 500000, credit: 0.001}", "elevenlabs", "eleven_v3"))

    assert (await speak(router, response_format="mp3"))[:2] == ("0.007", "exact")


async def test_an_unpriced_target_has_no_cost(serve: Serve, upstream: Upstream) -> None:
    """Not zero: the header is not there."""
    upstream.answers(audio(SECOND, content_type="audio/pcm"))
    router = await serve(table(upstream, None, model="tts-unheard-of"))

    assert (await speak(router))[:2] == (None, "unpriced")
    record = await router.record()
    assert (record.cost_usd, record.cost_basis) == (None, "unpriced")


async def test_the_embedded_engines_cost_exactly_nothing(serve: Serve) -> None:
    """Zero, and exact."""
    router = await serve("vendors: {local: }\nroutes: {tts-1: {targets: [local/espeak-ng]}}\n")

    assert (await speak(router))[:2] == ("0", "exact")


@pytest.mark.parametrize("wanted", ["pcm", "wav", "mp3"])
async def test_seconds_of_speech_are_those_that_were_made(serve: Serve, upstream: Upstream, wanted: str) -> None:
    """Foreseen from the text, settled by the audio that came, in whichever format."""
    upstream.answers(audio(clip(SPEECH_FORMATS[wanted], 1.0)))
    router = await serve(table(upstream, "{per_second: 1}"))

    header, basis, _ = await speak(router, response_format=wanted)

    record = await router.record()
    assert (header, basis) == ("0.333333333", "estimated")
    assert record.cost_usd == pytest.approx(1.0, abs=0.06)
    assert record.cost_basis == "estimated"


async def test_every_piece_of_a_long_text_is_paid_for(serve: Serve, upstream: Upstream) -> None:
    """Three requests, three times the price of one: foreseen, and settled when all are made."""
    upstream.answers(audio(SECOND, content_type="audio/pcm"))
    router = await serve(
        table_of(
            {"openai": f"{{base_url: '{upstream.url}', api_key: {KEY}}}"},
            {"tts-1": ["{target: openai/tts-1, price: {per_request: 0.5}}"]},
        )
    )

    header, _, _ = await speak(router, input="This is a sentence of some length. " * 300)

    record = await router.record()
    assert (header, record.cost_usd, record.cost_basis) == ("1.5", 1.5, "exact")


async def test_a_file_is_paid_by_its_length(serve: Serve, upstream: Upstream) -> None:
    """Read from the upload, where the vendor does not tell; exact where it does."""
    router = await serve(table(upstream, "{per_minute: 0.6}"))

    upstream.answers(document({"text": "hello"}))
    assert await listen(router, clip(WAV, 2.0)) == ("0.02", "estimated")
    upstream.answers(document({"text": "hello", "usage": {"type": "duration", "seconds": 3}}))
    assert await listen(router, clip(WAV, 2.0)) == ("0.03", "exact")


async def test_a_file_of_unknown_length_has_no_price(serve: Serve, upstream: Upstream) -> None:
    """What cannot be counted is not made up."""
    upstream.answers(document({"text": "hello"}))
    router = await serve(table(upstream, "{per_minute: 0.6}"))

    assert await listen(router, b"RIFF nothing that could be read") == (None, "unpriced")


async def test_a_failure_has_the_headers_too(serve: Serve, upstream: Upstream) -> None:
    """Nobody bills an error; and a call that was refused before anybody was asked costs exactly nothing."""
    upstream.answers(failure(500))
    router = await serve(table(upstream, "{per_request: 0.5}"))

    assert (await speak(router))[:2] == ("0", "estimated")
    assert (await speak(router, model="nope"))[:2] == ("0", "exact")
    assert (await speak(router, voice=7))[:2] == ("0", "exact")


async def test_what_timed_out_may_have_been_billed(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """The vendor had the whole request: its estimate is added, and the sum is no longer exact."""
    upstream.answers(Drip())
    spare.answers(audio(SECOND, content_type="audio/pcm"))
    text = table_of(
        {
            "one": f"{{like: openai, base_url: '{upstream.url}', api_key: {KEY}}}",
            "two": f"{{like: openai, base_url: '{spare.url}', api_key: {KEY}}}",
        },
        {
            "tts-1": [
                "{target: one/tts-1, first_byte_timeout: 50ms, price: {per_request: 2}}",
                "{target: two/tts-1, price: {per_request: 0.5}}",
            ]
        },
    )
    router = await serve(text)

    assert (await speak(router))[:2] == ("2.5", "estimated")
    record = await router.record()
    assert [attempt.cost_usd for attempt in record.attempts] == [2.0, None]


async def test_a_file_too_long_for_a_vendor_goes_to_the_next(serve: Serve, upstream: Upstream) -> None:
    """Its length is read before anybody is asked, where a target has a limit."""
    upstream.answers(document({"text": "hello"}))
    text = table_of(
        {"openai": f"{{base_url: '{upstream.url}', api_key: {KEY}}}"},
        {"whisper-1": ["openai/gpt-4o-transcribe", "openai/whisper-1"]},
    )
    router = await serve(text)
    second = clip(WAV, 1.0, rate=8_000)
    head = len(second) - 16_000

    await listen(router, with_lengths(second[:head] + second[head:] * 1_450, head))

    assert (await router.record()).target == "openai/whisper-1"


def with_lengths(wav: bytes, head: int) -> bytes:
    """A WAV whose header says how long it is."""
    riff, data = (len(wav) - 8).to_bytes(4, "little"), (len(wav) - head).to_bytes(4, "little")
    return wav[:4] + riff + wav[8 : head - 4] + data + wav[head:]
