"""Deepgram. Evidence: the official SDK `deepgram-sdk` sent the requests, and reads the replies that are read here.

Replies and errors are the examples of the vendor's documentation, its three shapes of an error among them.
"""

from __future__ import annotations

from router.vendors.spec import Unit
from router.wire.audio import MP3, SPEECH_FORMATS
from router.wire.faults import Kind
from router.wire.transcripts import Segment, Transcript, Word
from tests.vendors.evidence import Case, Difference, hear, say
from tests.vendors.promises import Reading, Refusal, VendorPromises

TYPED = (
    Difference(
        reason="the SDK is given bytes and names no type; the vendor's documentation sends the file's own",
        content_type=("application/octet-stream", "audio/wav"),
    ),
)


def listen(name: str, model: str, wants: str = "", **rest) -> Case:
    return hear(name, model, wants, differences=TYPED, **rest)


LISTEN_EXTRAS = {
    "punctuate": "false",
    "smart_format": "true",
    "paragraphs": "true",
    "utt_split": "0.8",
    "numerals": "true",
    "measurements": "true",
    "dictation": "true",
    "filler_words": "true",
    "profanity_filter": "true",
    "redact": "pci",
    "replace": ["colour:color", "grey:gray"],
    "search": ["coffee", "cake"],
    "summarize": "v2",
    "topics": "true",
    "intents": "true",
    "sentiment": "true",
    "detect_entities": "true",
    "custom_topic": ["food"],
    "custom_topic_mode": "strict",
    "custom_intent": ["order"],
    "custom_intent_mode": "extended",
    "language_hint": ["en", "de"],
    "tag": ["one", "two"],
    "extra": "call:7",
    "mip_opt_out": "true",
    "version": "latest",
}
CASES = [
    say("plain", "aura-2"),
    *(say(name, "aura-2", format=wanted) for name, wanted in SPEECH_FORMATS.items() if wanted != MP3),
    say("tuned", "aura-2", voice="aura-2-celeste-es", speed=1.25),
    say("whole-id", "aura-2-zeus-en"),
    say("older", "aura", voice="shimmer"),
    say("flux", "flux", voice="coral", speed=0.75, extras={"expressivity": 1}),
    say("extras", "aura-2", extras={"bit_rate": 32000, "tag": ["one", "two"], "mip_opt_out": True}),
    listen("plain", "nova-3"),
    listen("tuned", "nova-3", "words segments speakers", language="de", keywords=("Kaffee", "Kuchen")),
    listen("older", "nova-2", "segments", keywords=("Kaffee:2", "Kuchen")),
    listen("extras", "nova-3", extras=LISTEN_EXTRAS),
]

READINGS = [
    Reading("speech-plain", units={Unit.CHARACTER: 18}),
    Reading(
        "transcription-plain",
        Transcript(
            "Yeah. As as much as,",
            "en",
            25.933313,
            words=[
                Word("Yeah.", 0.08, 0.32),
                Word("As", 0.32, 0.79999995),
                Word("as", 0.79999995, 1.04),
                Word("much", 1.04, 1.28),
                Word("as,", 1.28, 1.5999999),
            ],
        ),
        {Unit.SECOND: 25.933313},
    ),
    Reading(
        "transcription-tuned",
        Transcript(
            "How are you doing? Not too bad.",
            None,
            4.5,
            words=[
                Word("How", 0.1, 0.3, "0"),
                Word("are", 0.3, 0.4, "0"),
                Word("you", 0.4, 0.5, "0"),
                Word("doing?", 0.5, 0.9, "0"),
                Word("Not", 1.5, 1.7, "1"),
                Word("too", 1.7, 1.9, "1"),
                Word("bad.", 1.9, 2.3, "1"),
            ],
            segments=[Segment("How are you doing?", 0.1, 0.9, "0"), Segment("Not too bad.", 1.5, 2.3, "1")],
        ),
        {Unit.SECOND: 4.5},
    ),
    Reading(
        "transcription-older",
        Transcript(
            "four score",
            None,
            5.5,
            words=[Word("four", 0.41915998, 0.85827994), Word("score", 0.85827994, 1.2)],
        ),
        {Unit.SECOND: 5.5},
    ),
]

REFUSALS = [
    Refusal("invalid-key", Kind.KEY, "Invalid credentials.", "INVALID_AUTH"),
    Refusal(
        "no-credit",
        Kind.QUOTA,
        "Project does not have enough credits for an ASR request and does not have an overage agreement.",
        "ASR_PAYMENT_REQUIRED",
    ),
    Refusal(
        "no-access",
        Kind.NO_MODEL,
        "Project does not have access to the requested model.",
        "INSUFFICIENT_PERMISSIONS",
    ),
    Refusal("throttled", Kind.BUSY, "Too many requests. Please try again later", "TOO_MANY_REQUESTS"),
    Refusal("throttled-speech", Kind.BUSY, "Please try again later.", "Too Many Requests"),
    Refusal("no-model", Kind.INPUT, "Bad Request: No such model/version combination found.", "Bad Request"),
    Refusal(
        "bad-audio",
        Kind.INPUT,
        "Bad Request: failed to process audio: corrupt or unsupported data",
        "Bad Request",
    ),
    Refusal(
        "bad-query",
        Kind.INPUT,
        "Unsupported audio format: `container` is not applicable when `encoding=mp3`",
        "INVALID_QUERY_PARAMETER",
    ),
    Refusal("bad-json", Kind.INPUT, "Invalid JSON submitted.", "INVALID_JSON"),
    Refusal("too-long", Kind.INPUT, "Input text exceeds maximum character limit of 2000.", "Payload Too Large"),
    Refusal(
        "wrong-type",
        Kind.INPUT,
        "`Content-Type` header is not supported. `Content-Type` must be either `text/plain` or `application/json`.",
        "UNSUPPORTED_MEDIA_TYPE",
    ),
    Refusal("unprocessable", Kind.INPUT, "Failed to handle request.", "UNPROCESSABLE_ENTITY"),
    Refusal(
        "plain-text",
        Kind.NO_MODEL,
        "UUID parsing failed: invalid character: expected an optional prefix of `urn:uuid:` followed by [0-9a-zA-Z], "
        "found `p` at 1",
    ),
    Refusal("unavailable", Kind.FAILED, "Please try again later"),
    Refusal("too-slow", Kind.FAILED, "Gateway Timeout"),
]


class TestDeepgram(VendorPromises):
    vendor = "deepgram"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS
