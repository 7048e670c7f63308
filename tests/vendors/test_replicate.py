"""Replicate. Evidence: the official SDK `replicate` sent the requests, and took the same steps to the prediction.

What a model's inputs are called stands on the vendor's page of that model; nothing but such a page knows them, the SDK
sends what it is given. Replies have the fields of the vendor's pages; each file says what of it is made up.
"""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest
from msgspec.structs import replace

from router.routing.fit import Fitted, fit
from router.vendors.spec import Interim, Unit
from router.wire.audio import FLAC, MP3, OPUS, WAV
from router.wire.calls import ListenCall
from router.wire.faults import Kind
from router.wire.transcripts import Segment, Transcript
from router.wire.upload import Upload
from tests.vendors.evidence import (
    AUDIO,
    TEXT,
    Case,
    dressed,
    fitted,
    hear,
    key_of,
    our_request,
    plan_of,
    say,
    sound,
    target_of,
    telling,
)
from tests.vendors.promises import JobPromises, Reading, Refusal, VendorPromises, Way

TURBO = "minimax/speech-02-turbo"
KOKORO = "jaaari/kokoro-82m"
WHISPER = "openai/whisper"
MUSICGEN = "meta/musicgen"
AUDIOGEN = "sepal/audiogen"
OPEN = "stackadoc/stable-audio-open-1.0"
STABLE = "stability-ai/stable-audio-2.5"
SONG = "minimax/music-1.5"

SPEECH_EXTRAS = {
    "volume": 2,
    "pitch": -3,
    "emotion": "calm",
    "english_normalization": True,
    "sample_rate": 44_100,
    "bitrate": 64_000,
    "channel": "stereo",
    "language_boost": "English",
}
WHISPER_EXTRAS = {
    "patience": 1.5,
    "suppress_tokens": "-1",
    "condition_on_previous_text": False,
    "temperature_increment_on_fallback": 0.4,
    "compression_ratio_threshold": 2.2,
    "logprob_threshold": -0.8,
    "no_speech_threshold": 0.5,
}
OPEN_EXTRAS = {"negative_prompt": "noise", "steps": 50, "cfg_scale": 7, "sampler_type": "dpmpp-2m-sde"}
MUSIC_EXTRAS = {"model_version": "large", "top_k": 100, "normalization_strategy": "peak"}

CASES = [
    say("plain", TURBO),
    say("tuned", TURBO, voice="onyx", speed=1.25, format=FLAC),
    say("extras", TURBO, voice="R8_TRAINED01", extras=SPEECH_EXTRAS),
    say("kokoro", KOKORO, voice="nova", speed=0.75),
    hear("plain", WHISPER),
    hear("tuned", WHISPER, "segments", language="german", prompt="Vistaar.", temperature=0.2),
    hear("extras", WHISPER, extras=WHISPER_EXTRAS),
    hear("plain", WHISPER, kind="translation"),
    hear("tuned", WHISPER, kind="translation", language="de", prompt="Vistaar."),
    sound("plain", AUDIOGEN, format=WAV, duration=5.0),
    sound("seeded", AUDIOGEN, format=WAV, duration=5.0, seed=7),
    sound("ldm", "haoheliu/audio-ldm", seed=7, extras={"guidance_scale": 3, "n_candidates": 1}),
    sound("open", OPEN, duration=11.5, seed=7, extras=OPEN_EXTRAS),
    sound("plain", MUSICGEN, kind="music", duration=8.0, seed=7),
    sound("extras", MUSICGEN, kind="music", format=WAV, extras=MUSIC_EXTRAS),
    sound("stable", STABLE, kind="music", duration=100.0, seed=7, extras={"steps": 6, "cfg_scale": 2}),
    sound("song", SONG, kind="music", lyrics="[verse]\nOf the moon.", extras={"bitrate": 128_000}),
]

SECONDS = {Unit.COMPUTE_SECOND: 2.5}
HEARD = Transcript(
    " The little tales they tell are false.",
    "english",
    segments=[
        Segment(
            "The little tales they tell are false.",
            0,
            18.6,
            avg_logprob=-0.0607,
            no_speech_prob=0.0591,
            compression_ratio=1.4123,
            temperature=0,
            seek=0,
            tokens=[50365, 264, 707],
        )
    ],
)
ENGLISH = Transcript(" The little tales are false.", "en")
READINGS = [
    Reading("speech-plain"),
    Reading("sound-plain"),
    Reading("music-plain"),
    Reading("transcription-plain", HEARD, SECONDS),
    Reading("transcription-text", Transcript("The little tales."), {Unit.COMPUTE_SECOND: 0.5}),
    Reading("translation-plain", ENGLISH, SECONDS),
]

REFUSALS = [
    Refusal("invalid-key", Kind.KEY, "You did not pass a valid authentication token"),
    Refusal("forbidden", Kind.KEY, "You may not run this model"),
    Refusal("no-credit", Kind.QUOTA, "You have insufficient credit to run this model."),
    Refusal("no-model", Kind.NO_MODEL, "The requested resource could not be found."),
    Refusal("bad-request", Kind.INPUT, "The request is malformed"),
    Refusal("bad-value", Kind.INPUT, "- input.speed: Must be less than or equal to 2"),
    Refusal("throttled", Kind.BUSY, "Request was throttled. Your rate limit resets in ~30s.", retry_after_s=30.0),
    Refusal("server-error", Kind.FAILED, "Internal server error"),
    Refusal("bare", Kind.FAILED, "upstream connect error"),
]

SPOKEN = b"ID3 and then the sound"
SOUNDED = b"RIFF and then the sound"
BILLED = {Unit.COMPUTE_SECOND: 1.95}
WAYS = [
    Way(say("polled", TURBO), SPOKEN, units=BILLED),
    Way(say("at-once", TURBO), SPOKEN, units=BILLED),
    Way(say("failed", TURBO), fault=Kind.FAILED),
    Way(say("canceled", TURBO), fault=Kind.FAILED),
    Way(say("aborted", TURBO), fault=Kind.FAILED),
    Way(say("unknown", TURBO), fault=Kind.FAILED),
    Way(say("relative", TURBO), fault=Kind.GARBLED),
    Way(say("elsewhere", TURBO), fault=Kind.GARBLED),
    Way(say("nothing", TURBO), fault=Kind.GARBLED),
    Way(say("none-of-several", TURBO), fault=Kind.GARBLED),
    Way(sound("list", AUDIOGEN, format=WAV, duration=5.0), SOUNDED, units={Unit.COMPUTE_SECOND: 4.5}),
    Way(
        sound("object", MUSICGEN, kind="music", format=WAV, duration=8.0, seed=7),
        SOUNDED,
        units={Unit.COMPUTE_SECOND: 9.5},
    ),
    Way(
        sound("versionless", "google/lyria-2", kind="music", format=WAV),
        SOUNDED,
        units={Unit.COMPUTE_SECOND: 9.5},
    ),
    Way(hear("polled", WHISPER, language="de"), transcript=HEARD, units=SECONDS),
    Way(hear("at-once", WHISPER, kind="translation"), transcript=ENGLISH, units=SECONDS),
]


class TestReplicate(JobPromises, VendorPromises):
    vendor = "replicate"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS
    ways = WAYS


# ------------------------------------------------------------------ what a target says in its options


def with_options(case: Case, **options: Any) -> Fitted:
    target = replace(target_of("replicate", case.model), options=options)
    return fit(case.call, target, plan_of("replicate"))


def created(fit: Fitted) -> tuple[str, dict[str, Any]]:
    """Path and body of what is created."""
    draft = telling(fit)
    assert draft.json
    return draft.url, {name: value for name, value in draft.json.items() if value is not None}


def test_a_pinned_version_is_run_without_looking_for_one():
    """It stands beside the inputs, not among them."""
    fit = with_options(sound("any", MUSICGEN, kind="music", format=WAV), version="671ac645")
    request = fit.request()

    assert next(request).method == "POST"  # type: ignore[arg-type]
    assert created(fit) == ("/predictions", {"version": "671ac645", "input": {"prompt": TEXT, "output_format": "wav"}})


def test_a_model_of_the_community_is_run_in_its_newest_version():
    """Without a version of its own the target gets the one that the vendor names."""
    request = fitted("replicate", sound("any", AUDIOGEN)).request()
    asked = next(request)  # type: ignore[arg-type]
    draft = request.send(Interim(200, {}, b"", {"latest_version": {"id": "154b3e51"}}))  # type: ignore[union-attr]

    assert (asked.method, asked.url) == ("GET", f"/models/{AUDIOGEN}")
    assert (draft.url, draft.json["version"]) == ("/predictions", "154b3e51")


def test_the_inputs_of_an_unknown_model_are_named_by_its_target():
    """Ours to theirs; what nobody has a name for is not sent, and the table of names itself never is."""
    case = replace(say("any", "someone/speaker"), call=replace(say("any", "x").call, model="someone/speaker"))
    options = {"version": "v1", "inputs": {"text": "gen_text", "voice": "speaker"}, "top_k": 50}
    target = replace(target_of("replicate", case.model), options=options, voices={"*": "Bella"})
    call = fit(case.call, target, plan_of("replicate"))

    assert created(call) == (
        "/predictions",
        {"version": "v1", "input": {"gen_text": TEXT, "speaker": "Bella", "top_k": 50}},
    )


def test_a_voice_that_stands_for_any_is_never_sent():
    """A model that is not known to have voices speaks as it does, even where its target names an input for one."""
    fit = with_options(say("any", "someone/speaker"), version="v1", inputs={"voice": "speaker"})

    assert created(fit)[1]["input"] == {"text": TEXT}


def test_a_client_pins_no_version_and_names_no_inputs():
    """These are the target's to say, and are told as dropped."""
    extras = {"version": "v2", "inputs": {"text": "prompt"}, "webhook_events_filter": ["start"]}
    fit = fitted("replicate", say("any", TURBO, extras=extras))

    assert fit.dropped == ("version", "inputs", "webhook_events_filter")
    assert created(fit)[1]["input"] == {"text": TEXT, "voice_id": "Friendly_Person", "audio_format": "mp3"}


def test_a_clients_field_goes_under_what_the_call_says():
    """It is an input like ours, and where both have one name, the voice that was fitted stands."""
    fit = fitted("replicate", say("any", TURBO, extras={"voice_id": "theirs", "pitch": 2, "audio_format": "pcm"}))

    assert created(fit)[1]["input"] == {
        "text": TEXT,
        "voice_id": "Friendly_Person",
        "audio_format": "mp3",
        "pitch": 2,
    }


# ------------------------------------------------------------------ jobs


def test_the_prediction_is_held_and_can_be_taken_back():
    """The vendor answers when it is done, within a minute; while it is polled, its cancellation is at hand."""
    request = fitted("replicate", say("any", TURBO)).request()
    first = next(request)  # type: ignore[arg-type]
    poll = request.send(Interim(201, {}, b"", {"id": "p/1", "status": "starting"}))  # type: ignore[union-attr]

    assert first.headers == {"prefer": "wait=1"}
    assert (poll.method, poll.url, poll.after_s, poll.progress.is_queued) == ("GET", "/predictions/p%2F1", 0.5, True)
    assert (poll.undo.method, poll.undo.url, poll.undo.extras) == ("POST", "/predictions/p%2F1/cancel", None)


# ------------------------------------------------------------------ what it can do


def test_an_upload_goes_as_a_data_url():
    """Inside the inputs, with the type that the client gave it."""
    body = our_request("replicate", hear("any", WHISPER)).body["json"]
    audio = b64encode(b"".join(AUDIO.chunks())).decode()

    assert body["input"]["audio"] == f"data:audio/wav;base64,{audio}"


def test_a_large_upload_is_kept_at_the_vendor_first():
    """A data URL is for small files, as the vendor says; then its address is what the model is given."""
    audio = Upload(AUDIO.name, AUDIO.content_type, bytes(1_000_001))
    call = ListenCall(kind="transcription", model=WHISPER, audio=audio)
    steps = fitted("replicate", Case(name="transcription-any", model=WHISPER, call=call)).request()
    kept = next(steps)  # type: ignore[arg-type]
    steps.send(Interim(201, {}, b"", {"urls": {"get": "https://api.replicate.com/v1/files/f1"}}))  # type: ignore[union-attr]
    made = steps.send(Interim(200, {}, b"", {"latest_version": {"id": "v1"}}))  # type: ignore[union-attr]

    assert (kept.method, kept.url, kept.form, kept.extras) == ("POST", "/files", {"content": audio}, None)
    assert made.json["input"]["audio"] == "https://api.replicate.com/v1/files/f1"


@pytest.mark.parametrize(("asked", "sent"), [(11.2, 12), (12.0, 12), (46.5, 47)])
def test_a_part_of_a_second_is_made_whole(asked: float, sent: int):
    """Nobody is given less than was asked for."""
    body = our_request("replicate", sound("any", OPEN, duration=asked)).body["json"]

    assert body["input"]["seconds_total"] == sent


@pytest.mark.parametrize(
    ("case", "source"),
    [
        (say("any", TURBO, format=OPUS), WAV),
        (say("any", KOKORO, format=MP3), WAV),
        (sound("any", MUSICGEN, kind="music", format=MP3), MP3),
        (sound("any", STABLE, kind="music", format=WAV), MP3),
        (sound("any", OPEN, format=FLAC), WAV),
    ],
)
def test_what_a_model_does_not_give_is_made_from_what_it_gives(case: Case, source):
    """A model with a choice is asked for it, of the others the one container is known."""
    fit = fitted("replicate", case)

    assert (fit.source, fit.wanted) == (source, case.call.format)  # type: ignore[union-attr]


def test_the_key_stays_with_the_vendor():
    """Of all that is created, the one header carries it."""
    request = dressed(fitted("replicate", say("any", TURBO)))
    key = key_of("replicate")

    assert request.headers.pop("authorization") == f"Bearer {key}"
    assert isinstance(request.body, bytes)
    assert TEXT.encode() in request.body
    assert key.encode() not in request.body
    assert key not in request.url + "".join(request.headers.values())


def test_no_client_gives_a_model_a_recording_or_another_length():
    """What is heard is the upload, how long it gets is `duration`: the fields for these are dropped and named."""
    extras = {"input_audio": "data:audio/wav;base64,UklGRg==", "seconds_total": 47}
    fit = fitted("replicate", sound("any", MUSICGEN, kind="music", format=WAV, extras=extras))

    assert fit.dropped == ("input_audio", "seconds_total")
    assert created(fit)[1]["input"] == {"prompt": TEXT, "output_format": "wav"}


@pytest.mark.parametrize("voice", ["R8_TRAINED01", "Chinese (Mandarin)_Lyrical_Voice"])
def test_a_voice_of_minimaxs_own_is_sent_as_it_is(voice: str):
    """Their names are of all sorts, with spaces among them."""
    assert fitted("replicate", say("any", TURBO, voice=voice)).ask.voice == voice  # type: ignore[union-attr]
