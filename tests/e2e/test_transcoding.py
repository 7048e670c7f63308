"""A format the vendor lacks is made while it streams, on sockets."""

from __future__ import annotations

import asyncio
import io
import math
import struct

import aiohttp
import av
import pytest

from router.media.paths import DELAY_MS
from tests.conftest import KEY, Serve, table_of
from tests.fakes import Drip, Upstream, audio

RATE = 24_000
PIECE_MS = 20
MAGIC = {"opus": b"OggS", "aac": b"\xff", "flac": b"fLaC", "wav": b"RIFF"}


def tone(milliseconds: int) -> bytes:
    """A sine of 440 Hz, as an ElevenLabs target sends pcm_24000."""
    count = RATE * milliseconds // 1_000
    samples = (round(8_000 * math.sin(2 * math.pi * 440 * index / RATE)) for index in range(count))
    return struct.pack(f"<{count}h", *samples)


def decoded_ms(encoded: bytes, codec: str) -> float:
    """Milliseconds of sound in what has arrived; the end may be cut anywhere."""
    shapes = {"aac": "aac", "opus": "ogg", "flac": "flac", "wav": "wav", "mp3": "mp3"}
    samples, rate = 0, RATE
    try:
        with av.open(io.BytesIO(encoded), format=shapes[codec]) as container:
            for frame in container.decode(audio=0):
                samples, rate = samples + frame.samples, frame.sample_rate
    except (av.error.InvalidDataError, av.error.EOFError):
        pass  # so far, so good: what came before is counted
    return samples * 1_000 / rate


def eleven(upstream: Upstream) -> str:
    return table_of(
        {"one": f"{{like: elevenlabs, base_url: '{upstream.url}', api_key: {KEY}}}"}, {"tts-1": ["one/eleven_v3"]}
    )


@pytest.mark.parametrize("codec", ["opus", "aac", "flac", "wav"])
async def test_output_follows_input_within_the_encoders_own_delay(serve: Serve, upstream: Upstream, codec: str) -> None:
    """While the vendor still streams, all it has said is at the client but for what the encoder itself holds."""
    drip = Drip("audio/pcm")
    upstream.answers(drip)
    router = await serve(eleven(upstream))
    sound = tone(1_500)
    piece = RATE * 2 * PIECE_MS // 1_000
    pieces = [sound[start : start + piece] for start in range(0, len(sound), piece)]
    for one in pieces[:6]:  # an encoder that looks ahead says nothing before
        drip.send(one)
    request = {"model": "tts-1", "voice": "alloy", "input": "x", "response_format": codec}

    async with router.http.post("/v1/audio/speech", json=request) as reply:
        assert upstream.seen[0].query == {"output_format": "pcm_24000"}
        received = bytearray(await reply.content.readany())
        assert received.startswith(MAGIC[codec])
        for index, one in enumerate(pieces[6:], start=7):
            drip.send(one)
            if index % 25 == 0:
                fed_ms = index * PIECE_MS
                async with asyncio.timeout(5):
                    while decoded_ms(bytes(received), codec) < fed_ms - DELAY_MS[codec] - PIECE_MS:
                        received += await reply.content.readany()
        drip.end()
        received += await reply.content.read()

    assert abs(decoded_ms(bytes(received), codec) - 1_500) < DELAY_MS[codec] + PIECE_MS


@pytest.mark.parametrize("codec", ["mp3", "opus", "aac", "flac", "wav"])
async def test_pcm_is_24_khz_whatever_the_vendor_speaks(serve: Serve, upstream: Upstream, codec: str) -> None:
    """A vendor with one format only: each format of the endpoint is made from it, pcm at exactly 24 kHz."""
    source = await _encoded(serve, upstream, "wav")
    upstream.answers(audio(source[:100], source[100:], content_type="audio/wav"))
    groq = table_of(
        {"one": f"{{like: groq, base_url: '{upstream.url}', api_key: {KEY}}}"},
        {"tts-1": ["one/canopylabs/orpheus-v1-english"]},
    )
    router = await serve(groq)

    for wanted in (codec, "pcm"):
        request = {"model": "tts-1", "voice": "alloy", "input": "x", "response_format": wanted}
        async with router.http.post("/v1/audio/speech", json=request) as reply:
            made = await reply.read()
        if wanted == "pcm":
            assert abs(len(made) / (2 * RATE) - 0.5) < 0.001


async def _encoded(serve: Serve, upstream: Upstream, codec: str) -> bytes:
    upstream.answers(audio(tone(500), content_type="audio/pcm"))
    router = await serve(eleven(upstream))
    request = {"model": "tts-1", "voice": "alloy", "input": "x", "response_format": codec}
    async with router.http.post("/v1/audio/speech", json=request) as reply:
        return await reply.read()


async def test_sound_that_is_none_moves_on_before_commit(serve: Serve, upstream: Upstream, spare: Upstream) -> None:
    """A WAV that is not one is a garbled answer: the next target speaks."""
    upstream.answers(audio(b"this is not a wav file at all", content_type="audio/wav"))
    spare.answers(audio(tone(100), content_type="audio/pcm"))
    router = await serve(
        table_of(
            {
                "one": f"{{like: groq, base_url: '{upstream.url}', api_key: {KEY}}}",
                "two": f"{{like: elevenlabs, base_url: '{spare.url}', api_key: {KEY}}}",
            },
            {"tts-1": ["one/canopylabs/orpheus-v1-english", "two/eleven_v3"]},
        )
    )

    request = {"model": "tts-1", "voice": "alloy", "input": "x", "response_format": "flac"}
    async with router.http.post("/v1/audio/speech", json=request) as reply:
        body = await reply.read()

    assert (reply.status, body[:4]) == (200, b"fLaC")
    assert router.records[0].attempts[0].outcome == "garbled"


async def test_a_client_that_leaves_a_transcoded_stream_ends_the_vendors_call(serve: Serve, upstream: Upstream) -> None:
    """The codec in between holds nothing open."""
    drip = Drip("audio/pcm")
    upstream.answers(drip)
    router = await serve(eleven(upstream))
    drip.send(tone(200))
    request = {"model": "tts-1", "voice": "alloy", "input": "x", "response_format": "flac"}

    async with aiohttp.ClientSession() as client, client.post(f"{router.url}/v1/audio/speech", json=request) as reply:
        await reply.content.readany()
        reply.close()

    await asyncio.wait_for(drip.left.wait(), 5)
    assert (await router.record()).outcome == "client left"
