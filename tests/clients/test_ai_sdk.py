"""The AI SDK (`ai` with `@ai-sdk/openai`): generateSpeech and transcribe."""

from __future__ import annotations

from base64 import b64decode
from pathlib import Path

import pytest

from router.wire.audio import MP3, WAV
from tests.clients.node import needs_node, said
from tests.clients.vendor import TEXT, a_table, hears, parts_of
from tests.components import needs
from tests.conftest import Serve
from tests.fakes import Upstream, audio, failure
from tests.media.sounds import TONE_HZ, clip, heard

pytestmark = needs_node

SHIPPED = (Path(__file__).parents[2] / "routes.yaml").read_text()


async def test_speech_is_the_vendors_bytes(serve: Serve, upstream: Upstream) -> None:
    """`generateSpeech` gives what the vendor sent, takes it for mp3, and has nothing to warn of."""
    spoken = clip(MP3, 0.3)
    upstream.answers(audio(spoken))
    router = await serve(a_table(upstream))

    (answer,) = await said(
        "ai_speech.mjs", url=router.url, model="tts-1", asked={"text": "Hello", "voice": "nova", "speed": 1.25}
    )

    assert b64decode(answer["base64"]) == spoken
    assert (answer["mediaType"], answer["warnings"]) == ("audio/mpeg", [])
    assert (upstream.seen[0].json["voice"], upstream.seen[0].json["speed"]) == ("nova", 1.25)


@pytest.mark.parametrize(("codec", "kind"), [("wav", "audio/wav"), ("opus", "audio/ogg"), ("flac", "audio/flac")])
async def test_the_format_is_known_by_its_bytes(serve: Serve, upstream: Upstream, codec: str, kind: str) -> None:
    """`outputFormat` from a vendor that speaks wav alone; the SDK looks at the bytes, and finds what it asked for."""
    upstream.answers(audio(clip(WAV, 1.0), content_type="audio/wav"))
    router = await serve(a_table(upstream, speaker="groq/canopylabs/orpheus-v1-english"))

    (answer,) = await said(
        "ai_speech.mjs", url=router.url, model="tts-1", asked={"text": "Hello", "outputFormat": codec}
    )

    assert answer["mediaType"] == kind
    if codec == "wav":
        assert heard(b64decode(answer["base64"]), WAV).pitch_hz == pytest.approx(TONE_HZ, rel=0.02)


async def test_a_transcript_has_text_times_and_language(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """`transcribe` accepts our verbose_json by its schema: segments in seconds, the language as a code."""
    upstream.answers(hears)
    router = await serve(a_table(upstream))
    path = tmp_path / "a.wav"
    path.write_bytes(clip(WAV, 0.2))
    asked = {"timestampGranularities": ["segment"], "language": "en", "prompt": "Hello", "temperature": 0.2}

    (answer,) = await said("ai_transcribe.mjs", url=router.url, model="whisper-1", path=str(path), asked=asked)

    assert (answer["text"], answer["language"], answer["durationInSeconds"]) == (TEXT, "en", 1.2)
    assert answer["segments"] == [{"text": " Hello world.", "startSecond": 0, "endSecond": 1}]
    assert path.read_bytes() in upstream.seen[0].body
    assert parts_of(upstream.seen[0].body)["temperature"] == ["0.2"]


async def test_speakers_are_told(serve: Serve, upstream: Upstream, tmp_path: Path) -> None:
    """The chunking that the SDK sends as one JSON string reaches the vendor; who spoke comes back."""
    upstream.answers(hears)
    router = await serve(a_table(upstream))
    path = tmp_path / "a.wav"
    path.write_bytes(clip(WAV, 0.2))
    asked = {"responseFormat": "diarized_json", "chunkingStrategy": {"type": "server_vad", "threshold": 0.5}}

    (answer,) = await said(
        "ai_transcribe.mjs", url=router.url, model="gpt-4o-transcribe-diarize", path=str(path), asked=asked
    )

    (segment,) = answer["providerMetadata"]["openai"]["segments"]
    assert (segment["speaker"], segment["endSecond"]) == ("agent", 1)
    assert b"server_vad" in upstream.seen[0].body


@needs("espeakng_loader", "pocketsphinx")
async def test_what_was_spoken_is_written_down(serve: Serve, tmp_path: Path) -> None:
    """Both ways through the embedded engines: real speech, real recognition, times for each word."""
    router = await serve(SHIPPED)
    path = tmp_path / "spoken.mp3"

    (spoken,) = await said(
        "ai_speech.mjs", url=router.url, model="tts-1", asked={"text": "one two three four five", "voice": "alloy"}
    )
    path.write_bytes(b64decode(spoken["base64"]))
    asked = {"timestampGranularities": ["word"]}
    (answer,) = await said("ai_transcribe.mjs", url=router.url, model="whisper-1", path=str(path), asked=asked)

    assert {"one", "two", "three", "four"} <= set(answer["text"].split())
    starts = [word["startSecond"] for word in answer["segments"]]
    assert starts == sorted(starts)
    assert len(starts) >= 4


@pytest.mark.parametrize(
    ("asked", "vendor", "status", "requests"),
    [({"model": "nope"}, 500, 404, 1), ({"speed": 9}, 500, 400, 1), ({"maxRetries": 1}, 500, 502, 2)],
)
async def test_errors_are_understood(
    serve: Serve, upstream: Upstream, asked: dict, vendor: int, status: int, requests: int
) -> None:
    """Our envelope's message is the error's; only what may pass by itself is tried again."""
    upstream.answers(failure(vendor))
    router = await serve(a_table(upstream))
    job = {"model": "tts-1", **asked}
    model = job.pop("model")

    (error,) = await said("ai_failing.mjs", url=router.url, model=model, asked={"text": "Hello", **job})

    assert (error["status"], error["isRetryable"]) == (status, status >= 500)
    assert len(error["message"]) > 10
    assert len(router.records) == requests
