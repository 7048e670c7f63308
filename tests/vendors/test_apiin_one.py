"""API in One. Evidence: the vendor's pages of models, of Suno and of tasks, as read on 2026-11-20.

There is neither SDK nor OpenAPI document, so requests and steps are compared with what these pages say, written out
here and in the journeys. Answers have their fields, errors their types; each file says what of it is made up.
"""

from __future__ import annotations

from typing import Any

import pytest

from router.routing.fit import Cannot
from router.vendors.spec import Draft, Interim, Unit
from router.wire.audio import MP3, WAV
from router.wire.calls import SoundCall, Turn
from router.wire.faults import Kind
from tests.vendors.evidence import TEXT, Case, Request, fitted, key_of, our_request, say, sound
from tests.vendors.promises import JobPromises, Reading, Refusal, Way

AUDIO = b"ID3 and then the sound"
TURNS = (Turn("Who is there?", "narrator"), Turn("Nobody.", "user"))
LYRICS = "La la la."


def sing(name: str, model: str, **tunables: Any) -> Case:
    return sound(name, model, kind="music", **tunables)


def spent(credits: float) -> dict[Unit, float]:
    return {Unit.CREDIT: credits}


WAYS = [
    Way(say("plain", "elevenlabs-v3"), AUDIO, units=spent(1)),
    Way(
        say("dialogue", "elevenlabs-v3", turns=TURNS, language="en-US", extras={"stability": 0.8}),
        AUDIO,
        units=spent(1),
    ),
    Way(say("at-once", "elevenlabs-v3"), AUDIO),
    Way(say("elsewhere", "elevenlabs-v3"), fault=Kind.GARBLED),
    Way(say("failed", "elevenlabs-v3"), fault=Kind.FAILED),
    Way(say("lost", "elevenlabs-v3"), fault=Kind.FAILED),
    Way(say("refused", "elevenlabs-v3"), fault=Kind.QUOTA),
    Way(say("nothing", "elevenlabs-v3"), fault=Kind.GARBLED),
    Way(sing("plain", "suno"), AUDIO, units=spent(10)),
    Way(
        sing("sung", "chirp-v5", lyrics=LYRICS, instrumental=False, extras={"title": "Song", "tags": "metal"}),
        AUDIO,
        units=spent(12),
    ),
    Way(
        sing("minimax", "minimax-music", lyrics=LYRICS, extras={"bitrate": 128_000, "sample_rate": 32_000}),
        AUDIO,
        units=spent(30),
    ),
    Way(sing("failed", "suno", instrumental=True), fault=Kind.FAILED),
]

REQUESTS = [
    (say("any", "elevenlabs-v3"), {"dialogue": [{"text": TEXT, "voice": "narrator"}]}),
    (say("own-voice", "elevenlabs-v3", voice="user"), {"dialogue": [{"text": TEXT, "voice": "user"}]}),
    (
        say("tuned", "elevenlabs-v3", language="german", speed=1.5, instructions="Warmly."),
        {"dialogue": [{"text": TEXT, "voice": "narrator"}], "language_code": "de"},
    ),
    (sing("plain", "suno"), {"gpt_description_prompt": TEXT}),
    (
        sing("instrumental", "chirp-v3-5", instrumental=True),
        {"gpt_description_prompt": TEXT, "make_instrumental": True},
    ),
    (sing("sung", "suno", lyrics=LYRICS), {"style": TEXT, "prompt": LYRICS}),
    (sing("minimax", "minimax-music", instrumental=True), {"prompt": TEXT}),
    (sing("minimax-sung", "minimax-music", lyrics=LYRICS), {"prompt": TEXT, "lyrics": LYRICS}),
]


class TestApiinOne(JobPromises):
    vendor = "apiin-one"
    readings = (Reading("speech-plain"), Reading("music-plain"))
    ways = WAYS
    refusals = (
        Refusal("invalid-request", Kind.INPUT, "dialogue is required", "400"),
        Refusal("invalid-key", Kind.KEY, "Invalid API key", "401"),
        Refusal("no-credit", Kind.QUOTA, "Insufficient credits", "402"),
        Refusal("in-a-success", Kind.QUOTA, "insufficient credits", "402"),
        Refusal("no-model", Kind.NO_MODEL, "Model not found", "404"),
        Refusal("throttled", Kind.BUSY, "Rate limit exceeded", "429"),
        Refusal("server-error", Kind.FAILED, "Internal server error", "500"),
        Refusal("bare", Kind.FAILED, "upstream connect error"),
    )


@pytest.mark.parametrize(("case", "fields"), REQUESTS, ids=[case.name for case, _ in REQUESTS])
def test_the_request_is_that_of_the_pages(case: Case, fields: dict[str, Any]):
    """One voice is a dialogue of one; each model of music has its own words for what is described and what is sung."""
    path = f"/api/v1/audio/{case.kind}"
    body = {"json": {"model": case.model, **fields}}
    auth = {"authorization": f"Bearer {key_of('apiin-one')}"}

    assert Request("POST", path, [], auth, "application/json", body) == our_request("apiin-one", case)


@pytest.mark.parametrize(
    ("case", "pauses"),
    [(say("any", "elevenlabs-v3"), [3, 4.5, 6.75, 10, 10]), (sing("any", "suno"), [5, 7.5, 10, 10, 10])],
    ids=["speech", "music"],
)
def test_a_task_is_asked_for_as_often_as_it_is_worth(case: Case, pauses: list[float]):
    """Speech is there in 3 to 10 s; of music the vendor says every 5 to 10."""
    steps = fitted("apiin-one", case).request()
    assert not isinstance(steps, Draft)
    next(steps)
    body = {"code": 200, "data": {"task_id": "n1_any", "status": "IN_PROGRESS"}}

    assert pauses == [steps.send(Interim(200, {}, b"", body)).after_s for _ in pauses]


# ------------------------------------------------------------------ what it can do


def test_a_dialogue_is_spoken_in_one_request():
    """However many voices there are: the vendor's own field is the list of turns."""
    assert fitted("apiin-one", say("any", "elevenlabs-v3", turns=TURNS)).turns == ()


def test_another_format_is_made_from_what_comes():
    """The caller has no word for one."""
    fit = fitted("apiin-one", say("any", "elevenlabs-v3", format=WAV))

    assert (fit.source, fit.wanted) == (MP3, WAV)


@pytest.mark.parametrize(("model", "is_taken"), [("suno", False), ("chirp-v5-5", False), ("minimax-music", True)])
def test_only_sunos_description_is_bounded(model: str, *, is_taken: bool):
    """At 400 characters; how many the other model takes is not documented."""
    assert fitted("apiin-one", described(model, 400))
    if is_taken:
        assert fitted("apiin-one", described(model, 401))
    else:
        with pytest.raises(Cannot, match="400 characters"):
            fitted("apiin-one", described(model, 401))


def described(model: str, length: int) -> Case:
    call = SoundCall(kind="music", model=model, text="a" * length, format=MP3)
    return Case(name="music-any", model=model, call=call)


@pytest.mark.parametrize(
    ("model", "kept", "dropped"),
    [
        ("suno", {"title", "tags"}, {"bitrate", "sample_rate", "style", "custom_mode", "audio_id"}),
        ("minimax-music", {"bitrate", "sample_rate"}, {"title", "tags"}),
    ],
)
def test_a_field_of_another_model_is_dropped(model: str, kept: set[str], dropped: set[str]):
    """Titles are Suno's, rates the other's."""
    fit = fitted("apiin-one", sing("any", model, extras=dict.fromkeys(kept | dropped, 1)))

    assert (set(fit.extras), set(fit.dropped)) == (kept, dropped)
