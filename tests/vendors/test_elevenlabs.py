"""ElevenLabs. Evidence: the official SDK `elevenlabs` sent the requests, and reads the replies that are read here.

Replies come from the examples of the vendor's OpenAPI document, errors from its documentation and help centre, in the
older shape (`status`) and the newer one (`code`). What of music the SDK has no parameter for, it was told to send under
the names of the OpenAPI document.
"""

from __future__ import annotations

import msgspec
import pytest

from router.vendors.spec import Unit
from router.wire.audio import PCM
from router.wire.calls import Turn
from router.wire.faults import Kind
from router.wire.transcripts import Transcript, Word
from tests.vendors.evidence import Case, Difference, hear, our_request, say, sound
from tests.vendors.promises import Reading, Refusal, VendorPromises

NULLS = Difference(
    reason="the SDK writes what was not given as a JSON null into these parts",
    parts=(("webhook_metadata", "null"), ("entity_detection", "null"), ("entity_redaction", "null")),
)
A_NULL = Difference(reason=NULLS.reason, parts=(("webhook_metadata", "null"),))
SPEECH_EXTRAS = {
    "voice_settings": {"stability": 0.4, "similarity_boost": 0.8, "style": 0.1, "use_speaker_boost": True},
    "seed": 42,
    "previous_text": "Before.",
    "next_text": "After.",
    "previous_request_ids": ["p1"],
    "next_request_ids": ["n1", "n2"],
    "use_pvc_as_ivc": False,
    "pronunciation_dictionary_locators": [{"pronunciation_dictionary_id": "d1", "version_id": "v1"}],
    "apply_text_normalization": "off",
    "apply_language_text_normalization": True,
    "audio_effects": {"pan": 0.0},
}
TURNS = (Turn("Who is there?", "alloy"), Turn("[whispers] Me.", "onyx"), Turn("Come in.", "alloy"))
DIALOGUE_EXTRAS = {
    "settings": {"stability": 0.5},
    "seed": 42,
    "previous_text": "Before.",
    "future_text": "After.",
    "previous_request_ids": ["p1"],
    "next_request_ids": ["n1"],
    "use_pvc_as_ivc": True,
    "pronunciation_dictionary_locators": [{"pronunciation_dictionary_id": "d1", "version_id": "v1"}],
    "apply_text_normalization": "on",
    "audio_effects": {"distance": 0.5},
}
SONG_EXTRAS = {
    "generation_mode": "track",
    "finetune_id": "f1",
    "finetune_strength": 0.5,
    "use_phonetic_names": True,
    "store_for_inpainting": True,
}
LISTEN_EXTRAS = {  # as the parts of a form: text, and JSON where the vendor reads JSON
    "tag_audio_events": "true",
    "num_speakers": "2",
    "timestamps_granularity": "none",
    "diarization_threshold": "0.22",
    "seed": "42",
    "no_verbatim": "true",
    "numbers_format": "words",
    "file_format": "other",
    "entity_detection": '["pii", "phi"]',
    "entity_redaction": '"pii"',
    "entity_redaction_mode": "redacted",
    "detect_speaker_roles": "true",
    "use_speaker_library": "false",
    "secondary_language_codes": ["de", "fr"],
    "transcript_edit": "Use British spelling.",
}
CASES = [
    say("plain", "eleven_multilingual_v2"),
    say("pcm", "eleven_flash_v2_5", format=PCM),
    say("tuned", "eleven_flash_v2_5", voice="abcdefghijklmnopqrst", language="de", speed=1.1),
    say("extras", "eleven_v3", voice="fable", speed=0.9, extras=SPEECH_EXTRAS),
    say("dialogue", "eleven_v3", turns=TURNS),
    say("dialogue-extras", "eleven_v3", turns=TURNS, format=PCM, language="de", extras=DIALOGUE_EXTRAS),
    sound("plain", "eleven_text_to_sound_v2"),
    sound("tuned", "eleven_text_to_sound_v3", duration=2.5, extras={"prompt_influence": 0.6, "loop": True}),
    sound("plain", "music_v1", kind="music"),
    sound("tuned", "music_v2", kind="music", duration=12.3456, instrumental=True),
    sound("sung", "music_v2_5", kind="music", lyrics="La la la.", extras=SONG_EXTRAS),
    sound("signed", "music_v2", kind="music", instrumental=False, extras={"sign_with_c2pa": True}),
    hear("plain", "scribe_v1", differences=(NULLS,)),
    hear(
        "tuned",
        "scribe_v2",
        "words speakers logprobs",
        language="de",
        temperature=0.5,
        keywords=("Kaffee", "Kuchen"),
        differences=(NULLS,),
    ),
    hear("extras", "scribe_v2", extras=LISTEN_EXTRAS, differences=(A_NULL,)),
]

READINGS = [
    Reading("speech-plain", units={Unit.CREDIT: 18}),
    Reading("sound-plain", units={Unit.CREDIT: 200}),
    Reading("music-plain"),
    Reading(
        "transcription-plain",
        Transcript(
            "Hello world!",
            "en",
            words=[
                Word("Hello", 0.0, 0.5, "speaker_1", -0.124),
                Word("world!", 0.5, 1.2, "speaker_1", -0.089),
            ],
        ),
    ),
    Reading(
        "transcription-tuned",
        Transcript(
            "(Lachen) Guten Tag. Hallo.",
            "deu",
            3.25,
            words=[
                Word("Guten", 1.0, 1.32, "speaker_0", -0.021),
                Word("Tag.", 1.36, 1.8, "speaker_0", -0.007),
                Word("Hallo.", 2.4, 2.9, "speaker_1", -0.31),
            ],
        ),
        {Unit.SECOND: 3.25},
    ),
    Reading("transcription-extras", Transcript("Hello world!", "eng", 1.2), {Unit.SECOND: 1.2}),
]

QUOTA = (
    "This request exceeds your quota of 10000. You have 315 credits remaining, while 4366 credits are required for "
    "this request."
)
REFUSALS = [
    Refusal("invalid-key", Kind.KEY, "Invalid API key", "invalid_api_key"),
    Refusal(
        "no-access",
        Kind.KEY,
        "The API key you used is missing the permission text_to_speech to execute this operation.",
        "insufficient_permissions",
    ),
    Refusal("no-quota", Kind.QUOTA, QUOTA, "quota_exceeded"),
    Refusal("no-quota-newer", Kind.QUOTA, QUOTA, "quota_exceeded"),
    Refusal(
        "no-credit",
        Kind.QUOTA,
        "Your account does not have enough credits for this operation.",
        "insufficient_credits",
    ),
    Refusal(
        "too-long",
        Kind.INPUT,
        "This request's text has 627 characters and exceeds the character limit of 333 characters for non signed in "
        "accounts.",
        "max_character_limit_exceeded",
    ),
    Refusal(
        "bad-value",
        Kind.INPUT,
        "The 'keyterms' parameter is only supported with the 'scribe_v2' model. You specified 'scribe_v1'.",
        "invalid_parameters",
    ),
    Refusal("invalid", Kind.INPUT, "Field required"),
    Refusal("no-voice", Kind.INPUT, "A voice with the voice_id abcdefghijklmnopqrst was not found.", "voice_not_found"),
    Refusal("no-model", Kind.NO_MODEL, "The specified model does not exist.", "model_not_found"),
    Refusal(
        "wrong-model",
        Kind.NO_MODEL,
        "The specified model is not supported for this operation.",
        "unsupported_model",
    ),
    Refusal("bad-prompt", Kind.BLOCKED, "Your prompt contains copyrighted material.", "bad_prompt"),
    Refusal("plan", Kind.INPUT, "Professional voice cloning is only available for creator+.", "only_for_creator+"),
    Refusal("plan-newer", Kind.INPUT, "This feature is not available on your current plan.", "feature_not_available"),
    Refusal(
        "busy",
        Kind.BUSY,
        "We are currently experiencing high traffic, please retry your request.",
        "system_busy",
    ),
    Refusal(
        "crowded",
        Kind.BUSY,
        "Too many concurrent requests. Your current subscription is associated with a maximum of 5 concurrent "
        "requests.",
        "too_many_concurrent_requests",
    ),
    Refusal(
        "crowded-newer",
        Kind.BUSY,
        "Maximum number of concurrent requests exceeded.",
        "concurrent_limit_exceeded",
    ),
    Refusal("too-early", Kind.TRY_AGAIN, "The resource is not ready yet.", "too_early"),
    Refusal(
        "server-error",
        Kind.FAILED,
        "An unexpected error occurred. Contact support if this persists.",
        "internal_error",
    ),
    Refusal("bare", Kind.FAILED, "Internal Server Error"),
]


class TestElevenLabs(VendorPromises):
    vendor = "elevenlabs"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS


@pytest.mark.parametrize("spelled", ["de", "deu", "de-AT", "German"])
@pytest.mark.parametrize(
    "case",
    [say("any", "eleven_v3"), say("any", "eleven_v3", turns=TURNS), hear("any", "scribe_v2")],
    ids=["speech", "dialogue", "transcription"],
)
def test_a_language_goes_out_as_a_code(case: Case, spelled: str):
    """Of ISO 639-1, which is what the vendor takes, however the client has written it."""
    call = msgspec.structs.replace(case.call, tunables={"language": spelled})
    body = our_request("elevenlabs", msgspec.structs.replace(case, call=call)).body

    assert dict(body.get("form") or body["json"])["language_code"] == "de"
