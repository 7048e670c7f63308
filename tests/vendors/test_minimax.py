"""MiniMax. Evidence: the vendor's reference of T2A v2 and of music, and its error codes, as read on 2026-11-20.

There is no official SDK, so requests are compared with what the reference says, written out here. Replies have its
fields, errors its codes; each file says what of it is made up.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from router.routing.fit import Cannot
from router.upstream.answers import read_answer
from router.vendors.spec import Unit
from router.wire.audio import FLAC, MP3, OPUS, PCM, WAV
from router.wire.calls import SoundCall, SpeechCall
from router.wire.faults import Fault, Kind
from tests.vendors.evidence import (
    TEXT,
    Answered,
    Case,
    Reply,
    Request,
    facts_of,
    fitted,
    key_of,
    our_request,
    say,
    sound,
)
from tests.vendors.promises import AnswerPromises, Reading, Refusal

TURBO = "speech-2.8-turbo"
NARRATOR = {"voice_id": "English_expressive_narrator"}
MAN = {"voice_id": "English_Persuasive_Man"}
AUDIO = b"ID3 and then the sound"
BILLED = {Unit.CHARACTER: 18.0}
EXTRAS = {
    "pronunciation_dict": {"tone": ["omg/oh my god"]},
    "language_boost": "English",
    "voice_modify": {"pitch": 20, "sound_effects": "lofi_telephone"},
}
WITHIN = {"vol": 2, "pitch": -3, "emotion": "calm"}

REQUESTS = [
    (say("plain", TURBO), {"voice_setting": NARRATOR, "audio_setting": {"format": "mp3"}}),
    (
        say("tuned", TURBO, voice="onyx", speed=1.25),
        {"voice_setting": {**MAN, "speed": 1.25}, "audio_setting": {"format": "mp3"}},
    ),
    (
        say("own-voice", TURBO, voice="Chinese (Mandarin)_Lyrical_Voice", format=FLAC),
        {"voice_setting": {"voice_id": "Chinese (Mandarin)_Lyrical_Voice"}, "audio_setting": {"format": "flac"}},
    ),
    (
        say("pcm", TURBO, format=PCM),
        {"voice_setting": NARRATOR, "audio_setting": {"format": "pcm", "sample_rate": 24_000, "channel": 1}},
    ),
    (
        say("extras", TURBO, extras=EXTRAS),
        {"voice_setting": NARRATOR, "audio_setting": {"format": "mp3"}, **EXTRAS},
    ),
    (
        say("within", TURBO, voice="ash", speed=0.75, extras={"voice_setting": WITHIN}),
        {"voice_setting": {**WITHIN, **MAN, "speed": 0.75}, "audio_setting": {"format": "mp3"}},
    ),
    (
        say("bitrate", TURBO, extras={"audio_setting": {"bitrate": 64_000, "sample_rate": 44_100}}),
        {
            "voice_setting": NARRATOR,
            "audio_setting": {"format": "mp3", "bitrate": 64_000, "sample_rate": 44_100},
        },
    ),
    (
        say("renamed", TURBO, format=PCM, extras={"voice_setting": MAN, "audio_setting": {"sample_rate": 8_000}}),
        {"voice_setting": NARRATOR, "audio_setting": {"format": "pcm", "sample_rate": 24_000, "channel": 1}},
    ),
]

SONG = "music-3.0"
SUNG = "[Verse]\nOf the moon."
SONGS = [
    (sound("plain", SONG, kind="music"), {"lyrics_optimizer": True}),
    (sound("older", "music-2.6", kind="music"), {"lyrics_optimizer": True}),
    (sound("lyrics", SONG, kind="music", lyrics=SUNG), {"lyrics": SUNG}),
    (sound("sung", SONG, kind="music", instrumental=False), {"is_instrumental": False, "lyrics_optimizer": True}),
    (sound("instrumental", SONG, kind="music", instrumental=True), {"is_instrumental": True}),
    (
        sound(
            "extras",
            SONG,
            kind="music",
            lyrics=SUNG,
            extras={
                "aigc_watermark": True,
                "audio_setting": {"sample_rate": 44_100, "bitrate": 256_000, "format": "pcm"},
            },
        ),
        {
            "lyrics": SUNG,
            "aigc_watermark": True,
            "audio_setting": {"sample_rate": 44_100, "bitrate": 256_000, "format": "mp3"},
        },
    ),
    (
        sound("closed", SONG, kind="music", lyrics=SUNG, extras={"stream": True, "output_format": "url"}),
        {"lyrics": SUNG},
    ),
    (
        sound("cover", SONG, kind="music", lyrics=SUNG, extras={"audio_base64": "SUQz", "cover_feature_id": "f1"}),
        {"lyrics": SUNG},
    ),
]

READINGS = [
    Reading("speech-plain", units=BILLED, audio=AUDIO),
    Reading("speech-repeated", units=BILLED, audio=AUDIO),
    Reading("music-plain", audio=AUDIO),
]

REFUSALS = [
    Refusal("invalid-key", Kind.KEY, "invalid api key", "2049"),
    Refusal("no-credit", Kind.QUOTA, "insufficient balance", "1008"),
    Refusal("throttled", Kind.BUSY, "rate limit", "1002"),
    Refusal("server-error", Kind.FAILED, "system error", "1033"),
    Refusal("bare", Kind.FAILED, "upstream connect error"),
]

IN_A_STREAM = [
    *((code, Kind.FAILED) for code in (1000, 1001, 1024, 1033)),
    *((code, Kind.BUSY) for code in (1002, 1039, 1041)),
    *((code, Kind.KEY) for code in (1004, 2049)),
    *((code, Kind.QUOTA) for code in (1008, 1028, 1030)),
    *((code, Kind.BLOCKED) for code in (1026, 1027)),
    *((code, Kind.INPUT) for code in (1042, 2013, 20132)),
    (2061, Kind.NO_MODEL),
]


class TestMiniMax(AnswerPromises):
    vendor = "minimax"
    readings = READINGS
    refusals = REFUSALS


@pytest.mark.parametrize(("case", "settings"), REQUESTS, ids=[case.name for case, _ in REQUESTS])
def test_the_request_is_that_of_the_reference(case: Case, settings: dict[str, Any]):
    """A stream without the repetition; voice, speed, format and rate are the call's, all else is the client's."""
    stream = {"stream": True, "stream_options": {"exclude_aggregated_audio": True}}
    body = {"model": TURBO, "text": TEXT, **stream, **settings}
    auth = {"authorization": f"Bearer {key_of('minimax')}"}

    assert Request("POST", "/v1/t2a_v2", [], auth, "application/json", {"json": body}) == our_request("minimax", case)


@pytest.mark.parametrize(("case", "fields"), SONGS, ids=[case.name for case, _ in SONGS])
def test_a_song_has_lyrics_gets_some_or_needs_none(case: Case, fields: dict[str, Any]):
    """The reference wants one of the three; where the call says nothing of it, the vendor writes the lyrics."""
    body = {"model": case.model, "prompt": TEXT, "audio_setting": {"format": "mp3"}, **fields}
    auth = {"authorization": f"Bearer {key_of('minimax')}"}

    assert Request("POST", "/v1/music_generation", [], auth, "application/json", {"json": body}) == our_request(
        "minimax", case
    )


# ------------------------------------------------------------------ songs


@pytest.mark.parametrize(("code", "kind"), [(1008, Kind.QUOTA), (1026, Kind.BLOCKED), (2013, Kind.INPUT)])
async def test_an_error_instead_of_a_song_has_its_kind(code: int, kind: Kind):
    """Of the same codes as in speech, in a 200 as well."""
    with pytest.raises(Fault) as caught:
        await sung({"data": None, "trace_id": "t", "base_resp": {"status_code": code, "status_msg": "no such luck"}})

    assert (caught.value.kind, caught.value.message, caught.value.code) == (kind, "no such luck", str(code))


@pytest.mark.parametrize(
    "data",
    [None, {}, {"status": 2}, {"status": 2, "audio": "no hex"}, {"status": 1, "audio": "4944"}],
    ids=["no data", "nothing", "no audio", "no hex", "not finished"],
)
async def test_a_song_that_is_not_what_was_due_is_garbled(data: dict[str, Any] | None):
    """Nobody gets a part of the song for the whole of it."""
    with pytest.raises(Fault) as caught:
        await sung({"data": data, "base_resp": {"status_code": 0, "status_msg": "success"}})

    assert caught.value.kind is Kind.GARBLED


async def sung(body: dict[str, Any]) -> None:
    """What is made of this answer to a call for music."""
    facts = facts_of("minimax")
    assert facts.music
    reply = Reply(source="made up", headers={"content-type": "application/json"}, body=body)
    await read_answer(Answered(reply), facts.music, facts, {}, frozenset())


# ------------------------------------------------------------------ streams


@pytest.mark.parametrize(("code", "kind"), IN_A_STREAM)
async def test_an_error_in_a_success_has_its_kind(code: int, kind: Kind):
    """The status is 200 whatever went wrong, and the only event says what."""
    with pytest.raises(Fault) as caught:
        await heard({"data": None, "trace_id": "t", "base_resp": {"status_code": code, "status_msg": "no such luck"}})

    assert (caught.value.kind, caught.value.message, caught.value.code) == (kind, "no such luck", str(code))


async def test_an_error_after_some_audio_is_an_error():
    """What came before is not taken for the whole."""
    with pytest.raises(Fault) as caught:
        await heard(chunk("4944"), {"data": None, "base_resp": {"status_code": 1027, "status_msg": "sensitive"}})

    assert caught.value.kind is Kind.BLOCKED


@pytest.mark.parametrize(
    "events",
    [
        [{"data": {"audio": "4944", "status": 1}}],
        [{"data": {"audio": "no hex", "status": 1}}],
        [{"data": {"status": 1}}],
        [{"trace_id": "t"}],
    ],
    ids=["cut off", "no hex", "no audio", "no data"],
)
async def test_a_stream_that_is_not_what_was_due_is_garbled(events: list[dict[str, Any]]):
    """Nobody gets half of the speech for the whole of it."""
    with pytest.raises(Fault) as caught:
        await heard(*events)

    assert caught.value.kind is Kind.GARBLED


def chunk(audio: str) -> dict[str, Any]:
    return {"data": {"audio": audio, "status": 1}, "base_resp": {"status_code": 0, "status_msg": "success"}}


async def heard(*events: dict[str, Any]) -> bytes:
    """The audio of a stream of these events."""
    body = "".join(f"data: {msgspec.json.encode(event).decode()}\n\n" for event in events)
    facts = facts_of("minimax")
    assert facts.speech
    reply = Reply(source="made up", headers={"content-type": "text/event-stream"}, body=body)
    answer = await read_answer(Answered(reply), facts.speech, facts, {}, frozenset())
    assert answer.audio
    return b"".join([part async for part in answer.audio])


# ------------------------------------------------------------------ what it can do


@pytest.mark.parametrize(("speed", "sent"), [(0.25, 0.5), (4, 2)])
def test_the_speed_is_clamped(speed: float, sent: float):
    """And the client is told."""
    case = say("any", TURBO, speed=speed)

    assert our_request("minimax", case).body["json"]["voice_setting"]["speed"] == sent
    assert fitted("minimax", case).dropped == (f"speed={sent:g}",)


@pytest.mark.parametrize("wanted", [OPUS, WAV])
def test_what_is_not_known_to_stream_is_made_from_samples(wanted):
    """Wav comes whole only, and of opus nobody says how it comes."""
    fit = fitted("minimax", say("any", TURBO, format=wanted))

    assert (fit.source, fit.wanted) == (PCM, wanted)


def test_a_text_is_cut_below_ten_thousand_characters():
    """The vendor takes fewer than that."""
    assert [fitted("minimax", long(length)).longest for length in (9_999, 10_000)] == [None, 9_999]


def long(length: int) -> Case:
    return Case(name="speech-any", model=TURBO, call=SpeechCall(model=TURBO, text="a" * length, voice="x", format=MP3))


@pytest.mark.parametrize("wanted", [FLAC, PCM, OPUS, WAV])
def test_a_song_in_another_format_is_made_from_mp3(wanted):
    """As samples in hexadecimal a song would be more than is taken in one document."""
    fit = fitted("minimax", sound("any", SONG, kind="music", format=wanted))

    assert (fit.source, fit.wanted) == (MP3, wanted)


def test_a_song_is_not_described_in_more_than_two_thousand_characters():
    """The vendor takes no more, and half a description makes another song."""
    call = SoundCall(kind="music", model=SONG, text="a" * 2_001, format=MP3)
    with pytest.raises(Cannot, match="2,000"):
        fitted("minimax", Case(name="music-long", model=SONG, call=call))


def test_women_and_men_keep_their_voices():
    """As far as the names of the vendor's voices tell; alloy and fable are the narrator's."""
    speech = facts_of("minimax").speech
    assert speech
    genders = {name: speech.cast[own].gender for name, own in speech.voices.items()}

    assert genders == {
        **dict.fromkeys(("ash", "ballad", "cedar", "echo", "onyx", "verse"), "male"),
        **dict.fromkeys(("coral", "marin", "nova", "sage", "shimmer"), "female"),
        "*": None,
    }
