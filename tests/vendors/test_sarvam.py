"""Sarvam AI. Evidence: the official SDK `sarvamai` sent the requests, and reads the replies that are read here.

Replies have the fields that the SDK's notes describe, errors the status and code of the vendor's page of errors; each
file says what of it is made up.
"""

from __future__ import annotations

import pytest

from router.routing.fit import Cannot
from router.wire.audio import AAC, FLAC, OPUS, PCM, WAV
from router.wire.calls import SpeechCall
from router.wire.faults import Kind
from router.wire.transcripts import Segment, Transcript
from tests.vendors.evidence import Case, Difference, fitted, hear, our_request, say
from tests.vendors.promises import Reading, Refusal, VendorPromises

NULL = Difference(
    reason="the SDK writes what was not given as a JSON null into this part", parts=(("keyterms", "null"),)
)
SHARED_EXTRAS = {"speech_sample_rate": 16_000, "output_audio_bitrate": "64k"}
V3_EXTRAS = {**SHARED_EXTRAS, "temperature": 0.4, "dict_id": "d1"}
V2_EXTRAS = {
    **SHARED_EXTRAS,
    "pitch": 0.25,
    "loudness": 1.5,
    "enable_preprocessing": True,
    "enable_cached_responses": False,
}
LISTEN_EXTRAS = {"mode": "verbatim", "input_audio_codec": "pcm_s16le"}

CASES = [
    say("plain", "bulbul:v3"),
    say("tuned", "bulbul:v3", voice="shubh", language="or", speed=1.25),
    say("extras", "bulbul:v3", voice="kavitha", extras=V3_EXTRAS),
    say("v2", "bulbul:v2", voice="onyx", language="ta-IN", speed=0.3, extras=V2_EXTRAS),
    say("v4", "bulbul:v4-flash", voice="simran_en_customer", language="english"),
    say("v4-plain", "bulbul:v4-flash"),
    say("aac", "bulbul:v3", format=AAC),
    say("flac", "bulbul:v3", format=FLAC),
    say("wav", "bulbul:v3", format=WAV),
    say("pcm", "bulbul:v3", format=PCM),
    hear("plain", "saaras:v3", differences=(NULL,)),
    hear("tuned", "saaras:v4", "segments", language="odia", keywords=("New Delhi",)),
    hear("extras", "saaras:v3", language="hi", extras=LISTEN_EXTRAS, differences=(NULL,)),
    hear("plain", "saaras:v3", kind="translation", differences=(NULL,)),
    hear("tuned", "saaras:v4", kind="translation", language="hi", keywords=("Vistaar",)),
]

READINGS = [
    Reading("speech-plain"),
    Reading("transcription-plain", Transcript("मेरा फोन नंबर है 9840950950", "hi-IN")),
    Reading(
        "transcription-times",
        Transcript(
            "ନମସ୍କାର। ଆପଣ କେମିତି ଅଛନ୍ତି?",
            "or-IN",
            segments=[Segment("ନମସ୍କାର।", 0.0, 0.92), Segment("ଆପଣ କେମିତି ଅଛନ୍ତି?", 1.24, 2.8)],
        ),
    ),
    Reading("transcription-silence", Transcript("")),
    Reading("translation-plain", Transcript("My phone number is 9840950950", "en")),
]

REFUSALS = [
    Refusal("invalid-key", Kind.KEY, "Invalid API key", "invalid_api_key_error"),
    Refusal("authentication", Kind.KEY, "Authentication failed", "authentication_error"),
    Refusal("no-credit", Kind.QUOTA, "No credits available", "insufficient_quota_error"),
    Refusal("throttled", Kind.BUSY, "too many requests", "rate_limit_exceeded_error"),
    Refusal("throttled-503", Kind.BUSY, "too many requests", "rate_limit_exceeded_error"),
    Refusal(
        "bad-value",
        Kind.INPUT,
        "Speaker 'shubh' is not compatible with model bulbul:v4-flash. Available speakers for bulbul:v4-flash are: ...",
        "invalid_request_error",
    ),
    Refusal("unprocessable", Kind.INPUT, "Validation failed", "unprocessable_entity_error"),
    Refusal("server-error", Kind.FAILED, "Internal server error", "internal_server_error"),
    Refusal("model-failed", Kind.FAILED, "Model call failed", "model_call_error"),
    Refusal("no-billing", Kind.FAILED, "Billing service is unavailable", "billing_service_unavailable_error"),
    Refusal("bare", Kind.FAILED, "upstream connect error"),
]


class TestSarvam(VendorPromises):
    vendor = "sarvam"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS


# ------------------------------------------------------------------ languages


def test_the_script_is_asked_only_where_the_client_named_no_language():
    """Marathi is written as Hindi is: whoever says so is heard."""
    texts = [say_in_devanagari(), say_in_devanagari(language="mr"), say_in_devanagari(language="en-US")]

    assert [spoken(case)["language_code"] for case in texts] == ["hi-IN", "mr-IN", "en-IN"]


@pytest.mark.parametrize("language", ["de", "as"])
def test_a_language_that_bulbul_lacks_goes_elsewhere(language: str):
    """Assamese is understood, and not spoken."""
    with pytest.raises(Cannot, match="does not speak"):
        fitted("sarvam", say("any", "bulbul:v3", language=language))


def say_in_devanagari(**tunables: str) -> Case:
    call = SpeechCall(model="bulbul:v3", text="नमस्कार", voice="alloy", format=WAV, tunables=tunables)
    return Case(name="speech-any", model="bulbul:v3", call=call)


def spoken(case: Case) -> dict[str, object]:
    return our_request("sarvam", case).body["json"]


# ------------------------------------------------------------------ what models differ in


@pytest.mark.parametrize(
    ("model", "speakers"),
    [
        ("bulbul:v2", {"alloy": "anushka", "onyx": "abhilash", "nova": "vidya"}),
        ("bulbul:v3", {"alloy": "ritu", "onyx": "ratan", "nova": "neha"}),
        ("bulbul:v4-flash", {"alloy": "shubh_enhi_ads", "nova": "shubh_enhi_ads"}),
        ("bulbul:v5", {"alloy": "shubh"}),
    ],
)
def test_each_model_has_speakers_of_its_own(model: str, speakers: dict[str, str]):
    """The vendor refuses those of another model."""
    assert {voice: spoken(say("any", model, voice=voice))["speaker"] for voice in speakers} == speakers


@pytest.mark.parametrize(
    ("model", "voice"),
    [("bulbul:v2", "shubh"), ("bulbul:v3", "anushka"), ("bulbul:v3", "shubh_enhi_ads"), ("bulbul:v4-flash", "shubh")],
)
def test_a_speaker_of_another_model_is_not_asked_for(model: str, voice: str):
    """It would be a 400; the next target may have it."""
    with pytest.raises(Cannot, match="has no voice"):
        fitted("sarvam", say("any", model, voice=voice))


@pytest.mark.parametrize(
    ("model", "speed", "pace"),
    [("bulbul:v3", 0.25, 0.5), ("bulbul:v4-flash", 4, 2), ("bulbul:v2", 0.25, 0.3), ("bulbul:v2", 4, 3)],
)
def test_the_speed_is_clamped_to_what_the_model_takes(model: str, speed: float, pace: float):
    """And the client is told."""
    fit = fitted("sarvam", say("any", model, speed=speed))

    assert spoken(say("any", model, speed=speed))["pace"] == pace
    assert fit.dropped == (f"speed={pace:g}",)


@pytest.mark.parametrize(
    ("model", "extras", "dropped"),
    [
        ("bulbul:v3", V2_EXTRAS, {"pitch", "loudness", "enable_preprocessing", "enable_cached_responses"}),
        ("bulbul:v4-flash", V2_EXTRAS, {"pitch", "loudness", "enable_preprocessing", "enable_cached_responses"}),
        ("bulbul:v2", V3_EXTRAS, {"temperature", "dict_id"}),
    ],
)
def test_a_field_of_another_model_is_dropped(model: str, extras: dict[str, object], dropped: set[str]):
    """Sound is shaped by other means from the third version on."""
    fit = fitted("sarvam", say("any", model, extras=extras))

    assert set(fit.dropped) == dropped
    assert fit.extras == SHARED_EXTRAS


@pytest.mark.parametrize(("model", "longest"), [("bulbul:v2", 1_500), ("bulbul:v3", 2_500), ("bulbul:v4-flash", 2_500)])
def test_a_text_is_cut_where_the_model_ends(model: str, longest: int):
    """One character more is spoken in two pieces."""
    assert [fitted("sarvam", long(model, length)).longest for length in (longest, longest + 1)] == [None, longest]


def long(model: str, length: int) -> Case:
    call = SpeechCall(model=model, text="a" * length, voice="alloy", format=WAV)
    return Case(name="speech-any", model=model, call=call)


def test_opus_is_made_from_samples():
    """In which container the vendor sends it is not documented."""
    fit = fitted("sarvam", say("any", "bulbul:v3", format=OPUS))

    assert (fit.source, fit.wanted) == (PCM, OPUS)


# ------------------------------------------------------------------ listening


def test_keywords_go_to_the_model_that_takes_them():
    """As the one part that the vendor reads: a list in JSON."""
    case = hear("any", "saaras:v4", keywords=("New Delhi", "Vistaar"))
    older = fitted("sarvam", hear("any", "saaras:v3", keywords=("New Delhi",)))

    assert ["keyterms", '["New Delhi","Vistaar"]'] in our_request("sarvam", case).body["form"]
    assert older.dropped == ("keywords",)


@pytest.mark.parametrize("wants", ["words", "speakers"])
def test_times_are_of_phrases(wants: str):
    """What the vendor calls words are none, and speakers are told in batches only."""
    with pytest.raises(Cannot, match="does not give"):
        fitted("sarvam", hear("any", "saaras:v4", wants))


def test_a_translation_has_no_times():
    """Nobody says whether they are of what was said or of what is written."""
    with pytest.raises(Cannot, match="does not give segments"):
        fitted("sarvam", hear("any", "saaras:v4", "segments", kind="translation"))
