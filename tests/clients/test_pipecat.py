"""Pipecat: its OpenAITTSService in a running pipeline, and its OpenAISTTService."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from router.wire.audio import WAV
from tests.clients.vendor import TEXT, a_table, hears, parts_of
from tests.conftest import Running, Serve
from tests.fakes import Drip, Upstream, audio, failure
from tests.media.sounds import TONE_HZ, Heard, clip, tone
from tests.sdks.official import official

tts, _ = official("pipecat.services.openai.tts", "pipecat-ai")
stt, _ = official("pipecat.services.openai.stt", "pipecat-ai")
frames, _ = official("pipecat.frames.frames", "pipecat-ai")
processors, _ = official("pipecat.processors.frame_processor", "pipecat-ai")
pipelines, _ = official("pipecat.pipeline.pipeline", "pipecat-ai")
rehearsal, _ = official("pipecat.tests.utils", "pipecat-ai")

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # pipecat's own, of its own names

Open = Callable[..., Any]


class Listener(processors.FrameProcessor):
    """The end of a pipeline, which keeps the audio as it comes."""

    def __init__(self) -> None:
        super().__init__()
        self.audio: asyncio.Queue[bytes] = asyncio.Queue()

    async def process_frame(self, frame: Any, direction: Any) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, frames.TTSAudioRawFrame):
            self.audio.put_nowait(frame.audio)
        await self.push_frame(frame, direction)


@pytest.fixture
async def service() -> AsyncIterator[Open]:
    """`service(kind, router, model, …)`: one of Pipecat's, its connections closed in the end."""
    opened = []

    def open_one(kind: type[Any], router: Running, model: str, *, voice: str | None = None, **options: Any) -> Any:
        settings = kind.Settings(model=model, **({"voice": voice} if voice else {}))
        opened.append(kind(api_key="sk-anything", base_url=f"{router.url}/v1", settings=settings, **options))
        return opened[-1]

    yield open_one
    for one in opened:
        await one._client.close()


def rehearsed(service: Any, listener: Listener) -> asyncio.Task[Any]:
    """A pipeline of the service that is to say one sentence."""
    pipeline = pipelines.Pipeline([service, listener])
    said = [frames.TTSSpeakFrame("Hello there.")]
    return asyncio.create_task(rehearsal.run_test(pipeline, frames_to_send=said, start_timeout=10))


def samples_of(received: Any) -> bytes:
    return b"".join(frame.audio for frame in received if isinstance(frame, frames.TTSAudioRawFrame))


async def test_a_pipeline_speaks_while_the_vendor_still_sends(serve: Serve, upstream: Upstream, service: Open) -> None:
    """The first frame is at the pipeline's end while the vendor holds the rest; the samples are the vendor's."""
    drip = Drip("audio/pcm")
    upstream.answers(drip)
    router = await serve(a_table(upstream))
    listener = Listener()
    sent = tone(2.0)
    drip.send(sent[: len(sent) // 2])

    task = rehearsed(service(tts.OpenAITTSService, router, "tts-1", voice="nova"), listener)
    first = await asyncio.wait_for(listener.audio.get(), 10)
    drip.send(sent[len(sent) // 2 :])
    drip.end()
    received, _ = await task

    assert sent.startswith(first)
    assert samples_of(received).rstrip(b"\0") == sent.rstrip(b"\0")
    assert upstream.seen[0].json["voice"] == "nova"


async def test_a_pipeline_hears_what_any_vendor_says(serve: Serve, upstream: Upstream, service: Open) -> None:
    """pcm of 24 kHz, made from wav as it comes."""
    upstream.answers(audio(clip(WAV, 1.0, rate=48_000), content_type="audio/wav"))
    router = await serve(a_table(upstream, speaker="groq/canopylabs/orpheus-v1-english"))

    received, _ = await rehearsed(service(tts.OpenAITTSService, router, "gpt-4o-mini-tts"), Listener())

    sound = Heard(memoryview(samples_of(received)).cast("h")[:24_000], 24_000)  # silence of Pipecat's own follows
    assert sound.pitch_hz == pytest.approx(TONE_HZ, rel=0.02)


async def test_a_pipeline_is_told_what_is_wrong(serve: Serve, upstream: Upstream, service: Open) -> None:
    """A 400 becomes an error frame with our words."""
    upstream.answers(failure(400, "too odd"))
    router = await serve(a_table(upstream))

    _, errors = await rehearsed(service(tts.OpenAITTSService, router, "tts-1", voice="nova"), Listener())

    said = next(error.error for error in errors if isinstance(error, frames.ErrorFrame))
    assert "Error code: 400 - openai/tts-1: too odd" in said


@pytest.mark.parametrize(
    ("model", "has_metrics"), [("gpt-transcribe", False), ("gpt-4o-transcribe", True), ("whisper-1", True)]
)
async def test_speech_is_written_down(
    serve: Serve, upstream: Upstream, service: Open, model: str, has_metrics: bool
) -> None:
    """`run_stt` gives a transcription frame; with metrics the log-probabilities of the model are in its result."""
    upstream.answers(hears)
    router = await serve(a_table(upstream))
    listener = service(stt.OpenAISTTService, router, model, include_prob_metrics=has_metrics)
    spoken = clip(WAV, 0.5)

    (frame,) = [frame async for frame in listener.run_stt(spoken)]

    assert isinstance(frame, frames.TranscriptionFrame)
    assert frame.text == TEXT
    assert spoken in upstream.seen[0].body
    assert parts_of(upstream.seen[0].body)["model"] == [model]
    if has_metrics:
        told = frame.result.segments if model == "whisper-1" else frame.result.logprobs
        assert len(told) == (1 if model == "whisper-1" else 2)
