"""AINative Studio. Evidence: the vendor's pages of its audio and its multimodal API, as read on 2026-11-20.

No SDK is known, so requests are compared with what the pages say: written out here.
Answers have the pages' fields, with values that are made up; no error is documented, so all of them are made up.
"""

from __future__ import annotations

import pytest

from router.routing.fit import Cannot
from router.routing.plan import KINDS
from router.vendors.spec import Unit
from router.wire.audio import FLAC, MP3, OPUS, PCM, WAV, Format
from router.wire.calls import CallKind, SpeechCall
from router.wire.faults import Kind
from router.wire.transcripts import Transcript
from tests.vendors.evidence import AUDIO, TEXT, Case, Request, facts_of, fitted, hear, key_of, our_request, say, sound
from tests.vendors.promises import AnswerPromises, Reading, Refusal

MMS = "facebook/mms-tts-eng"
MINIMAX = "minimax-tts"  # no name of the vendor's: its path takes none
MUSIC = "minimax-music-v2"
IN_WAV = b"RIFF and then the sound"
IN_MP3 = b"ID3 and then the sound"
SPOKEN = {Unit.CREDIT: 1.0, Unit.SECOND: 1.5}
SUNG = {Unit.CREDIT: 20.0, Unit.SECOND: 8.0}
HEARD = {Unit.CREDIT: 6.0, Unit.SECOND: 1.5}

REQUESTS = [
    (say("plain", MMS), "/audio/tts", {"text": TEXT, "model_id": MMS}),
    (say("minimax", MINIMAX), "/multimodal/tts", {"text": TEXT, "voice": "Wise_Woman"}),
    (
        say("own-voice", MINIMAX, voice="Chinese (Mandarin)_Lyrical_Voice"),
        "/multimodal/tts",
        {"text": TEXT, "voice": "Chinese (Mandarin)_Lyrical_Voice"},
    ),
    (sound("plain", MUSIC, kind="music"), "/audio/music", {"prompt": TEXT, "model_id": MUSIC}),
    (
        sound("long", MUSIC, kind="music", duration=7.2),
        "/audio/music",
        {"prompt": TEXT, "model_id": MUSIC, "duration": 8},
    ),
]

READINGS = [
    Reading("speech-plain", units=SPOKEN, audio=IN_WAV),
    Reading("speech-minimax", units={Unit.CREDIT: 14.0}, audio=IN_MP3),
    Reading("music-plain", units=SUNG, audio=IN_MP3),
    Reading("transcription-plain", Transcript("Every word counts.", "en", 1.5), HEARD),
    Reading("transcription-bare", Transcript("Every word counts.")),
    Reading("translation-plain", Transcript("Every word counts.", "en", 1.5), HEARD),
]

REFUSALS = [
    Refusal("invalid-key", Kind.KEY, "Not authenticated"),
    Refusal("no-credit", Kind.QUOTA, "Insufficient credits"),
    Refusal("unprocessable", Kind.INPUT, "field required"),
    Refusal("throttled", Kind.BUSY, "Too many requests"),
    Refusal("server-error", Kind.FAILED, "Internal Server Error"),
    Refusal("bare", Kind.FAILED, "upstream connect error"),
]


class TestAinative(AnswerPromises):
    vendor = "ainative"
    readings = READINGS
    refusals = REFUSALS


@pytest.mark.parametrize(("case", "path", "body"), REQUESTS, ids=[case.name for case, *_ in REQUESTS])
def test_the_request_is_that_of_the_pages(case: Case, path: str, body: dict[str, object]):
    """By the path that the model has; nothing but what it takes."""
    auth = {"authorization": f"Bearer {key_of('ainative')}"}
    due = Request("POST", f"/api/v1{path}", [], auth, "application/json", {"json": body})

    assert due == our_request("ainative", case)


# ------------------------------------------------------------------ listening


@pytest.mark.parametrize("kind", ["transcription", "translation"])
@pytest.mark.parametrize(
    ("tunables", "more"),
    [
        ({}, {}),
        (
            {"language": "German", "prompt": "Kaffee, Kuchen", "temperature": 0.2},
            {"language": "de", "prompt": "Kaffee, Kuchen", "temperature": "0.2"},
        ),
    ],
    ids=["plain", "tuned"],
)
def test_the_form_is_that_of_the_page(kind: CallKind, tunables: dict[str, object], more: dict[str, str]):
    """A document is always asked for, as the vendor's own default is bare text; languages go as codes."""
    request = our_request("ainative", hear("any", "whisper-1", kind=kind, **tunables))
    parts = dict(request.body["form"])
    file = parts.pop("file")

    assert (request.method, request.path) == ("POST", f"/api/v1/audio/{kind}s")
    assert (file["filename"], file["content_type"]) == (AUDIO.name, AUDIO.content_type)
    assert parts == {"model": "whisper-1", "response_format": "json", **more}


@pytest.mark.parametrize("wants", ["words", "segments", "speakers"])
def test_of_a_transcript_there_is_only_the_text(wants: str):
    """The vendor has subtitles, and no document with their times."""
    with pytest.raises(Cannot, match="does not give"):
        fitted("ainative", hear("any", "whisper-1", wants))


# ------------------------------------------------------------------ speaking and music


@pytest.mark.parametrize("wanted", [MP3, WAV, OPUS, FLAC, PCM])
@pytest.mark.parametrize(("model", "source"), [(MMS, WAV), (MINIMAX, MP3)])
def test_whatever_a_client_wants_is_made_from_what_comes(model: str, source: Format, wanted: Format):
    """The vendor cannot be asked for a format."""
    fit = fitted("ainative", say("any", model, format=wanted))

    assert (fit.source, fit.wanted) == (source, wanted)


def test_a_model_of_one_voice_has_no_other():
    """What its `voice` takes is not documented."""
    with pytest.raises(Cannot, match="has no voice"):
        fitted("ainative", say("any", MMS, voice="Wise_Woman"))


def test_a_model_without_a_row_is_one_of_hugging_face():
    """It goes by its name to the path that takes one."""
    fit = fitted("ainative", say("any", "facebook/mms-tts-deu"))
    request = our_request("ainative", say("any", "facebook/mms-tts-deu"))

    assert (request.path, request.body["json"]["model_id"]) == ("/api/v1/audio/tts", "facebook/mms-tts-deu")
    assert fit.ask.voice == "default"


@pytest.mark.parametrize("model", [MMS, MINIMAX])
def test_a_long_text_is_cut(model: str):
    """Both paths take 5,000 characters."""
    assert [fitted("ainative", long(model, length)).longest for length in (5_000, 5_001)] == [None, 5_000]


def long(model: str, length: int) -> Case:
    call = SpeechCall(model=model, text="a" * length, voice="alloy", format=WAV)
    return Case(name="speech-any", model=model, call=call)


@pytest.mark.parametrize(("asked", "sent"), [(1, 5), (5, 5), (7.2, 8), (59.5, 60), (60, 60)])
def test_music_is_of_whole_seconds_and_no_shorter_than_asked(asked: float, sent: int):
    """The vendor takes integers from 5 to 60."""
    case = sound("any", MUSIC, kind="music", duration=asked)

    assert our_request("ainative", case).body["json"]["duration"] == sent


# ------------------------------------------------------------------ prices


def test_prices_are_in_credits_and_the_answer_goes_first():
    """A figure is stated where the pages print one; of all else the answer tells what it was."""
    facts = facts_of("ainative")
    stated = {
        (kind, name): row.price.stated
        for kind in KINDS
        if (operation := getattr(facts, kind))
        for name, row in operation.models.items()
        if row.price.is_in_credits
    }

    assert stated == {
        ("speech", MMS): {},
        ("speech", MINIMAX): {"per_generation": 14},
        ("transcription", "whisper-1"): {"per_minute": 6},
        ("translation", "whisper-1"): {"per_minute": 6},
        ("music", MUSIC): {},
    }
