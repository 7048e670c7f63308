"""fal. Evidence: the official SDK `fal-client` sent the requests, and takes the same steps through the queue.

What an app's inputs are called is by the vendor's pages of its models and the types of its JavaScript client, and so
are the results; each file says what of it is made up.
"""

from __future__ import annotations

from typing import Any

import pytest

from router.routing.fit import Cannot
from router.vendors.fal import USUALLY, listen, make, read
from router.vendors.spec import Draft, Interim, ListenAsk, SpeechAsk
from router.wire.audio import FLAC, MP3, OPUS, WAV, Format
from router.wire.calls import ListenCall
from router.wire.faults import Kind
from router.wire.transcripts import Segment, Transcript, Word
from tests.vendors.evidence import TEXT, Case, facts_of, fitted, hear, our_request, say, sound
from tests.vendors.promises import JobPromises, Reading, Refusal, VendorPromises, Way

KOKORO = "fal-ai/kokoro/american-english"
MINIMAX = "fal-ai/minimax/speech-2.8-hd"
SCRIBE = "fal-ai/elevenlabs/speech-to-text/scribe-v2"
STABLE = "fal-ai/stable-audio-25/text-to-audio"
STABLE_3 = "fal-ai/stable-audio-3/medium/text-to-audio"
SONGS = "fal-ai/minimax-music/v2.6"
WITHIN = {"voice_setting": {"emotion": "happy", "vol": 2}, "language_boost": "English"}

CASES = [
    say("plain", KOKORO),
    say("tuned", KOKORO, voice="am_puck", speed=1.25, language="en"),
    say("british", "fal-ai/kokoro/british-english", voice="onyx"),
    say("eleven", "fal-ai/elevenlabs/tts/eleven-v3", language="german", extras={"stability": 0.5}),
    say("turbo", "fal-ai/elevenlabs/tts/turbo-v2.5", voice="Rachel", speed=2, language="fr"),
    say("minimax", MINIMAX, format=FLAC, speed=0.75, extras=WITHIN),
    say("minimax-02", "fal-ai/minimax/speech-02-turbo", voice="onyx"),
    say("gemini", "fal-ai/gemini-tts", voice="Puck", instructions="Warmly."),
    say("other", "a-studio/voices/v1", extras={"temperature": 0.7}),
    hear("plain", "fal-ai/whisper"),
    hear("tuned", "fal-ai/whisper", "words speakers", language="spanish", prompt="Dinner.", extras={"num_speakers": 2}),
    hear("found-out", "fal-ai/wizper"),
    hear("named", "fal-ai/wizper", "segments", language="es", extras={"merge_chunks": False}),
    hear("scribe-plain", SCRIBE),
    hear("scribe-tuned", SCRIBE, "words speakers", language="en", keywords=("fal", "Scribe")),
    hear("scribe-events", SCRIBE, extras={"tag_audio_events": True}),
    hear("plain", "fal-ai/whisper", kind="translation"),
    hear("named", "fal-ai/wizper", kind="translation", language="es"),
    sound("plain", STABLE),
    sound("tuned", STABLE, duration=4.5, seed=7, extras={"guidance_scale": 3}),
    sound("effects", "fal-ai/elevenlabs/sound-effects/v2", duration=4.5, extras={"loop": True}),
    sound("saved", STABLE_3, duration=4.5, seed=7, format=WAV),
    sound("eleven", "fal-ai/elevenlabs/music", kind="music", duration=30.5, instrumental=True),
    sound("sung", SONGS, kind="music", lyrics="Of the moon.", instrumental=False),
    sound("unsung", SONGS, kind="music", instrumental=True),
    sound("written", SONGS, kind="music"),
    sound("sung-v2", "fal-ai/minimax-music/v2", kind="music", lyrics="Of the moon.", format=FLAC),
    sound("lyria", "fal-ai/lyria2", kind="music", seed=7, extras={"negative_prompt": "vocals"}),
]

DINNER = Transcript(
    "María, ¿qué cenamos hoy? No sé, ¿qué cenamos?",
    "es",
    segments=[Segment("María, ¿qué cenamos hoy?", 0.0, 1.84), Segment("No sé, ¿qué cenamos?", 1.84, 3.5)],
)
READINGS = [
    Reading("speech-plain"),
    Reading("sound-plain"),
    Reading("music-plain"),
    Reading("transcription-segments", DINNER),
    Reading(
        "transcription-words",
        Transcript(
            "María, ¿qué cenamos?",
            "es",
            words=[
                Word("María,", 0.0, 0.5, "SPEAKER_00"),
                Word("¿qué", 0.5, 0.8, "SPEAKER_00"),
                Word("cenamos?", 0.8, 1.3, "SPEAKER_01"),
            ],
        ),
    ),
    Reading(
        "transcription-wizper",
        Transcript(
            "Earth is old. Very old.",
            "en",
            segments=[Segment("Earth is old.", 0, 1.5), Segment("Very old.", 1.5, 2.25)],
        ),
    ),
    Reading("transcription-silence", Transcript("")),
    Reading(
        "transcription-scribe",
        Transcript(
            "Hey, this is",
            "eng",
            words=[
                Word("Hey,", 0.079, 0.539, "speaker_0"),
                Word("this", 0.599, 0.679, "speaker_0"),
                Word("is", 0.739, 0.799, "speaker_0"),
            ],
        ),
    ),
    Reading(
        "translation-segments",
        Transcript(
            "Maria, what is for dinner? I don't know.",
            "en",
            segments=[Segment("Maria, what is for dinner?", 0.0, 1.84), Segment("I don't know.", 1.84, 3.5)],
        ),
    ),
]

EXHAUSTED = "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."
REFUSALS = [
    Refusal("invalid-key", Kind.KEY, "Cannot access application. Authentication is required."),
    Refusal("locked", Kind.QUOTA, "User is locked. Reason: Admin lock. Please contact support@fal.ai."),
    Refusal("no-credit", Kind.QUOTA, EXHAUSTED),
    Refusal("no-app", Kind.NO_MODEL, "Application 'nothing' not found"),
    Refusal("invalid", Kind.INPUT, "Field required", "missing"),
    Refusal("blocked", Kind.BLOCKED, "The content was flagged by a content checker.", "content_policy_violation"),
    Refusal("throttled", Kind.BUSY, "Too many requests", retry_after_s=2),
    Refusal("conflict", Kind.TRY_AGAIN, "Conflict"),
    Refusal("bad-request", Kind.INPUT, "Invalid timeout header", "bad_request"),
    Refusal("too-slow", Kind.TRY_AGAIN, "Request timeout"),
    Refusal("timed-out", Kind.FAILED, "Request timed out", "request_timeout"),
    Refusal("no-runner", Kind.FAILED, "No runner available", "runner_scheduling_failure"),
    Refusal("bare", Kind.FAILED, "<html><center>nginx</center></html>"),
]

RIFF = b"RIFF and then the sound"
WAYS = [
    Way(say("job", KOKORO, format=WAV), audio=RIFF),
    Way(say("failed", KOKORO), fault=Kind.FAILED),
    Way(say("untyped", KOKORO), fault=Kind.FAILED),
    Way(say("unknown", KOKORO), fault=Kind.FAILED),
    Way(say("refused", KOKORO), fault=Kind.INPUT),
    Way(say("elsewhere", KOKORO), fault=Kind.GARBLED),
    Way(hear("job", "fal-ai/whisper"), transcript=DINNER),
    Way(
        hear("job", "fal-ai/whisper", kind="translation"),
        transcript=Transcript(
            "Maria, what is for dinner?", "en", segments=[Segment("Maria, what is for dinner?", 0.0, 1.84)]
        ),
    ),
    Way(sound("job", "a-studio/effects", format=WAV), audio=RIFF),
    Way(sound("job", SONGS, kind="music", lyrics="Of the moon."), audio=b"ID3 and then the sound"),
]


class TestFal(JobPromises, VendorPromises):
    vendor = "fal"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS
    ways = WAYS


# ------------------------------------------------------------------ the queue


def test_a_job_that_nobody_waits_for_is_cancelled():
    """By the address that the vendor gave for it, and with none of the client's fields."""
    steps = make(SpeechAsk(model=KOKORO, text="Hello.", voice="af_heart", format={}))
    next(steps)
    urls = {f"{what}_url": f"https://queue.fal.run/{what}" for what in ("status", "cancel", "response")}
    poll = steps.send(Interim(200, {}, b"", urls))

    assert poll.undo
    assert (poll.undo.method, poll.undo.url, poll.undo.extras) == ("PUT", "https://queue.fal.run/cancel", None)


# ------------------------------------------------------------------ inputs


def drafted(model: str, wanted: Format = WAV, /, **options: object) -> Draft:
    word = fitted("fal", say("any", model, format=wanted)).ask.format
    return next(make(SpeechAsk(model=model, text="Hello.", voice="Tara", format=word, speed=1.5, options=options)))


def test_a_table_may_say_what_an_unknown_app_calls_ours():
    """Dots go into objects, beside what the table sets there itself; what says so is no input of the app."""
    inputs = {"text": "script", "voice": "speaker.id", "speed": "speaker.pace"}
    draft = drafted("a-studio/voices", inputs=inputs, speaker={"mood": "calm", "pace": 9}, seed=7)

    assert draft.json == {"script": "Hello.", "speaker": {"mood": "calm", "id": "Tara", "pace": 1.5}, "seed": 7}
    assert draft.extras is None


def test_an_unknown_app_is_given_the_text_alone():
    """Under the name that most of them have for it."""
    assert drafted("a-studio/voices", seed=7).json == {"text": "Hello."}
    assert drafted("a-studio/voices", seed=7).extras == "body"


def test_the_facts_of_an_app_are_not_written_over():
    """What one call puts into an object is not there for the next."""
    drafted(MINIMAX, MP3, inputs={"speed": "audio_setting.pace"})

    assert drafted(MINIMAX, MP3).json["audio_setting"] == {"format": "mp3"}


@pytest.mark.parametrize(
    ("model", "sent"),
    [(STABLE, {"seconds_total": 5}), (STABLE_3, {"duration": 4.2, "output_format": "mp3"}), ("a/b", {})],
)
def test_a_duration_is_never_cut_short(model: str, sent: dict[str, Any]):
    """Where an app takes whole seconds only, the next one is asked for; one not known to take any is sent none."""
    body = our_request("fal", sound("any", model, duration=4.2)).body["json"]

    assert body == {"prompt": TEXT, **sent}


@pytest.mark.parametrize(
    ("asked", "sent"),
    [
        ({}, {"lyrics_optimizer": True}),
        ({"instrumental": False}, {"is_instrumental": False, "lyrics_optimizer": True}),
        ({"instrumental": True}, {"is_instrumental": True}),
        ({"lyrics": "Of the moon."}, {"lyrics": "Of the moon."}),
    ],
)
def test_lyrics_are_written_where_some_are_sung_and_none_given(asked: dict[str, Any], sent: dict[str, Any]):
    """Nobody is asked to write what is there, or what nobody will sing."""
    body = our_request("fal", sound("any", SONGS, kind="music", **asked)).body["json"]

    assert body == {"prompt": TEXT, **sent}


def test_an_apps_opinions_hold_beside_a_targets_inputs():
    """Until the table itself says otherwise."""
    case = hear("any", SCRIBE)
    for said, events in (({}, False), ({"tag_audio_events": True}, True)):
        options = {"inputs": {"audio": "file"}, **said}
        assert isinstance(case.call, ListenCall)
        draft = next(listen(ListenAsk(model=SCRIBE, audio=case.call.audio, options=options)))

        assert draft.json.keys() == {"file", "tag_audio_events"}
        assert draft.json["tag_audio_events"] is events
        assert draft.extras is None


def test_no_other_vendor_takes_an_opinion_from_a_client():
    """A client can change it only where this vendor declares it as its own, unless it is a word of ours."""
    transcription = facts_of("fal").transcription
    assert transcription
    for model, opinions in USUALLY.items():
        assert opinions.keys() - {"language"} <= (transcription.models[model].extras or set())


# ------------------------------------------------------------------ what it can do


@pytest.mark.parametrize(
    ("model", "wanted", "source"),
    [(KOKORO, MP3, WAV), (MINIMAX, WAV, FLAC), (MINIMAX, MP3, MP3), ("fal-ai/gemini-tts", OPUS, WAV)],
)
def test_what_an_app_does_not_give_is_made_of_its_best(model, wanted, source):
    """Lossless where it has such."""
    fit = fitted("fal", say("any", model, format=wanted))

    assert (fit.source, fit.wanted) == (source, wanted)


@pytest.mark.parametrize("voice", ["bf_emma", "Rachel", "default"])
def test_a_voice_of_another_accent_is_not_asked_for(voice: str):
    """It would be a 422; the next target may have it."""
    with pytest.raises(Cannot, match="has no voice"):
        fitted("fal", say("any", KOKORO, voice=voice))


def test_openais_names_keep_their_gender():
    """And, where Kokoro has a voice of that very name, it."""
    speech = facts_of("fal").speech
    assert speech
    row = speech.models[KOKORO]
    assert row.voices
    assert row.voices == {
        "alloy": "af_alloy",
        "nova": "af_nova",
        "echo": "am_echo",
        "onyx": "am_onyx",
        **dict.fromkeys(("ash", "ballad", "cedar", "verse"), "am_adam"),
        "*": "af_heart",
    }


def test_a_model_waits_for_no_other_kind():
    """An app is of one kind, or makes sound and music alike."""
    with pytest.raises(Cannot, match="does not do speech"):
        fitted("fal", say("any", "fal-ai/whisper"))
    with pytest.raises(Cannot, match="does not do sound"):
        fitted("fal", sound("any", SONGS))


# ------------------------------------------------------------------ listening


def test_words_and_segments_are_told_apart_by_what_they_hold():
    """The answer does not say which it was asked for; a chunk of several words is none."""
    heard = read({"text": "One two.", "chunks": [{"text": " One two.", "timestamp": [0.0, 1.0]}]})

    assert (heard.words, heard.segments) == ((), [Segment("One two.", 0.0, 1.0)])


def test_a_chunk_without_an_end_ends_where_it_begins():
    """Whisper leaves the last one open at times; the text is there all the same."""
    heard = read({"text": "One two.", "chunks": [{"text": " One two.", "timestamp": [1.5, None]}]})

    assert heard.segments == [Segment("One two.", 1.5, 1.5)]


@pytest.mark.parametrize(("model", "wants"), [("fal-ai/wizper", "words"), ("fal-ai/wizper", "speakers")])
def test_wizper_tells_segments_alone(model: str, wants: str):
    """No other level of its chunks is documented."""
    with pytest.raises(Cannot, match="does not give"):
        fitted("fal", hear("any", model, wants))


def test_a_translation_is_english_whatever_was_spoken():
    """The app tells the language of the audio."""
    case: Case = hear("any", "fal-ai/whisper", kind="translation")

    assert our_request("fal", case).body["json"]["task"] == "translate"
    with pytest.raises(Cannot, match="does not do translation"):
        fitted("fal", hear("any", SCRIBE, kind="translation"))
