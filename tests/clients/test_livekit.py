"""LiveKit agents: the STT and TTS of `livekit-plugins-openai`."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from router.wire.audio import MP3, WAV
from tests.clients.vendor import TEXT, a_table, hears, parts_of
from tests.components import needs
from tests.conftest import Running, Serve
from tests.fakes import Drip, Upstream, audio, failure
from tests.media.sounds import TONE_HZ, Heard, clip, tone
from tests.sdks.official import official

livekit, _ = official("livekit.plugins.openai", "livekit-plugins-openai")
agents, _ = official("livekit.agents", "livekit-agents")
rtc, _ = official("livekit.rtc", "livekit")

SHIPPED = (Path(__file__).parents[2] / "routes.yaml").read_text()
RATE = 24_000

Open = Callable[..., Any]


@pytest.fixture
async def speaker() -> AsyncIterator[Open]:
    """`speaker(router, **options)`: an agent's voice, closed in the end."""
    opened = []

    def open_one(router: Running, **options: Any) -> Any:
        opened.append(livekit.TTS(base_url=f"{router.url}/v1", api_key="sk-anything", **options))
        return opened[-1]

    yield open_one
    for one in opened:
        await one.aclose()


@pytest.fixture
async def listener() -> AsyncIterator[Open]:
    """`listener(router, **options)`: an agent's ear; its client, which it does not close itself, closed in the end."""
    opened = []

    def open_one(router: Running, **options: Any) -> Any:
        opened.append(livekit.STT(base_url=f"{router.url}/v1", api_key="sk-anything", **options))
        return opened[-1]

    yield open_one
    for one in opened:
        await one._client.close()


def is_all_of(sent: bytes, samples: bytes) -> bool:
    """LiveKit ends each sentence with a moment of silence of its own."""
    return samples.startswith(sent) and not samples[len(sent) :].strip(b"\0")


async def spoken(stream: Any) -> bytes:
    """All samples of what an agent hears."""
    async with stream:
        return b"".join([bytes(one.frame.data) async for one in stream])


async def test_an_agent_speaks_while_the_vendor_still_sends(serve: Serve, upstream: Upstream, speaker: Open) -> None:
    """The first frames are there while the vendor holds the rest, and the samples are the vendor's, one for one."""
    drip = Drip("audio/pcm")
    upstream.answers(drip)
    tts = speaker(await serve(a_table(upstream)), model="tts-1", voice="nova", response_format="pcm")
    sent = tone(2.0)
    drip.send(sent[: len(sent) // 2])

    async with tts.synthesize("Hello") as stream:
        first = await asyncio.wait_for(anext(stream), 10)
        drip.send(sent[len(sent) // 2 :])
        drip.end()
        rest = [bytes(one.frame.data) async for one in stream]

    assert (first.frame.sample_rate, first.frame.num_channels) == (RATE, 1)
    assert is_all_of(sent, b"".join([bytes(first.frame.data), *rest]))
    assert (upstream.seen[0].json["voice"], upstream.seen[0].json["response_format"]) == ("nova", "pcm")


@pytest.mark.parametrize("model", ["tts-1", "gpt-4o-mini-tts"])
@pytest.mark.parametrize("codec", ["mp3", "opus", "wav", "flac"])
async def test_an_agent_hears_what_any_vendor_says(
    serve: Serve, upstream: Upstream, speaker: Open, model: str, codec: str
) -> None:
    """Plain bytes for `tts-1`, events for the newer model, made from wav as they come: the agent decodes the tone."""
    upstream.answers(audio(clip(WAV, 1.0), content_type="audio/wav"))
    router = await serve(a_table(upstream, speaker="groq/canopylabs/orpheus-v1-english"))
    tts = speaker(router, model=model, voice="nova", response_format=codec)

    samples = await spoken(tts.synthesize("Hello"))

    sound = Heard(memoryview(samples).cast("h"), RATE)
    assert sound.seconds == pytest.approx(1.0, abs=0.15)
    assert sound.pitch_hz == pytest.approx(TONE_HZ, rel=0.02)


async def test_events_reach_an_agent_as_they_come(serve: Serve, upstream: Upstream, speaker: Open) -> None:
    """LiveKit's default, mp3 in events: frames are there while the vendor holds the rest."""
    drip = Drip()
    upstream.answers(drip)
    tts = speaker(await serve(a_table(upstream)))
    sent = clip(MP3, 4.0)
    drip.send(sent[: len(sent) // 2])

    async with tts.synthesize("Hello") as stream:
        first = await asyncio.wait_for(anext(stream), 10)
        drip.send(sent[len(sent) // 2 :])
        drip.end()
        rest = [one.frame.duration async for one in stream]

    assert first.frame.duration + sum(rest) == pytest.approx(4.0, abs=0.15)


async def test_an_agents_warm_up_is_harmless(serve: Serve, upstream: Upstream, speaker: Open) -> None:
    """`prewarm` asks for `/` under the base address: it is answered, and so is the call after it."""
    upstream.answers(audio(tone(0.5), content_type="audio/pcm"))
    router = await serve(a_table(upstream))
    tts = speaker(router, model="tts-1", voice="nova", response_format="pcm")

    tts.prewarm()
    await tts._prewarm_task

    assert is_all_of(tone(0.5), await spoken(tts.synthesize("Hello")))


async def test_an_agent_is_told_what_is_wrong(serve: Serve, upstream: Upstream, speaker: Open) -> None:
    """Our status and message are in LiveKit's own error, with the id of the request."""
    upstream.answers(failure(400, "too odd"))
    router = await serve(a_table(upstream))
    tts = speaker(router, model="tts-1", voice="nova")

    with pytest.raises(agents.APIStatusError, match="too odd") as caught:
        await spoken(tts.synthesize("Hello", conn_options=agents.APIConnectOptions(max_retry=0)))

    assert caught.value.status_code == 400
    assert caught.value.request_id == router.records[0].request_id


@pytest.mark.parametrize("model", ["whisper-1", "gpt-4o-mini-transcribe", "gpt-transcribe"])
async def test_a_frame_is_written_down(serve: Serve, upstream: Upstream, listener: Open, model: str) -> None:
    """`recognize`: verbose_json for whisper-1 and json for the others, its language as a code, the wav as it was."""
    upstream.answers(hears)
    router = await serve(a_table(upstream))
    stt = listener(router, model=model, language="en")
    frame = rtc.AudioFrame(tone(0.5), RATE, 1, RATE // 2)

    event = await stt.recognize(frame)

    assert (event.alternatives[0].text, event.alternatives[0].language) == (TEXT, "en")
    assert frame.to_wav_bytes() in upstream.seen[0].body
    parts = parts_of(upstream.seen[0].body)
    assert "en" in (parts.get("language") or parts["languages[]"])


@needs("espeakng_loader", "pocketsphinx")
async def test_an_agent_understands_what_an_agent_said(serve: Serve, speaker: Open, listener: Open) -> None:
    """Both ways through the embedded engines: real speech, real recognition."""
    router = await serve(SHIPPED)
    tts = speaker(router, voice="alloy")
    stt = listener(router)

    samples = await spoken(tts.synthesize("one two three four five"))
    event = await stt.recognize(rtc.AudioFrame(samples, RATE, 1, len(samples) // 2))

    assert {"one", "two", "three", "four"} <= set(event.alternatives[0].text.split())
