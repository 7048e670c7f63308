"""OpenAI itself. Its speech models end 2027-01-06; whisper-1, gpt-4o transcription and translations end 2027-02-26.

Source: OpenAPI document of 2026-08-21, Python SDK 3.52.0, the deprecation notices of 2026-08-26 and 2026-10-01.
Prices: the vendor's model pages and the price file of litellm 1.109.1 (November 2026).
Limits: the vendor's refusals of 2026, "longer than 1400 seconds which is the maximum for this model".
Proved by: the official SDK `openai` (tests/vendors/test_openai.py).
Left out: `voice_consents` and the making of voices, which are no calls of this router.
"""

from __future__ import annotations

from base64 import b64decode

from router.vendors.openai_like import OPENAI_LIKE, SPEECH, TRANSCRIPTION, TRANSLATION, listen, speak, transcribe
from router.vendors.spec import (
    Draft,
    Json,
    ListenAsk,
    Model,
    Piece,
    SpeechAsk,
    audio_events,
    honours,
    per_1m_characters,
    per_1m_tokens,
    per_minute,
    replace,
    words,
)

LARGEST_BYTES = 25 * 2**20 - 4_096  # the vendor counts the whole form against its 25 MiB


def speech(ask: SpeechAsk) -> Draft:
    draft = speak(ask)
    more: dict[str, Json] = {"stream_format": "sse" if ask.as_events else None}
    if ask.voice.startswith("voice_"):  # a voice of one's own is an object, not a name
        more["voice"] = {"id": ask.voice}
    return replace(draft, json={**draft.json, **more})


def read_speech(event: Json) -> Piece | None:
    match event["type"]:
        case "speech.audio.delta":
            return Piece(b64decode(event["audio"], validate=True))
        case "speech.audio.done":
            return Piece(is_last=True)
    return None


def transcription(ask: ListenAsk) -> Draft:
    if ask.model.startswith("gpt-transcribe"):  # takes a list of candidate languages, and literals to listen for
        languages = ask.languages or ([ask.language] if ask.language else None)
        return listen("/audio/transcriptions", ask, {"languages[]": languages, "keywords[]": ask.keywords})
    if ask.model.startswith("gpt-4o-transcribe-diarize") and ask.wants:  # its only times come with speakers
        ask = replace(ask, wants=ask.wants | {"speakers"})
    return transcribe(ask)


SPEED = honours(speed=(0.25, 4))
LAST_SPEECH = "2027-01-06"
LAST_TRANSCRIPT = "2027-02-26"
MINI_TTS = Model(gives=words("events"), price=per_1m_tokens(input=0.60, output=12), shutdown=LAST_SPEECH)
WHISPER = per_minute(0.006)
BY_TOKEN = per_1m_tokens(input=2.50, output=10)  # in: audio and a prompt's text alike
LONGEST_S = 1_400  # once 1,500, which is still what many pages say
MINI_TRANSCRIBE = Model(
    gives=words("logprobs events"),
    longest_s=LONGEST_S,
    price=per_1m_tokens(input=1.25, output=5),
    shutdown=LAST_TRANSCRIPT,
)
TRANSCRIBE = Model(
    gives=words("events"), honours=honours("language", "languages", "prompt", "keywords"), price=per_minute(0.0045)
)

VENDOR = replace(
    OPENAI_LIKE,
    name="openai",
    base_url="https://api.openai.com/v1",
    read="2026-11-20",
    dialect=OPENAI_LIKE,
    speech=replace(
        SPEECH,
        request=speech,
        events=audio_events(read_speech),
        voice_like=r"voice_\w+",
        longest=4_096,
        models={
            "tts-1": Model(honours=SPEED, price=per_1m_characters(15), shutdown=LAST_SPEECH),
            "tts-1-hd": Model(honours=SPEED, price=per_1m_characters(30), shutdown=LAST_SPEECH),
            "gpt-4o-mini-tts": MINI_TTS,
            "gpt-4o-mini-tts-*": MINI_TTS,
        },
    ),
    transcription=replace(
        TRANSCRIPTION,
        request=transcription,
        takes_chunked=True,  # the Node SDK 7.55.0 sends streams so, seen 2026-11-20
        largest_bytes=LARGEST_BYTES,
        models={
            "whisper-1": Model(gives=words("words segments"), price=WHISPER, shutdown=LAST_TRANSCRIPT),
            "gpt-4o-transcribe-diarize": Model(
                gives=words("speakers segments events"),
                honours=honours("language", temperature=(0, 1)),
                longest_s=LONGEST_S,
                price=BY_TOKEN,
                shutdown=LAST_TRANSCRIPT,
            ),
            "gpt-4o-transcribe": Model(
                gives=words("logprobs events"), longest_s=LONGEST_S, price=BY_TOKEN, shutdown=LAST_TRANSCRIPT
            ),
            "gpt-4o-mini-transcribe": MINI_TRANSCRIBE,
            "gpt-4o-mini-transcribe-*": MINI_TRANSCRIBE,
            "gpt-transcribe": TRANSCRIBE,
            "gpt-transcribe-*": TRANSCRIBE,
        },
    ),
    translation=replace(
        TRANSLATION,
        takes_chunked=True,
        largest_bytes=LARGEST_BYTES,
        models={"whisper-1": Model(price=WHISPER, shutdown=LAST_TRANSCRIPT)},
    ),
)
