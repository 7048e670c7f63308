"""AI/ML API. Evidence: the vendor's own OpenAPI document is the judge of every request and of each reply that is its.

Requests are written out here as well, whole, for the document takes more than what we mean, and is not always at hand:
what is asked for holds without it. What only the samples show (an upload as a form, an address inside an object,
`result`, `waiting`) is in replies that say so.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
from jsonschema import ValidationError

from router.routing.fit import Cannot
from router.routing.pricing import estimate
from router.vendors.spec import Sound, Unit
from router.wire.audio import FLAC, MP3, OPUS, PCM, WAV
from router.wire.faults import Kind
from router.wire.transcripts import Segment, Transcript, Word
from tests.vendors.described import Described, described, needs_specs
from tests.vendors.evidence import (
    AUDIO,
    TEXT,
    Case,
    Request,
    facts_of,
    fitted,
    hear,
    key_of,
    names_of,
    our_request,
    say,
    sound,
    telling,
)
from tests.vendors.evidence import reply_of as reply_named
from tests.vendors.journeys import Step, journey_of
from tests.vendors.promises import JobPromises, Reading, Refusal, Way
from tests.vendors.subjects import operations

DOCUMENT = "aimlapi.json"
DESCRIBED = "the vendor's OpenAPI document"
BASE = "https://api.aimlapi.com"
WAVE = b"RIFF\x24\x00\x00\x00WAVEfmt \x10\x00\x00\x00 and then the sound"
MPEG = b"ID3 and then the sound"

NOVA = Transcript(
    text="He doesn't.", duration=11.4, words=[Word("He", 0.32, 0.4, "0"), Word("doesn't.", 0.4, 0.8, "1")]
)
UNIVERSAL = Transcript(
    text="He doesn't.",
    language="en_us",
    duration=11,
    words=[Word("He", 0.4, 0.52, "A"), Word("doesn't.", 0.52, 0.88, "A")],
    segments=[Segment("He doesn't.", 0.4, 0.88, "A")],
)
GPT = Transcript(text="He doesn't belong to you.")

LYRICS = "[Verse]\nStreetlights flicker"
ELEVEN_MUSIC = "elevenlabs/eleven_music"
WAYS = [
    Way(sound("stable", "stable-audio", kind="music", duration=5), audio=WAVE, units={Unit.CREDIT: 25_200}),
    Way(sound("stable", "stable-audio", duration=4.2), audio=WAVE, units={Unit.CREDIT: 25_200}),
    Way(sound("older", "stable-audio", kind="music", extras={"steps": 50}), audio=WAVE),
    Way(sound("waiting", "google/lyria2", kind="music", seed=7), audio=WAVE),
    Way(sound("at-once", "minimax/music-2.6", kind="music", lyrics=LYRICS), audio=MPEG, units={Unit.CREDIT: 390_000}),
    Way(sound("failed", ELEVEN_MUSIC, kind="music", duration=20), fault=Kind.FAILED),
    Way(sound("unknown", ELEVEN_MUSIC, kind="music", duration=20), fault=Kind.FAILED),
    Way(sound("nameless", ELEVEN_MUSIC, kind="music", duration=20), fault=Kind.GARBLED),
    Way(say("address", "openai/tts-1"), audio=MPEG, units={Unit.CREDIT: 120_000}),
    Way(say("object", "hume/octave-2", format=WAV), audio=WAVE, units={Unit.CREDIT: 12_222}),
    Way(say("elsewhere", "openai/tts-1"), fault=Kind.GARBLED),
    Way(hear("nova", "nova-3-general"), transcript=NOVA),
    Way(hear("universal", "aai/universal", "words segments speakers", language="en"), transcript=UNIVERSAL),
    Way(hear("gpt", "openai/gpt-4o-transcribe", language="de", prompt="Wise words.", temperature=0.5), transcript=GPT),
    Way(hear("failed", "microsoft/mai-transcribe-1.5"), fault=Kind.FAILED),
]

ANONYMOUS = Transcript(
    text=NOVA.text, duration=11.4, words=[Word(word.text, word.start, word.end) for word in NOVA.words]
)
READINGS = [
    Reading("speech-plain"),
    Reading("sound-plain"),
    Reading("music-plain"),
    Reading("transcription-nova", NOVA),
    Reading("transcription-described", ANONYMOUS),
    Reading("transcription-universal", UNIVERSAL),
    Reading("transcription-silence", Transcript(text="", language="en_us", duration=1)),
    Reading("transcription-gpt", GPT),
]

INVALID = "Body validation error! Invalid enum value. Expected 'alloy' | 'ash', received 'nobody'"
FREE = "Free-tier limit: You've reached your free limit for the hour."
REFUSALS = [
    Refusal("bad-value", Kind.INPUT, INVALID, "400"),
    Refusal("invalid-key", Kind.KEY, "Unauthorized", "401"),
    Refusal("no-credit", Kind.QUOTA, "Forbidden", "403"),
    Refusal("no-model", Kind.NO_MODEL, "Not Found", "404"),
    Refusal("throttled", Kind.BUSY, FREE, "429"),
    Refusal("server-error", Kind.FAILED, "Internal Server Error", "500"),
    Refusal("unavailable", Kind.FAILED, "Service Unavailable", "503"),
    Refusal("too-slow", Kind.FAILED, "Gateway Timeout", "504"),
    Refusal("bare", Kind.FAILED, "<html>Bad Gateway</html>"),
]


class TestAimlApi(JobPromises):
    vendor = "aimlapi"
    readings = READINGS
    refusals = REFUSALS
    ways = WAYS


# ------------------------------------------------------------------ requests

SPOKEN = [
    (
        say("styled", "openai/gpt-4o-mini-tts", voice="marin", format=FLAC, speed=1.25, instructions="Warmly."),
        {"voice": "coral", "response_format": "flac", "speed": 1.25, "style": "Warmly."},
    ),
    (
        say("eleven", "elevenlabs/eleven_turbo_v2_5", voice="Gigi", format=PCM, speed=0.9, extras={"seed": 7}),
        {"voice": "Gigi", "output_format": "pcm_24000", "voice_settings": {"speed": 0.9}, "seed": 7},
    ),
    (
        say("between", "elevenlabs/eleven_multilingual_v2", extras={"previous_text": "So.", "next_text": "Or?"}),
        {"voice": "Sarah", "output_format": "mp3_44100_128", "previous_text": "So.", "next_text": "Or?"},
    ),
    (
        say("within", "elevenlabs/v3_alpha", speed=9, extras={"voice_settings": {"stability": 0.3, "speed": 1}}),
        {"voice": "Sarah", "output_format": "mp3_44100_128", "voice_settings": {"stability": 0.3, "speed": 1.2}},
    ),
    (
        say("minimax", "minimax/speech-2.8-hd", voice="onyx", speed=1.5, extras={"voice_modify": {"pitch": 20}}),
        {
            "voice_setting": {"voice_id": "Deep_Voice_Man", "speed": 1.5},
            "audio_setting": {"format": "mp3"},
            "voice_modify": {"pitch": 20},
        },
    ),
    (say("aura", "deepgram/aura-2", voice="nova"), {"voice": "andromeda", "encoding": "mp3"}),
    (say("inworld", "inworld/tts-1-5-max", voice="Pixie", format=WAV), {"voice": "Pixie", "format": "wav"}),
    (
        say("mai", "microsoft/mai-voice-2", voice="nova", extras={"temperature": 0.5}),
        {"voice": "en-US-AriaNeural", "response_format": "mp3", "temperature": 0.5},
    ),
]
SONG = {"audio_setting": {"format": "mp3"}}
MADE = [
    (sound("bare", "stable-audio"), {}),
    (
        sound("part", "stable-audio", duration=2.1, extras={"seconds_start": 1}),
        {"seconds_total": 3, "seconds_start": 1},
    ),
    (sound("lyria", "google/lyria2", kind="music", extras={"negative_prompt": "x"}), {"negative_prompt": "x"}),
    (sound("eleven", ELEVEN_MUSIC, kind="music", duration=10.0005), {"music_length_ms": 10_001}),
    (sound("short", ELEVEN_MUSIC, kind="music", duration=3), {"music_length_ms": 10_000}),
    (sound("sung", "minimax/music-1.5", kind="music", lyrics=LYRICS), {**SONG, "lyrics": LYRICS}),
    (
        sound("wav", "minimax/music-2.0", kind="music", lyrics=LYRICS, format=WAV),
        {"audio_setting": {"format": "wav"}, "lyrics": LYRICS},
    ),
    (sound("unsung", "minimax/music-2.6", kind="music"), {**SONG, "lyrics_optimizer": True}),
    (sound("tune", "minimax/music-2.6", kind="music", instrumental=True), {**SONG, "is_instrumental": True}),
]
HEARD = [
    (hear("plain", "nova-3"), {"detect_language": "true"}),
    (hear("german", "whisper-large", language="de-AT"), {"language": "de"}),
    (hear("parts", "nova-3", "segments"), {"detect_language": "true"}),
    (hear("who", "nova-2-general", "words speakers"), {"detect_language": "true", "diarize": "true"}),
    (
        hear("extras", "nova-3", extras={"numerals": "true", "keyterm": "Kaffee", "redact": "pci"}),
        {"detect_language": "true", "numerals": "true", "keyterm": "Kaffee", "redact": "pci"},
    ),
    (hear("slam", "slam-1", "segments"), {"speaker_labels": "true"}),
    (hear("slam-who", "slam-1", "speakers", language="German"), {"speaker_labels": "true", "language_code": "de"}),
    (
        hear("guessed", "aai/universal", extras={"audio_start_from": "500", "word_boost": '["Kaffee"]'}),
        {"language_detection": "true", "audio_start_from": "500", "word_boost": '["Kaffee"]'},
    ),
    (hear("mai", "microsoft/mai-transcribe-1.5", temperature=2), {"temperature": "2"}),
    (
        hear("gpt-4o", "openai/gpt-4o-transcribe", language="de-AT", prompt="Wise."),
        {"language": "de", "prompt": "Wise."},
    ),
]
REQUESTS: list[tuple[Case, dict[str, Any]]] = [
    *((case, {"text": TEXT, "stream": False, **fields}) for case, fields in SPOKEN),
    *((case, {"prompt": TEXT, **fields}) for case, fields in MADE),
    *HEARD,
]
ALL = [case for case, _ in REQUESTS]
MADE_AT = "/v2/generate/audio"
PATHS = {"speech": "/v1/tts", "sound": MADE_AT, "music": MADE_AT, "transcription": "/v1/stt/create"}
LEFT_OUT = {"keywords", "diarize_version", "language_detection"}  # the last at slam-1; as the vendor file says
RECORDING = b"".join(AUDIO.chunks())
UPLOAD = {
    "filename": "speech.wav",
    "content_type": "audio/wav",
    "bytes": len(RECORDING),
    "sha256": sha256(RECORDING).hexdigest(),
}


@pytest.mark.parametrize(("case", "fields"), REQUESTS, ids=[case.name for case in ALL])
def test_the_request_says_what_is_meant(case: Case, fields: dict[str, Any]):
    """Each model is asked in its own words, and nothing is said for which it has none."""
    auth = {"authorization": f"Bearer {key_of('aimlapi')}"}
    said: dict[str, Any] = {"model": case.model, **fields}
    kind, body = "application/json", {"json": said}
    if case.kind == "transcription":
        said["file" if case.model.startswith("openai/") else "audio"] = UPLOAD
        kind, body = "multipart/form-data", {"form": [[name, said[name]] for name in sorted(said)]}

    assert Request("POST", PATHS[case.kind], [], auth, kind, body) == our_request("aimlapi", case)


@needs_specs
@pytest.mark.parametrize("case", ALL, ids=[case.name for case in ALL])
def test_the_request_is_as_described(case: Case):
    """Every field that is sent is one that the vendor's document has for that model, and holds what it may hold."""
    described(DOCUMENT).check_request(our_request("aimlapi", case))


@needs_specs
def test_every_model_is_described():
    """The plainest call of each row, with each voice: there is no model, voice or format that the document lacks."""
    for kind, operation in operations("aimlapi"):
        for model, row in operation.models.items():
            for case in plainest(kind, model, row.voices or {}, sings="lyrics" in (row.honours or {})):
                described(DOCUMENT).check_request(our_request("aimlapi", case))


@needs_specs
def test_every_field_is_sent_offered_or_closed():
    """Of what the document has for a model nothing is forgotten, and no client is offered what it does not have."""
    closed = facts_of("aimlapi").closed
    for kind, operation in operations("aimlapi"):
        for model in operation.models:
            theirs, (case, *_) = fields_of(PATHS[kind], model), plainest(kind, model, {"alloy": "alloy"}, sings=False)
            fit = fitted("aimlapi", case)
            draft, offered = telling(fit), fit.operation.extras
            sent = {*(draft.json or draft.form or {})}

            assert offered <= theirs, model
            assert theirs <= sent | offered | closed | LEFT_OUT, model


def fields_of(path: str, model: str) -> set[str]:
    """What the document names for that model."""
    body = described(DOCUMENT).document["paths"][path]["post"]["requestBody"]
    schema = body["content"]["application/json"]["schema"]
    every = [one["properties"] for one in schema.get("oneOf") or schema["anyOf"]]
    return {name for fields in every if model in fields["model"]["enum"] for name in fields}


def plainest(kind: Any, model: str, voices: Any, *, sings: bool) -> list[Case]:
    if kind == "speech":
        return [say("any", model, voice=own) for own in {*voices.values()}]
    if kind == "transcription":
        return [hear("any", model)]
    return [sound("any", model, kind=kind, lyrics=LYRICS if sings else None)]


# ------------------------------------------------------------------ steps and replies


@needs_specs
@pytest.mark.parametrize("name", sorted(names_of("aimlapi", "journey")))
def test_the_steps_are_as_described(name: str):
    """What is asked at the vendor is in its document, and so is each answer that says it is from there."""
    for step in journey_of("aimlapi", name).steps:
        if step.url.startswith(BASE):
            described(DOCUMENT).check_request(asked(step))
            if step.reply.source.startswith(DESCRIBED):
                described(DOCUMENT).check_reply(step.method, urlsplit(step.url).path, step.reply)


@needs_specs
@pytest.mark.parametrize("name", ["described", "universal", "gpt"])
def test_the_transcript_is_as_described(name: str):
    """Deepgram's, AssemblyAI's and OpenAI's own answers, as the document has them."""
    reply = reply_named("aimlapi", f"transcription-{name}")

    assert reply.source.startswith(DESCRIBED)
    described(DOCUMENT).check_reply("GET", "/v1/stt/any", reply)


def asked(step: Step) -> Request:
    url, body = urlsplit(step.url), step.body or {"raw": {"bytes": 0}}
    kind = {"json": "application/json", "form": "multipart/form-data", "raw": ""}[next(iter(body))]
    return Request(step.method, url.path, parse_qsl(url.query), {}, kind, body)


# ------------------------------------------------------------------ the judge itself

SCHEMA = {
    "type": "object",
    "required": ["model"],
    "properties": {
        "model": {"type": "string", "enum": ["a"]},
        "file": {"type": "object", "format": "binary", "properties": {"buffer": {}}},
        "note": {"type": "string", "nullable": True},
        "share": {"type": "number", "minimum": 0, "exclusiveMinimum": True},
        "setting": {"oneOf": [{"type": "object", "properties": {"rate": {"$ref": "#/components/schemas/rate"}}}]},
        "free": {"type": "object"},
    },
}
GROUND = Described(
    {
        "servers": [{"url": "https://api.invalid/v9"}],
        "components": {"schemas": {"rate": {"type": "integer"}}},
        "paths": {
            "/things/{id}": {
                "parameters": [{"name": "at", "in": "query", "required": True, "schema": {"type": "integer"}}],
                "post": {
                    "requestBody": {"content": {"application/json": {"schema": {"oneOf": [SCHEMA, SCHEMA]}}}},
                    "responses": {"200": {"content": {"application/json": {"schema": SCHEMA}}}},
                },
            }
        },
    }
)
AT = [("at", "5")]


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"model": "a", "note": None, "share": 0.1, "setting": {"rate": 3}, "free": {"any": 1}}},
        {"form": [["file", {"filename": "a.wav"}], ["model", "a"], ["share", "0.5"]]},
    ],
    ids=["json", "form"],
)
def test_what_is_described_passes(body: dict[str, Any]):
    """Null where it may be, any field of an object that names none, an upload, a form's numbers; at a server's path."""
    GROUND.check_request(Request("POST", "/v9/things/7", AT, {}, f"application/{next(iter(body))}", body))


@pytest.mark.parametrize(
    "body",
    [
        {"note": "x"},
        {"model": "b"},
        {"model": "a", "nothing": 1},
        {"model": "a", "setting": {"rat": 3}},
        {"model": "a", "setting": {"rate": "3"}},
        {"model": "a", "share": 0},
        {"model": None},
        {"model": "a", "file": "no upload"},
    ],
    ids=["required", "enum", "unnamed", "unnamed within", "type within", "exclusive", "null", "no upload"],
)
def test_what_is_not_described_is_found(body: dict[str, Any]):
    """The judge can say no: of a field that is missing, wrong, or that nobody has heard of, at any depth."""
    with pytest.raises(ValidationError):
        GROUND.check_request(Request("POST", "/things/7", AT, {}, "application/json", {"json": body}))


@pytest.mark.parametrize(
    ("method", "path", "query"),
    [
        ("PUT", "/things/7", AT),
        ("POST", "/things", AT),
        ("POST", "/things/7", []),
        ("POST", "/things/7", [*AT, ("x", "y")]),
    ],
    ids=["method", "path", "no query", "unnamed query"],
)
def test_a_place_that_is_not_described_is_found(method: str, path: str, query: list[tuple[str, str]]):
    """Nor may a request go where the document has nothing, or say in the query what is not there."""
    with pytest.raises(AssertionError):
        GROUND.check_request(Request(method, path, query, {}, "application/json", {"json": {"model": "a"}}))


# ------------------------------------------------------------------ what it can do


def test_a_step_costs_what_it_says():
    """252 credits each, a hundred of them where nobody says how many; two million credits are a dollar."""
    plain, fewer = (sound("any", "stable-audio", extras=extras) for extras in ({}, {"steps": 10}))

    costs = [estimate(fitted("aimlapi", case)) for case in (plain, fewer)]

    assert [cost and cost.usd for cost in costs] == pytest.approx([0.0126, 0.00126])


def test_what_others_cost_is_known_when_they_say_so():
    """Nobody documents it beforehand, and unknown is not free."""
    assert estimate(fitted("aimlapi", say("any", "openai/tts-1"))) is None


@pytest.mark.parametrize(
    ("model", "wanted", "source"),
    [("openai/tts-1", OPUS, WAV), ("deepgram/aura-2", PCM, FLAC), ("hume/octave-2", FLAC, WAV)],
)
def test_what_is_not_native_is_made(model: str, wanted: Any, source: Any):
    """From what loses nothing, where the model has such."""
    fit = fitted("aimlapi", say("any", model, format=wanted))

    assert (fit.source, fit.wanted) == (source, wanted)


@pytest.mark.parametrize(("kind", "model"), [("sound", "stable-audio"), ("music", "google/lyria2")])
def test_a_file_comes_as_it_is_documented(kind: Any, model: str):
    """Wav, whatever the caller wants; an mp3 is made from it."""
    operation: Sound = getattr(facts_of("aimlapi"), kind)

    assert [*operation.formats] == [WAV]
    assert fitted("aimlapi", sound("any", model, kind=kind, format=MP3)).source == WAV


def test_each_voice_speaks_as_its_own_model_does():
    """Every model says its formats and its voices: those of the operation are nobody's."""
    speech = facts_of("aimlapi").speech
    assert speech

    assert all(row.formats and row.voices for row in speech.models.values())


def test_effects_are_stable_audios_alone():
    """The other models make music."""
    with pytest.raises(Cannot):
        fitted("aimlapi", sound("any", "google/lyria2"))
