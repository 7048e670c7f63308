"""The official `replicate` SDK against the vendor file of Replicate.

It answers for the protocol alone: a model's inputs are a plain mapping to it.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any, ClassVar

import pytest

from router.wire.transcripts import Transcript
from tests.sdks.loopback import Loopback
from tests.sdks.official import official
from tests.sdks.promises import SdkJobPromises
from tests.vendors import test_replicate as rows
from tests.vendors.evidence import AUDIO, TEXT, Case, error_of, reply_of
from tests.vendors.promises import Reading, Refusal

replicate, SDK = official("replicate")
NEWEST = "8099696689d249cf8b122d833c36ac3f75505c666a395ca40ef26f68e7d3d16e"  # what the look-up of the rows says
DATA_URL = f"data:{AUDIO.content_type};base64,{b64encode(b''.join(AUDIO.chunks())).decode()}"  # its own guesses x-wav


def run(model: str, **inputs: Any):
    """An official model, under its own name."""
    return lambda client: client.models.predictions.create(model, inputs, wait=1)


def run_newest(**inputs: Any):
    """A version of a model of the community."""
    return lambda client: client.predictions.create(version=NEWEST, input=inputs, wait=1)


def see_through(model: str, **inputs: Any):
    """From the model to the end of its prediction."""

    def call(client: Any) -> Any:
        version = None
        if not model.startswith("minimax/"):
            version = client.models.get(*model.split("/")).latest_version
        if version:
            made = client.predictions.create(version=version, input=inputs, wait=1)
        else:
            made = client.models.predictions.create(model, inputs, wait=1)
        client.poll_interval = 0
        made.wait()
        return made

    return call


SPOKEN = {"text": TEXT, "voice_id": "Friendly_Person", "audio_format": "mp3"}
CALLS = {
    "speech-plain": run(rows.TURBO, **SPOKEN),
    "speech-tuned": run(rows.TURBO, text=TEXT, voice_id="Deep_Voice_Man", speed=1.25, audio_format="flac"),
    "speech-extras": run(rows.TURBO, **{**SPOKEN, "voice_id": "R8_TRAINED01"}, **rows.SPEECH_EXTRAS),
    "speech-kokoro": run_newest(text=TEXT, voice="af_nova", speed=0.75),
    "transcription-plain": run_newest(audio=DATA_URL),
    "transcription-text": run_newest(audio=DATA_URL),
    "transcription-tuned": run_newest(audio=DATA_URL, language="de", initial_prompt="Vistaar.", temperature=0.2),
    "transcription-extras": run_newest(audio=DATA_URL, **rows.WHISPER_EXTRAS),
    "translation-plain": run_newest(audio=DATA_URL, translate=True),
    "translation-tuned": run_newest(audio=DATA_URL, translate=True, language="de", initial_prompt="Vistaar."),
    "sound-plain": run_newest(prompt=TEXT, duration=5, output_format="wav"),
    "sound-seeded": run_newest(prompt=TEXT, duration=5, seed=7, output_format="wav"),
    "sound-ldm": run_newest(text=TEXT, random_seed=7, guidance_scale=3, n_candidates=1),
    "sound-open": run_newest(prompt=TEXT, seconds_total=12, seed=7, **rows.OPEN_EXTRAS),
    "music-plain": run_newest(prompt=TEXT, duration=8, seed=7, output_format="mp3"),
    "music-extras": run_newest(prompt=TEXT, output_format="wav", **rows.MUSIC_EXTRAS),
    "music-stable": run(rows.STABLE, prompt=TEXT, duration=100, seed=7, steps=6, cfg_scale=2),
    "music-song": run(rows.SONG, prompt=TEXT, lyrics="[verse]\nOf the moon.", audio_format="mp3", bitrate=128_000),
    "speech-polled": see_through(rows.TURBO, **SPOKEN),
    "speech-at-once": see_through(rows.TURBO, **SPOKEN),
    "speech-failed": see_through(rows.TURBO, **SPOKEN),
    "speech-canceled": see_through(rows.TURBO, **SPOKEN),
    "sound-list": see_through(rows.AUDIOGEN, prompt=TEXT, duration=5, output_format="wav"),
    "music-object": see_through(rows.MUSICGEN, prompt=TEXT, duration=8, seed=7, output_format="wav"),
    "music-versionless": see_through("google/lyria-2", prompt=TEXT),
    "transcription-polled": see_through(rows.WHISPER, audio=DATA_URL, language="de"),
    "translation-at-once": see_through(rows.WHISPER, audio=DATA_URL, translate=True),
}


class TestReplicate(SdkJobPromises):
    vendor, sdk, calls = "replicate", SDK, CALLS
    cases, refusals = rows.CASES, rows.REFUSALS
    readings = tuple(one for one in rows.READINGS if one.transcript)  # a file is fetched without the SDK's reading it
    ways = tuple(one for one in rows.WAYS if one.name in CALLS)  # not what the SDK would poll for ever
    methods: ClassVar = {}  # a model's inputs are no parameters of the SDK
    error = replicate.exceptions.ReplicateError

    def client(self, url: str, key: str) -> Any:
        return replicate.Client(api_token=key, base_url=url)

    def heard(self, result: Any) -> Transcript:
        said = result.output
        if isinstance(said, str):
            return Transcript(said)
        if said["translation"]:
            return Transcript(said["translation"], "en")
        return Transcript(said["transcription"], said["detected_language"], segments=rows.HEARD.segments)

    def _reading_for(self, case: Case) -> Reading:
        """Whatever is created, the answer is a prediction."""
        return next(one for one in self.readings if one.name == "transcription-plain")

    def test_it_raises_its_own_error(self, refusal: Refusal, loopback: Loopback):
        """The SDK takes the error for what it is, and reads the same words, where they are JSON."""
        loopback.reply = error_of(self.vendor, refusal.name)
        with pytest.raises(self.error) as caught:
            self._call(self.cases[0].name, loopback)

        assert caught.value.status == loopback.reply.status
        assert refusal.message in [caught.value.detail, caught.value.title, loopback.reply.body]

    def test_it_cancels_what_we_cancel(self, loopback: Loopback):
        """By the address that is asked for when nobody waits any more."""
        loopback.reply = reply_of(self.vendor, "transcription-plain")
        self.client(loopback.url, "key").predictions.cancel("p1")

        assert (loopback.seen.method, loopback.seen.url) == ("POST", "/v1/predictions/p1/cancel")
