"""The official `fal-client` SDK against the vendor file of fal.

It knows apps by their names alone and takes whatever inputs there are, so what it proves is the queue, not the inputs.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from pkgutil import resolve_name
from typing import Any

import pytest

from router.wire.transcripts import Segment, Transcript, Word
from tests.sdks.loopback import Loopback
from tests.sdks.official import official
from tests.sdks.promises import SdkJobPromises
from tests.vendors import test_fal as rows
from tests.vendors.evidence import AUDIO, TEXT, Case
from tests.vendors.promises import Reading

fal_client, SDK = official("fal_client", "fal-client")
ERROR = resolve_name("fal_client.client:FalClientHTTPError")
URL = f"data:audio/wav;base64,{b64encode(b''.join(AUDIO.chunks())).decode()}"
Call = Callable[[Any], Any]


def submit(app: str, **arguments: Any) -> Call:
    def call(client: Any) -> None:
        with suppress(KeyError, ValueError):  # of the answer to it the journeys tell
            client.submit(app, arguments)

    return call


def hear(app: str, **arguments: Any) -> Call:
    return submit(app, audio_url=URL, **arguments)


def through(app: str, **arguments: Any) -> Call:
    return lambda client: client.subscribe(app, arguments)


def polled(app: str, **arguments: Any) -> Call:
    """As far as the state: whatever that is, the SDK would ask for the result."""

    def call(client: Any) -> None:
        with suppress(ValueError):  # a state that it does not know either
            list(client.submit(app, arguments).iter_events(interval=0.01))

    return call


def refused(app: str, **arguments: Any) -> Call:
    def call(client: Any) -> None:
        with pytest.raises(ERROR):
            client.subscribe(app, arguments)

    return call


def answered(client: Any) -> Any:
    return client.run("any/app", {})


def in_english(client: Any) -> Any:
    """The vendor tells the language that was spoken; what is written is English."""
    return {**answered(client), "inferred_languages": ["en"]}


SAID = {"prompt": TEXT, "voice": "af_alloy"}
FLAC = {"audio_setting": {"format": "flac"}}
CALLS = {
    "speech-plain": submit(rows.KOKORO, **SAID),
    "speech-tuned": submit(rows.KOKORO, prompt=TEXT, voice="am_puck", speed=1.25),
    "speech-british": submit("fal-ai/kokoro/british-english", prompt=TEXT, voice="bm_daniel"),
    "speech-eleven": submit(
        "fal-ai/elevenlabs/tts/eleven-v3", text=TEXT, voice="Sarah", language_code="de", stability=0.5
    ),
    "speech-turbo": submit(
        "fal-ai/elevenlabs/tts/turbo-v2.5", text=TEXT, voice="Rachel", speed=1.2, language_code="fr"
    ),
    "speech-minimax": submit(
        rows.MINIMAX,
        prompt=TEXT,
        voice_setting={"emotion": "happy", "vol": 2, "voice_id": "Wise_Woman", "speed": 0.75},
        language_boost="English",
        output_format="url",
        **FLAC,
    ),
    "speech-minimax-02": submit(
        "fal-ai/minimax/speech-02-turbo",
        text=TEXT,
        voice_setting={"voice_id": "English_Persuasive_Man"},
        output_format="url",
        audio_setting={"format": "mp3"},
    ),
    "speech-gemini": submit(
        "fal-ai/gemini-tts", prompt=TEXT, voice="Puck", style_instructions="Warmly.", output_format="mp3"
    ),
    "speech-other": submit("a-studio/voices/v1", text=TEXT, temperature=0.7),
    "transcription-plain": hear("fal-ai/whisper"),
    "transcription-tuned": hear(
        "fal-ai/whisper", language="es", prompt="Dinner.", chunk_level="word", diarize=True, num_speakers=2
    ),
    "transcription-found-out": hear("fal-ai/wizper", language=None),
    "transcription-named": hear("fal-ai/wizper", language="es", merge_chunks=False),
    "transcription-scribe-plain": hear(rows.SCRIBE, tag_audio_events=False),
    "transcription-scribe-tuned": hear(
        rows.SCRIBE, tag_audio_events=False, diarize=True, language_code="en", keyterms=["fal", "Scribe"]
    ),
    "transcription-scribe-events": hear(rows.SCRIBE, tag_audio_events=True),
    "translation-plain": hear("fal-ai/whisper", task="translate"),
    "translation-named": hear("fal-ai/wizper", task="translate", language="es"),
    "sound-plain": submit(rows.STABLE, prompt=TEXT),
    "sound-tuned": submit(rows.STABLE, prompt=TEXT, seconds_total=5, seed=7, guidance_scale=3),
    "sound-effects": submit(
        "fal-ai/elevenlabs/sound-effects/v2",
        text=TEXT,
        duration_seconds=4.5,
        loop=True,
        output_format="mp3_44100_128",
    ),
    "sound-saved": submit(rows.STABLE_3, prompt=TEXT, duration=4.5, seed=7, output_format="wav"),
    "music-eleven": submit(
        "fal-ai/elevenlabs/music",
        prompt=TEXT,
        music_length_ms=30_500,
        force_instrumental=True,
        output_format="mp3_44100_128",
    ),
    "music-sung": submit(rows.SONGS, prompt=TEXT, lyrics="Of the moon.", is_instrumental=False),
    "music-unsung": submit(rows.SONGS, prompt=TEXT, is_instrumental=True),
    "music-written": submit(rows.SONGS, prompt=TEXT, lyrics_optimizer=True),
    "music-sung-v2": submit("fal-ai/minimax-music/v2", prompt=TEXT, lyrics_prompt="Of the moon.", **FLAC),
    "music-lyria": submit("fal-ai/lyria2", prompt=TEXT, seed=7, negative_prompt="vocals"),
    # answers
    "transcription-segments": answered,
    "transcription-words": answered,
    "transcription-wizper": answered,
    "transcription-silence": answered,
    "transcription-scribe": answered,
    "translation-segments": in_english,
    # jobs
    "speech-job": through(rows.KOKORO, **SAID),
    "speech-failed": polled(rows.KOKORO, **SAID),
    "speech-untyped": polled(rows.KOKORO, **SAID),
    "speech-unknown": polled(rows.KOKORO, **SAID),
    "speech-refused": refused(rows.KOKORO, **SAID),
    "speech-elsewhere": through(rows.KOKORO, **SAID),
    "transcription-job": through("fal-ai/whisper", audio_url=URL),
    "translation-job": through("fal-ai/whisper", audio_url=URL, task="translate"),
    "sound-job": through("a-studio/effects", prompt=TEXT),
    "music-job": through(rows.SONGS, prompt=TEXT, lyrics="Of the moon."),
}
TOLD = [one for one in rows.READINGS if one.transcript]  # it leaves files where they lie
NOTHING: Mapping[str, Any] = {}  # it types no input


class TestFal(SdkJobPromises):
    vendor, sdk, calls = "fal", SDK, CALLS
    cases, refusals, ways = rows.CASES, rows.REFUSALS, rows.WAYS
    readings = TOLD
    methods = NOTHING
    error = ERROR

    @pytest.fixture(autouse=True)
    def at_the_loopback(self, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
        """Its environment names a host only, and it always adds https; nor can it be told not to repeat."""
        for name in ("QUEUE_URL_FORMAT", "RUN_URL_FORMAT"):
            monkeypatch.setattr(f"fal_client.client.{name}", f"{loopback.url}/")
        monkeypatch.setattr("fal_client.client.MAX_ATTEMPTS", 1)

    def client(self, url: str, key: str) -> Any:
        return fal_client.SyncClient(key=key)

    def heard(self, result: Any) -> Transcript:
        languages = result.get("inferred_languages") or result.get("languages") or [result.get("language_code")]
        chunks = [
            (chunk["text"].strip(), *chunk["timestamp"], chunk.get("speaker")) for chunk in result.get("chunks", [])
        ]
        are_words = all(len(text.split()) == 1 for text, *_ in chunks)
        return Transcript(
            result["text"].strip(),
            languages[0],
            words=[Word(*chunk) for chunk in chunks if are_words]
            + [
                Word(word["text"], word["start"], word["end"], word["speaker_id"])
                for word in result.get("words", [])
                if word["type"] == "word"
            ],
            segments=[Segment(*chunk) for chunk in chunks if not are_words],
        )

    def _reading_for(self, case: Case) -> Reading:
        return self.readings[0]
