"""1ni. Evidence: the vendor's page of documentation, as read on 2026-11-20.

No SDK is known, so requests are compared with what the page says, written out here. What the page does not say of an
answer is made up; each file says what.
"""

from __future__ import annotations

from typing import Any

import pytest

from router.routing.fit import Cannot
from router.wire.audio import FLAC, MP3, OPUS, PCM, WAV, Format
from router.wire.calls import CallKind
from router.wire.faults import Kind
from router.wire.transcripts import Transcript
from tests.vendors.evidence import AUDIO, TEXT, Case, facts_of, fitted, hear, key_of, our_request, say, sound
from tests.vendors.promises import AnswerPromises, Reading, Refusal

TURBO = "eleven-turbo-v2.5"
SPOKEN = {"model": TURBO, "text": TEXT, "voice": "aria", "output_format": "mp3_44100"}
MADE = {"prompt": TEXT}

REQUESTS: list[tuple[Case, str, dict[str, Any]]] = [
    (say("plain", TURBO), "/tts/generate", SPOKEN),
    (say("wav", TURBO, format=WAV, speed=1.25), "/tts/generate", {**SPOKEN, "output_format": "wav", "speed": 1.25}),
    (say("own-voice", TURBO, voice="an-id-of-theirs"), "/tts/generate", {**SPOKEN, "voice": "an-id-of-theirs"}),
    (sound("plain", "eleven-sfx-v1"), "/sfx/generate", {**MADE, "model": "eleven-sfx-v1"}),
    (
        sound("long", "caps-audiogen", duration=30.0),
        "/sfx/generate",
        {**MADE, "model": "caps-audiogen", "duration": 30.0},
    ),
    (
        sound("plain", "musicgen-melody", kind="music", duration=0.5),
        "/music/generate",
        {**MADE, "model": "musicgen-melody", "duration": 0.5, "output_format": "wav"},
    ),
]

READINGS = [
    Reading("speech-plain"),
    Reading("transcription-plain", Transcript("Every word counts.")),
    Reading("sound-plain"),
    Reading("music-plain"),
]

REFUSALS = [
    Refusal("bad-value", Kind.INPUT, "bad parameters"),
    Refusal("invalid-key", Kind.KEY, "key missing or invalid"),
    Refusal("no-credit", Kind.QUOTA, "insufficient credits"),
    Refusal("throttled", Kind.BUSY, "rate limited"),  # the unit of its X-RateLimit-Reset is not documented
    Refusal("server-error", Kind.FAILED, "server error"),
    Refusal("bare", Kind.FAILED, "upstream connect error"),
]


class Test1ni(AnswerPromises):
    vendor = "1ni"
    readings = READINGS
    refusals = REFUSALS


@pytest.mark.parametrize(("case", "path", "body"), REQUESTS, ids=[case.name for case, _, _ in REQUESTS])
def test_the_request_is_that_of_the_page(case: Case, path: str, body: dict[str, Any]):
    """The page's fields and no others, as one JSON document behind our key."""
    request = our_request("1ni", case)

    assert (request.method, request.path, request.query) == ("POST", f"/v1{path}", [])
    assert request.auth == {"authorization": f"Bearer {key_of('1ni')}"}
    assert request.body == {"json": body}


@pytest.mark.parametrize(
    ("case", "more"),
    [
        (hear("plain", "whisper-large-v3"), {}),
        (hear("tuned", "whisper-large-v3", language="en"), {"language": "en"}),
        (hear("by-name", "whisper-large-v3", language="German"), {"language": "de"}),
        (hear("diarized", "whisper-large-v3", extras={"diarize": "true"}), {"diarize": "true"}),
    ],
    ids=lambda value: value.name if isinstance(value, Case) else "",
)
def test_the_file_is_called_audio(case: Case, more: dict[str, str]):
    """All other parts are texts: the model always, the rest as it is asked for."""
    request = our_request("1ni", case)
    parts = dict(request.body["form"])
    file = parts.pop("audio")

    assert (request.method, request.path) == ("POST", "/v1/stt/transcribe")
    assert (file["filename"], file["content_type"]) == (AUDIO.name, AUDIO.content_type)
    assert parts == {"model": "whisper-large-v3", **more}


# ------------------------------------------------------------------ what it can do


@pytest.mark.parametrize(
    ("model", "preset"), [(TURBO, "aria"), ("sarvam-tts-hi", "meera"), ("xtts-v2", "default-en"), ("new", "default-en")]
)
def test_each_family_speaks_by_its_own_preset(model: str, preset: str):
    """As far as the three that the page names go."""
    assert our_request("1ni", say("any", model, voice="onyx")).body["json"]["voice"] == preset


@pytest.mark.parametrize(("speed", "sent"), [(0.25, 0.5), (4, 2)])
def test_the_speed_is_clamped(speed: float, sent: float):
    """And the client is told."""
    case = say("any", TURBO, speed=speed)

    assert our_request("1ni", case).body["json"]["speed"] == sent
    assert fitted("1ni", case).dropped == (f"speed={sent:g}",)


@pytest.mark.parametrize("wanted", [PCM, OPUS, FLAC])
def test_what_is_not_known_to_be_right_is_made_from_wav(wanted: Format):
    """Nobody says at which rate pcm comes, or what is in an ogg."""
    fit = fitted("1ni", say("any", TURBO, format=wanted))

    assert (fit.source, fit.wanted) == (WAV, wanted)


@pytest.mark.parametrize(("kind", "source"), [("sound", MP3), ("music", WAV)])
def test_sound_is_made_from_what_it_is_taken_to_come_in(kind: CallKind, source: Format):
    """Sound effects take no format, and of music one alone is shown."""
    model = "eleven-sfx-v1" if kind == "sound" else "musicgen-large"
    fit = fitted("1ni", sound("any", model, kind=kind, format=FLAC))

    assert (fit.source, fit.wanted) == (source, FLAC)


@pytest.mark.parametrize(
    ("kind", "model", "longest_s"),
    [
        ("sound", "eleven-sfx-v1", 22),
        ("sound", "caps-audiogen", 30),
        ("sound", "audioldm2-large", 10),
        ("music", "caps-musicgen-large", 60),
        ("music", "musicgen-large", 30),
        ("music", "musicgen-melody", 30),
    ],
)
def test_nothing_longer_is_asked_for_than_the_model_makes(kind: CallKind, model: str, longest_s: int):
    """Another target may make it."""
    assert fitted("1ni", sound("any", model, kind=kind, duration=longest_s)).dropped == ()
    with pytest.raises(Cannot, match=f"makes {longest_s} s at most"):
        fitted("1ni", sound("any", model, kind=kind, duration=longest_s + 0.5))


@pytest.mark.parametrize("wants", ["words", "segments", "speakers"])
def test_of_a_transcript_there_is_only_the_text(wants: str):
    """How the speakers that `diarize` tells apart are told, nobody says."""
    with pytest.raises(Cannot, match="does not give"):
        fitted("1ni", hear("any", "eleven-scribe-v1", wants))


def test_every_model_has_the_price_of_the_page():
    """In credits, as it is stated there: a thousand characters, a minute, a piece."""
    facts = facts_of("1ni")
    stated = {
        name: row.price.stated
        for operation in (facts.speech, facts.transcription, facts.sound, facts.music)
        for name, row in (operation.models if operation else {}).items()
        if row.price and row.price.is_in_credits
    }

    assert stated == {
        **{
            name: {"per_1m_characters": credits_for_1k * 1_000}
            for name, credits_for_1k in {
                "eleven-turbo-v2.5": 3,
                "eleven-multilingual-v2": 5,
                "sarvam-tts-hi": 2,
                "sarvam-tts-multi": 3,
                "xtts-v2": 1,
                "parler-tts-large": 1,
            }.items()
        },
        "eleven-scribe-v1": {"per_minute": 4},
        "sarvam-stt-hi": {"per_minute": 2},
        "whisper-large-v3": {"per_minute": 1},
        "whisper-large-v3-turbo": {"per_minute": 1},
        "eleven-sfx-v1": {"per_generation": 5},
        "caps-audiogen": {"per_generation": 3},
        "audioldm2-large": {"per_generation": 1},
        "caps-musicgen-large": {"per_generation": 8},
        "musicgen-large": {"per_generation": 3},
        "musicgen-melody": {"per_generation": 3},
    }
