"""parler-tts. Evidence: the code of parler-tts-server (commit 148ceba), as read on 2026-11-20.

Requests are compared with what the server's code takes, written out here; errors are what FastAPI makes of others.
"""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from router.routing.fit import Cannot
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, WAV, Format
from router.wire.calls import OPENAI_VOICES
from router.wire.faults import Kind
from tests.vendors.evidence import TEXT, Case, Request, fitted, our_request, say
from tests.vendors.promises import AnswerPromises, Reading, Refusal

EXPRESSO = "parler-tts/parler-tts-mini-expresso"
MINI = "parler-tts/parler_tts_mini_v0.1"
OTHER = "parler-tts/parler-tts-large-v1"
TALIA = "Talia speaks with high quality audio."
WOMAN = "A female speaker with a slightly low-pitched voice delivers her words quite expressively and with clear audio."
DEEP = "A male speaker with a very low-pitched voice delivers his words quite expressively and with clear audio."
OWN = "Feminine, speedy, and cheerful"

REQUESTS = [
    (say("plain", EXPRESSO), TALIA, "mp3"),
    (say("men", EXPRESSO, voice="echo", format=WAV), "Thomas speaks with high quality audio.", "wav"),
    (say("told-how", EXPRESSO, instructions="Sad and slow."), f"{TALIA} Sad and slow.", "mp3"),
    (say("described", MINI), WOMAN, "mp3"),
    (say("deep", OTHER, voice="onyx", format=FLAC), DEEP, "flac"),
    (say("own", OTHER, voice=OWN), OWN, "mp3"),
    (say("own-told-how", OTHER, voice=OWN, instructions="She whispers."), f"{OWN}. She whispers.", "mp3"),
    (say("dropped", EXPRESSO, speed=1.5, language="en", extras={"temperature": 0.5}), TALIA, "mp3"),
]


class TestParlerTts(AnswerPromises):
    vendor = "parler-tts"
    readings = (Reading("speech-plain"),)
    refusals = (
        Refusal("invalid", Kind.INPUT, "Field required"),
        Refusal("bad-format", Kind.INPUT, "Input should be 'mp3', 'flac' or 'wav'"),
        Refusal("bare", Kind.FAILED, "Internal Server Error"),
    )


@pytest.mark.parametrize(("case", "voice", "format"), REQUESTS, ids=[case.name for case, _, _ in REQUESTS])
def test_the_request_is_what_the_server_takes(case: Case, voice: str, format: str):
    """One description says who speaks and how: neither the voice nor the instructions get lost. No key."""
    body = {"json": {"model": case.model, "input": TEXT, "voice": voice, "response_format": format}}

    assert Request("POST", "/v1/audio/speech", [], {}, "application/json", body) == our_request("parler-tts", case)


def test_what_it_does_not_do_is_named():
    """The server would take a speed, and speak as ever."""
    call = fitted("parler-tts", say("any", EXPRESSO, speed=1.5, extras={"temperature": 0.5}))

    assert set(call.dropped) == {"speed", "temperature"}


@pytest.mark.parametrize("voice", ["JBFqnCBYd11xi6iRKMSb", "af_bella", " "])
def test_a_word_is_no_description(voice: str):
    """It is another vendor's voice, and would be read as a description of anybody."""
    with pytest.raises(Cannot, match="has no voice"):
        fitted("parler-tts", say("any", EXPRESSO, voice=voice))


@pytest.mark.parametrize("model", [EXPRESSO, MINI])
def test_english_models_are_not_asked_for_german(model: str):
    """Of a model without a row nobody knows: its language is dropped and named."""
    with pytest.raises(Cannot, match="does not speak 'de'"):
        fitted("parler-tts", say("any", model, language="de"))
    assert fitted("parler-tts", say("any", OTHER, language="de")).dropped == ("language",)


@pytest.mark.parametrize(
    ("wanted", "source"), [(MP3, MP3), (FLAC, FLAC), (WAV, WAV), (OPUS, WAV), (AAC, WAV), (PCM, WAV)]
)
def test_what_does_not_work_there_is_made_here(wanted: Format, source: Format):
    """Its code names three formats that do."""
    assert fitted("parler-tts", say("any", EXPRESSO, format=wanted)).source == source


def test_women_and_men_keep_their_voices():
    """Whether by name or by description."""
    men = {"ash", "ballad", "cedar", "echo", "onyx", "verse"}
    said = {name: fitted("parler-tts", say("any", MINI, voice=name)).ask.voice for name in OPENAI_VOICES}
    named = {name: fitted("parler-tts", say("any", EXPRESSO, voice=name)).ask.voice for name in OPENAI_VOICES}

    assert men == {name for name, voice in said.items() if voice.startswith("A male speaker")}
    assert men == {name for name, voice in named.items() if voice.split()[0] in {"Thomas", "Jerry"}}


def test_a_long_text_is_asked_for_in_pieces():
    """The model would break off in the middle, and nobody be told."""
    case = say("any", EXPRESSO)
    pieces = fitted("parler-tts", replace(case, call=replace(case.call, text=f"{TEXT} " * 40))).pieces()

    assert len(pieces) > 1
    assert all(len(piece.ask.text) <= 300 for piece in pieces)
