"""Stability AI. Evidence: resellers' copies of the vendor's reference and clients of others, as read on 2026-11-20.

There is no official SDK, so requests are compared with what the reference says, written out here. Replies have its
headers, errors its names; each file says what of it is made up.
"""

from __future__ import annotations

from base64 import b64encode

import pytest

from router.routing.fit import Cannot
from router.routing.pricing import estimate
from router.upstream.answers import read_answer
from router.wire.audio import FLAC, MP3, WAV, Format
from router.wire.calls import SoundCall
from router.wire.faults import Fault, Kind
from tests.vendors.evidence import (
    TEXT,
    Answered,
    Case,
    Reply,
    Request,
    dressed,
    facts_of,
    fitted,
    key_of,
    our_request,
    sound,
)
from tests.vendors.promises import AnswerPromises, Reading, Refusal

LATEST = "stable-audio-2.5"
OLDER = "stable-audio-2"

REQUESTS = [
    (sound("plain", LATEST), {"output_format": "mp3"}),
    (sound("plain", OLDER, kind="music", format=WAV), {"output_format": "wav"}),
    (
        sound("tuned", LATEST, kind="music", duration=47.5, seed=7),
        {"output_format": "mp3", "duration": "47.5", "seed": "7"},
    ),
    (
        sound("extras", OLDER, extras={"steps": 80, "cfg_scale": 6.5}),
        {"output_format": "mp3", "steps": "80", "cfg_scale": "6.5"},
    ),
    (sound("dropped", LATEST, instrumental=True), {"output_format": "mp3"}),
]


class TestStability(AnswerPromises):
    vendor = "stability"
    readings = (Reading("sound-plain"), Reading("music-plain"))
    refusals = (
        Refusal("bad-request", Kind.INPUT, "duration: must be between 1 and 190", "bad_request"),
        Refusal("invalid-key", Kind.KEY, "missing or invalid authorization header", "unauthorized"),
        Refusal("no-credit", Kind.QUOTA, "you lack sufficient credits to make this request", "payment_required"),
        Refusal(
            "moderated",
            Kind.BLOCKED,
            "your request was flagged by our content moderation system",
            "content_moderation",
        ),
        Refusal("too-large", Kind.INPUT, "the request is larger than 10 MB", "payload_too_large"),
        Refusal("unprocessable", Kind.INPUT, "the request was well-formed, but rejected", "unprocessable"),
        Refusal(
            "throttled",
            Kind.BUSY,
            "you have exceeded the rate limit of 150 requests within 10 seconds",
            "rate_limit_exceeded",
        ),
        Refusal("server-error", Kind.FAILED, "an unexpected server error has occurred", "internal_error"),
        Refusal("bare", Kind.FAILED, "upstream connect error"),
    )


@pytest.mark.parametrize(("case", "fields"), REQUESTS, ids=[f"{case.name}-{case.model}" for case, _ in REQUESTS])
def test_the_request_is_that_of_the_reference(case: Case, fields: dict[str, str]):
    """One address for every model, and a form although there is no file in it."""
    form = sorted([name, value] for name, value in {"prompt": TEXT, "model": case.model, **fields}.items())
    auth = {"authorization": f"Bearer {key_of('stability')}"}
    path = "/v2beta/audio/stable-audio-2/text-to-audio"

    assert Request("POST", path, [], auth, "multipart/form-data", {"form": form}) == our_request("stability", case)


def test_audio_is_asked_for_as_it_is():
    """Not as base64 in JSON, which would have to be whole before any of it goes out."""
    assert dressed(fitted("stability", sound("any", LATEST))).headers["accept"] == "audio/*"


async def test_a_filtered_answer_is_no_success():
    """The status is 200 and the body is audio; the header alone says that it is not what was asked for."""
    facts = facts_of("stability")
    assert facts.sound
    headers = {"content-type": "audio/mpeg", "finish-reason": "CONTENT_FILTERED"}
    reply = Reply(source="made up", headers=headers, body=b64encode(b"ID3 and then silence").decode())
    with pytest.raises(Fault) as caught:
        await read_answer(Answered(reply), facts.sound, facts, {}, frozenset())

    assert (caught.value.kind, caught.value.code) == (Kind.BLOCKED, "CONTENT_FILTERED")


# ------------------------------------------------------------------ what it can do


@pytest.mark.parametrize(("wanted", "source"), [(MP3, MP3), (WAV, WAV), (FLAC, WAV)])
def test_what_it_does_not_give_is_made_from_wav(wanted: Format, source: Format):
    """Of its two formats the one that has lost nothing."""
    assert fitted("stability", sound("any", LATEST, format=wanted)).source == source


def test_a_seed_is_clamped():
    """And the client is told."""
    fit = fitted("stability", sound("any", LATEST, seed=2**40))

    assert (fit.ask.seed, len(fit.dropped)) == (4_294_967_294, 1)


def test_a_description_is_not_cut():
    """Half a description makes another sound: what is too long goes elsewhere."""
    call = SoundCall(kind="sound", model=LATEST, text="a" * 10_001, format=MP3)
    with pytest.raises(Cannot, match="10,000"):
        fitted("stability", Case(name="sound-long", model=LATEST, call=call))


@pytest.mark.parametrize(
    ("case", "usd"),
    [
        (sound("any", LATEST), 0.20),
        (sound("any", LATEST, extras={"steps": 4}), 0.20),
        (sound("any", OLDER), 0.20),
        (sound("any", OLDER, kind="music", extras={"steps": 100}), 0.23),
        (sound("any", "a-new-model"), None),
    ],
    ids=["flat", "flat whatever the steps", "usual steps", "most steps", "unknown"],
)
def test_the_older_model_costs_by_its_steps(case: Case, usd: float | None):
    """17 credits and 0.06 for each step, about 20 to 23 in all; the newer one costs 20, whatever it does."""
    cost = estimate(fitted("stability", case))

    assert (cost and cost.usd) == (usd and pytest.approx(usd))
