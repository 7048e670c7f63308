"""Hugging Face. Evidence: the official SDK `huggingface_hub` sent the requests, and reads the replies read here.

It has a type for the body of sound and music and no call: those requests are written out. Replies have the fields of
the SDK's types, errors the statuses and the shape of the API; each file says what of it is made up.
"""

from __future__ import annotations

import pytest

from router.routing.fit import Cannot
from router.upstream.answers import read_answer
from router.vendors.spec import Unit
from router.wire.audio import FLAC, MP3, SPEECH_FORMATS
from router.wire.faults import Fault, Kind
from router.wire.transcripts import Segment, Transcript, Word
from tests.vendors.evidence import (
    TEXT,
    Answered,
    Case,
    Difference,
    Request,
    facts_of,
    fitted,
    hear,
    key_of,
    our_request,
    reply_of,
    say,
    sound,
)
from tests.vendors.promises import Reading, Refusal, VendorPromises

ENGLISH = "facebook/mms-tts-eng"
WHISPER = "openai/whisper-large-v3"
TURBO = "openai/whisper-large-v3-turbo"
TYPED = (
    Difference(
        reason="the SDK is given bytes and names no type; of a file it names the file's own, as we do",
        content_type=("", "audio/wav"),
    ),
)
SPOKEN_EXTRAS = {"parameters": {"top_k": 5, "generation_parameters": {"do_sample": True}}}
HEARD_EXTRAS = {"parameters": {"generation_parameters": {"num_beams": 2}}}

CASES = [
    say("plain", ENGLISH),
    say("other", "facebook/mms-tts-deu", voice="nova", format=FLAC),
    say("extras", ENGLISH, language="en-GB", extras=SPOKEN_EXTRAS),
    hear("plain", WHISPER, differences=TYPED),
    hear("words", TURBO, "words segments"),
    hear("segments", WHISPER, "segments", temperature=0.2),
    hear("extras", WHISPER, extras=HEARD_EXTRAS),
    hear("all", TURBO, "words", temperature=0.2, extras=HEARD_EXTRAS),
]

BILLED = {Unit.COMPUTE_SECOND: 0.482}
READINGS = [
    Reading("speech-plain", units=BILLED),
    Reading("speech-wav", units=BILLED),
    Reading("sound-plain", units=BILLED),
    Reading("music-plain", units=BILLED),
    Reading("transcription-plain", Transcript("Every word counts.")),
    Reading(
        "transcription-words",
        Transcript(
            "Every word counts.", words=[Word("Every", 0, 0.38), Word("word", 0.38, 0.7), Word("counts.", 0.7, 1.24)]
        ),
    ),
    Reading(
        "transcription-segments",
        Transcript(
            "Every word counts. Or does",
            segments=[Segment("Every word counts.", 0, 1.24), Segment("Or does", 1.6, 1.6)],
        ),
    ),
    Reading("transcription-silence", Transcript("")),
]

REFUSALS = [
    Refusal("bad-input", Kind.INPUT, "`inputs` is needed"),
    Refusal(
        "too-long",
        Kind.INPUT,
        "You have passed more than 3000 mel input features (> 30 seconds) which automatically enables long-form "
        "generation which requires the model to predict timestamp tokens. Please either pass `return_timestamps=True` "
        "or make sure to pass no more than 3000 mel input features.",
    ),
    Refusal("invalid-key", Kind.KEY, "Invalid credentials in Authorization header"),
    Refusal("no-credit", Kind.QUOTA, "You have exceeded your monthly included credits for Inference Providers."),
    Refusal("forbidden", Kind.KEY, "This authentication method does not have sufficient permissions."),
    Refusal("no-model", Kind.NO_MODEL, "Model facebook/musicgen-large is not deployed for hf-inference"),
    Refusal("too-large", Kind.INPUT, "Payload too large"),
    Refusal("unprocessable", Kind.INPUT, "Validation error"),
    Refusal("throttled", Kind.BUSY, "Too many requests"),
    Refusal("server-error", Kind.FAILED, "Internal server error"),
    Refusal("cold", Kind.TRY_AGAIN, "Model facebook/musicgen-small is currently loading"),
    Refusal("too-slow", Kind.FAILED, "Gateway Timeout"),
]


class TestHuggingFace(VendorPromises):
    vendor = "huggingface"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS


# ------------------------------------------------------------------ sound and music


@pytest.mark.parametrize(
    ("case", "said"),
    [
        (sound("any", "facebook/audiogen-medium"), {}),
        (sound("any", "cvssp/audioldm2-large", seed=7), {}),
        (sound("any", "cvssp/audioldm2", kind="music", duration=8), {}),
        (sound("any", "facebook/musicgen-small", kind="music"), {}),
        (
            sound("any", "facebook/musicgen-small", kind="music", duration=8.01),
            {"parameters": {"generation_parameters": {"max_new_tokens": 401}}},
        ),
        (
            sound("any", "facebook/musicgen-medium", kind="music", duration=2, extras=SPOKEN_EXTRAS),
            {"parameters": {"top_k": 5, "generation_parameters": {"do_sample": True, "max_new_tokens": 100}}},
        ),
    ],
)
def test_the_body_is_that_of_the_sdks_type(case: Case, said: dict[str, object]):
    """MusicGen makes fifty tokens a second, and no fewer than are needed; who takes no length is sent none."""
    auth = {"authorization": f"Bearer {key_of('huggingface')}"}
    body = {"json": {"inputs": TEXT, **said}}

    expected = Request("POST", f"/hf-inference/models/{case.model}", [], auth, "application/json", body)
    assert expected == our_request("huggingface", case)


# ------------------------------------------------------------------ what is not to be had


async def test_segments_are_not_taken_for_words():
    """Both come in one shape: a model that cannot time its words must not pass sentences off as such."""
    facts = facts_of("huggingface")
    assert facts.transcription
    reply = Answered(reply_of("huggingface", "transcription-segments"))
    with pytest.raises(Fault, match="without words") as caught:
        await read_answer(reply, facts.transcription, facts, {}, frozenset({"words"}))

    assert caught.value.kind is Kind.GARBLED


def test_a_model_of_one_language_is_asked_for_no_other():
    """The model's name fixes it: English is spoken, German is sent elsewhere."""
    with pytest.raises(Cannot, match="does not speak 'de'"):
        fitted("huggingface", say("any", ENGLISH, language="de"))


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
def test_every_format_is_made_from_the_one_that_comes(wanted):
    """Nobody can ask for one, so none is in the request."""
    fit = fitted("huggingface", say("any", ENGLISH, format=wanted))

    assert (fit.source, fit.wanted) == (FLAC, wanted)
    assert our_request("huggingface", say("any", ENGLISH, format=wanted)) == our_request(
        "huggingface", say("any", ENGLISH, format=MP3)
    )


@pytest.mark.parametrize("model", ["facebook/../admin", "facebook//mms-tts-eng"])
def test_a_model_is_a_path_below_the_vendors(model: str):
    """It may have an owner, and leads nowhere else."""
    with pytest.raises(Fault) as caught:
        our_request("huggingface", say("any", model))

    assert caught.value.kind is Kind.INPUT
