"""OpenAI. Evidence: the official SDK `openai` sent the requests, and reads the replies that are read here.

The replies are the examples of OpenAI's API reference; the errors those of its error guide, or as users quote them.
"""

from __future__ import annotations

from router.vendors.spec import Unit
from router.wire.audio import MP3, SPEECH_FORMATS
from router.wire.faults import Kind
from router.wire.transcripts import Delta, Segment, Token, Transcript, Word
from tests.vendors.evidence import hear, say
from tests.vendors.promises import Reading, Refusal, VendorPromises

KNOWN_SPEAKERS = {  # as this SDK sends lists and objects in a form, and so as we get and give them
    "known_speaker_names[]": ["agent", "customer"],
    "known_speaker_references[]": ["data:audio/wav;base64,QUFB", "data:audio/wav;base64,QkJC"],
    "chunking_strategy[type]": "server_vad",
    "chunking_strategy[threshold]": "0.5",
}
CASES = [
    say("plain", "tts-1"),
    say("tuned", "gpt-4o-mini-tts", voice="coral", speed=1.25, instructions="Speak like a friendly guide."),
    say("own-voice", "gpt-4o-mini-tts", voice="voice_1234"),
    *(say(name, "tts-1-hd", format=wanted) for name, wanted in SPEECH_FORMATS.items() if wanted != MP3),
    hear("plain", "whisper-1"),
    hear("tuned", "whisper-1", language="de", prompt="Kaffee, Kuchen", temperature=0.2),
    hear("words", "whisper-1", "words"),
    hear("segments", "whisper-1", "segments"),
    hear("times", "whisper-1", "words segments"),
    hear("logprobs", "gpt-4o-transcribe", "logprobs"),
    hear("speakers", "gpt-4o-transcribe-diarize", "speakers segments", language="en", temperature=0.5),
    hear("captions", "gpt-4o-transcribe-diarize", "segments"),
    hear("known-speakers", "gpt-4o-transcribe-diarize", "speakers segments", extras=KNOWN_SPEAKERS),
    say("events", "gpt-4o-mini-tts", as_events=True),
    hear("events", "gpt-4o-transcribe", "logprobs", as_events=True),
    hear("speaker-events", "gpt-4o-transcribe-diarize", "speakers segments", as_events=True),
    hear("keywords", "gpt-transcribe", language="de", prompt="Ein Café.", keywords=("Kaffee", "Kuchen")),
    hear("plain", "whisper-1", kind="translation"),
    hear("tuned", "whisper-1", "segments", kind="translation", prompt="A trip.", temperature=0.2),
]

BEACH = (
    "The beach was a popular spot on a hot summer day. "
    "People were swimming in the ocean, building sandcastles, and playing beach volleyball."
)
SUPPORT = [
    Segment("Thanks for calling OpenAI support.", 0.0, 4.7, "agent", id="seg_001"),
    Segment("Hi, I'm trying to enable diarization.", 4.7, 11.8, "A", id="seg_002"),
    Segment("Happy to walk you through the steps.", 12.1, 18.5, "agent", id="seg_003"),
]
CALL = [
    Segment("Thanks for calling.", 0.0, 1.4, "agent", id="seg_001"),
    Segment("Hi.", 1.6, 2.0, "A", id="seg_002"),
]
MEASURED = {
    "avg_logprob": -0.2860786020755768,
    "no_speech_prob": 0.00985979475080967,
    "compression_ratio": 1.2363636493682861,
    "temperature": 0.0,
    "seek": 0,
    "tokens": [50364, 440, 7534, 390, 257, 3743, 4008, 322, 257, 2368, 4266, 786, 13, 50530],
}
AUDIO_TOKENS = {
    Unit.INPUT_TOKEN: 14,
    Unit.OUTPUT_TOKEN: 45,
    Unit.INPUT_TEXT_TOKEN: 0,
    Unit.INPUT_AUDIO_TOKEN: 14,
}
READINGS = [
    Reading("speech-plain"),
    Reading(
        "transcription-plain",
        Transcript(
            "Imagine the wildest idea that you've ever had, and you're curious about how it might scale to something "
            "that's a 100, a 1,000 times bigger. This is a place where you can get to do that."
        ),
        AUDIO_TOKENS,
    ),
    Reading(
        "transcription-words",
        Transcript(
            BEACH,
            "english",
            8.470000267028809,
            words=[
                Word("The", 0.0, 0.23999999463558197),
                Word("volleyball", 7.400000095367432, 7.900000095367432),
            ],
        ),
        {Unit.SECOND: 9},
    ),
    Reading(
        "transcription-segments",
        Transcript(
            BEACH,
            "english",
            8.470000267028809,
            segments=[Segment("The beach was a popular spot on a hot summer day.", 0.0, 3.319999933242798, **MEASURED)],
        ),
        {Unit.SECOND: 9},
    ),
    Reading(
        "transcription-speakers",
        Transcript(
            "Thanks for calling OpenAI support. Hi, I'm trying to enable diarization. "
            "Happy to walk you through the steps.",
            duration=27.4,
            segments=SUPPORT,
        ),
        {Unit.SECOND: 27},
    ),
    Reading(
        "transcription-logprobs",
        Transcript(
            "Hey, my knee is hurting and I want to see the doctor tomorrow ideally.",
            tokens=[
                Token("Hey", -1.0415299, b"Hey"),
                Token(",", -9.805982e-5, b","),
                Token(" my", -0.00229799, b" my"),
                Token(" knee", -4.7159858e-5, b" knee"),
                Token(" is", -0.043909557, b" is"),
                Token(" hurting", -1.1041146e-5, b" hurting"),
            ],
        ),
        AUDIO_TOKENS,
    ),
    Reading("speech-events", units={Unit.INPUT_TOKEN: 14, Unit.OUTPUT_TOKEN: 101}, audio=b"ID3 and then the sound"),
    Reading(
        "transcription-events",
        Transcript(
            "I see skies.",
            tokens=[Token("I", -0.00007588794, b"I"), Token(" see", -3.1281633e-7, b" see")],
        ),
        AUDIO_TOKENS,
        [
            Delta("I", [Token("I", -0.00007588794, b"I")]),
            Delta(" see", [Token(" see", -3.1281633e-7, b" see")]),
            Delta(" skies."),
        ],
    ),
    Reading(
        "transcription-speaker-events",
        Transcript("agent: Thanks for calling.\nA: Hi.", segments=CALL),
        {Unit.INPUT_TOKEN: 20, Unit.OUTPUT_TOKEN: 12},
        [
            Delta("Thanks for calling.", segment_id="seg_001"),
            CALL[0],
            Delta("Hi.", segment_id="seg_002"),
            CALL[1],
        ],
    ),
    Reading(
        "transcription-keywords",
        Transcript("Kaffee und Kuchen, bitte.", "de", languages=["de"]),
        {**AUDIO_TOKENS, Unit.INPUT_TOKEN: 21, Unit.INPUT_TEXT_TOKEN: 7, Unit.OUTPUT_TOKEN: 9},
    ),
    Reading(
        "translation-plain",
        Transcript("Hello, my name is Wolfgang and I come from Germany. Where are you heading today?"),
    ),
    Reading(
        "translation-tuned",
        Transcript(
            "Hello, my name is Wolfgang and I come from Germany.",
            "english",
            5.2,
            segments=[Segment("Hello, my name is Wolfgang and I come from Germany.", 0.0, 5.2, **MEASURED)],
        ),
        {Unit.SECOND: 5.2},
    ),
]

REFUSALS = [
    Refusal(
        "invalid-key",
        Kind.KEY,
        "Incorrect API key provided: sk-ab***wxyz. You can find your API key at "
        "https://platform.openai.com/account/api-keys.",
        "invalid_api_key",
    ),
    Refusal(
        "region",
        Kind.KEY,
        "Country, region, or territory not supported",
        "unsupported_country_region_territory",
    ),
    Refusal(
        "no-quota",
        Kind.QUOTA,
        "You exceeded your current quota, please check your plan and billing details.",
        "insufficient_quota",
    ),
    Refusal("no-credit", Kind.QUOTA, "Your credit balance is exhausted.", "credit_balance_exhausted"),
    Refusal(
        "throttled",
        Kind.BUSY,
        "Rate limit reached for gpt-4o-transcribe in organization org-1234 on requests per min (RPM): Limit 3, Used 3, "
        "Requested 1. Please try again in 20s.",
        "rate_limit_exceeded",
        19.6,
    ),
    Refusal(
        "no-model",
        Kind.NO_MODEL,
        "The model `whisper-9` does not exist or you do not have access to it.",
        "model_not_found",
    ),
    Refusal(
        "bad-value",
        Kind.INPUT,
        "[{'type': 'greater_than_equal', 'loc': ('body', 'speed'), "
        "'msg': 'Input should be greater than or equal to 0.25'}]",
    ),
    Refusal("bad-file", Kind.INPUT, "Unsupported file format bin", "unsupported_value"),
    Refusal("too-large", Kind.INPUT, "Maximum content size limit (26214400) exceeded (26228340 bytes read)"),
    Refusal("server-error", Kind.FAILED, "The server had an error processing your request. Sorry about that!"),
    Refusal("overloaded", Kind.FAILED, "The engine is currently overloaded, please try again later", retry_after_s=1.0),
    Refusal("gateway", Kind.FAILED, "<html><head><title>502 Bad Gateway</title></head></html>"),
]


class TestOpenAI(VendorPromises):
    vendor = "openai"
    cases = CASES
    readings = READINGS
    refusals = REFUSALS
