"""Groq. Evidence: the official SDK `groq` sent the requests, and reads the replies that are read here.

Replies and errors are the examples of Groq's documentation, or answers as users quote them; each file says which.
"""

from __future__ import annotations

from router.vendors.spec import Unit
from router.wire.audio import WAV
from router.wire.faults import Kind
from router.wire.transcripts import Segment, Transcript, Word
from tests.vendors.evidence import hear, say
from tests.vendors.promises import Reading, Refusal, VendorPromises

CASES = [
    say("plain", "canopylabs/orpheus-v1-english", format=WAV),
    say("dropped", "canopylabs/orpheus-arabic-saudi", voice="lulwa", speed=1.25, instructions="Warmly."),
    hear("plain", "whisper-large-v3-turbo"),
    hear("tuned", "whisper-large-v3", language="de", prompt="Kaffee, Kuchen", temperature=0.2),
    hear("times", "whisper-large-v3-turbo", "words segments"),
    hear("plain", "whisper-large-v3", kind="translation"),
    hear("tuned", "whisper-large-v3", "segments", kind="translation", prompt="A trip.", temperature=0.2),
]

SPOKEN = "document that the functional specification that you started to read through that isn't just the"
SEGMENT = Segment(
    SPOKEN,
    43.92,
    50.16,
    avg_logprob=-0.097569615,
    no_speech_prob=0.012814695,
    compression_ratio=1.6637554,
    temperature=0,
    seek=3000,
    tokens=[51061, 4166, 300, 264, 11745, 31256],
)
READINGS = [
    Reading("speech-plain"),
    Reading("transcription-plain", Transcript("Your transcribed text appears here...")),
    Reading(
        "transcription-times",
        Transcript(
            f" {SPOKEN}",
            "English",
            50.16,
            words=[Word("document", 43.92, 44.5), Word("that", 44.5, 44.7)],
            segments=[SEGMENT],
        ),
        {Unit.SECOND: 50.16},
    ),
    Reading("translation-plain", Transcript("Your translated text appears here...")),
    Reading("translation-tuned", Transcript(f" {SPOKEN}", "English", 50.16, segments=[SEGMENT]), {Unit.SECOND: 50.16}),
]

REFUSALS = [
    Refusal("invalid-key", Kind.KEY, "Invalid API Key", "invalid_api_key"),
    Refusal(
        "throttled",
        Kind.BUSY,
        "Rate limit reached for model `whisper-large-v3-turbo` in organization `org_1234` service tier `on_demand` "
        "on seconds of audio per hour (ASPH): Limit 7200, Used 7190, Requested 60.",
        "rate_limit_exceeded",
        25.0,
    ),
    Refusal(
        "no-model",
        Kind.NO_MODEL,
        "The model `whisper-9` does not exist or you do not have access to it.",
        "model_not_found",
    ),
    Refusal(
        "no-terms",
        Kind.NO_MODEL,
        "The model `canopylabs/orpheus-v1-english` requires terms acceptance. Please have the org admin accept the "
        "terms at https://console.groq.com/playground?model=canopylabs/orpheus-v1-english",
        "model_terms_required",
    ),
    Refusal(
        "blocked-model",
        Kind.NO_MODEL,
        "The model `whisper-large-v3` is blocked at the project level. Please have a project admin enable this model "
        "in the project settings.",
        "model_permission_blocked_project",
    ),
    Refusal("no-room", Kind.BUSY, "Flex tier capacity exceeded", "capacity_exceeded"),
    Refusal("bad-value", Kind.INPUT, "String - description of the specific error"),
    Refusal("unprocessable", Kind.INPUT, "could not process file - is it a valid media file?"),
    Refusal("too-large", Kind.INPUT, "Request Entity Too Large", "request_too_large"),
    Refusal("server-error", Kind.FAILED, "Internal Server Error"),
]


class TestGroq(VendorPromises):
    vendor = "groq"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS
