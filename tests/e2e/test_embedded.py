"""The embedded default, for real: the shipped table without one key speaks and listens, streams, and lets go."""

from __future__ import annotations

import asyncio
import wave
from io import BytesIO
from pathlib import Path

import openai
import pytest

from tests.components import needs
from tests.conftest import Running, Serve

SHIPPED = (Path(__file__).parents[2] / "routes.yaml").read_text()
MAGIC = {
    "mp3": (b"\xff\xf3", b"ID3"),
    "opus": (b"OggS",),
    "aac": (b"\xff\xf1",),
    "flac": (b"fLaC",),
    "wav": (b"RIFF",),
    "pcm": (b"",),
}

pytestmark = needs("espeakng_loader", "pocketsphinx")


@pytest.fixture
async def router(serve: Serve) -> Running:
    return await serve(SHIPPED)


@pytest.mark.parametrize("codec", MAGIC)
async def test_every_format_is_spoken(router: Running, codec: str) -> None:
    """Real speech in each format, with its magic bytes and content type."""
    async with router.client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input="one two three", response_format=codec
    ) as reply:
        body = await reply.read()

    assert body.startswith(MAGIC[codec])
    assert len(body) > 5_000
    assert reply.headers["x-router-target"] == "local/espeak-ng"
    assert reply.headers["content-type"] in {f"audio/{codec}", "audio/mpeg", "audio/ogg"}


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "gpt-transcribe"])
async def test_what_was_spoken_is_written_down(router: Running, model: str) -> None:
    """Each of today's model ids hears the digits that `tts-1` said, whatever the codec."""
    spoken = await router.client.audio.speech.create(
        model="tts-1", voice="alloy", input="one two three four five", response_format="opus"
    )

    heard = await router.client.audio.transcriptions.create(model=model, file=("speech.ogg", spoken.content))

    assert {"one", "two", "three", "four"} <= set(heard.text.split())


async def test_words_and_captions_have_times(router: Running) -> None:
    """Rising times within the length of the file; srt cut from the words."""
    spoken = await router.client.audio.speech.create(
        model="tts-1", voice="alloy", input="one two three four five", response_format="wav"
    )
    file = ("speech.wav", spoken.content)

    heard = await router.client.audio.transcriptions.create(
        model="whisper-1", file=file, response_format="verbose_json", timestamp_granularities=["word"]
    )
    captions = await router.client.audio.transcriptions.create(model="whisper-1", file=file, response_format="srt")

    starts = [word.start for word in heard.words]
    assert starts == sorted(starts)
    assert 0 <= starts[0] <= heard.words[-1].end <= heard.duration + 0.1
    assert captions.startswith("1\n00:00:0")


async def test_the_first_samples_come_long_before_the_last(router: Running) -> None:
    """A long text is heard while it is spoken: the first bytes are here, and leaving then ends the engine's work."""
    text = "All work and no play makes Jack a dull boy. " * 2_000
    async with router.client.audio.speech.with_streaming_response.create(
        model="tts-1", voice="alloy", input=text, response_format="pcm"
    ) as reply:
        async for chunk in reply.iter_bytes():
            assert chunk
            break

    record = await router.record()
    assert record.outcome == "client left"
    assert record.bytes_out < 24_000 * 2 * 60 * 30  # of the two hours that the text takes to say


async def test_speed_and_voice_are_heard(router: Running) -> None:
    """Twice the speed is about half the length; another voice sounds different."""

    async def said(**rest) -> bytes:
        reply = await router.client.audio.speech.create(
            model="tts-1", input="one two three four five six", response_format="wav", **rest
        )
        return reply.content

    slow, fast, other = await said(voice="alloy"), await said(voice="alloy", speed=2.0), await said(voice="onyx")

    assert 0.4 < len(fast) / len(slow) < 0.75
    assert other != slow


async def test_wav_is_readable_and_24_khz_mono(router: Running) -> None:
    """Streaming header sizes and all."""
    reply = await router.client.audio.speech.create(model="tts-1", voice="alloy", input="one", response_format="wav")

    with wave.open(BytesIO(reply.content)) as spoken:
        assert (spoken.getframerate(), spoken.getnchannels(), spoken.getsampwidth()) == (24_000, 1, 2)


async def test_what_cannot_be_heard_is_the_clients_mistake(router: Running) -> None:
    """An undecodable file and another language are 400s, never a 5xx."""
    for asked, says in (
        ({"file": b"this is no audio"}, "local/pocketsphinx"),
        ({"file": b"x", "language": "de"}, "'de'"),
    ):
        with pytest.raises(openai.BadRequestError) as refused:
            await router.client.audio.transcriptions.create(model="whisper-1", **asked)
        assert says in refused.value.message


async def test_many_at_once_all_get_their_answer(router: Running) -> None:
    """More calls than workers wait in line."""
    replies = await asyncio.gather(
        *(router.client.audio.speech.create(model="tts-1", voice="alloy", input=f"number {n}") for n in range(12))
    )

    assert all(len(reply.content) > 3_000 for reply in replies)
