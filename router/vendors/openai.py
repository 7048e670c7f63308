"""OpenAI itself. Its speech models end 2027-01-06; whisper-1, gpt-4o transcription and translations end 2027-02-26.

Source: OpenAPI document of 2026-08-21, Python SDK 3.52.0, the deprecation notices of 2026-08-26 and 2026-10-01.
Proved by: the official SDK `openai` (tests/vendors/test_openai.py).
Left out: languages and keywords beyond one language (the client sends one), server-side VAD settings.
"""

from __future__ import annotations

from router.vendors.openai_like import OPENAI_LIKE, SPEECH, TRANSCRIPTION, TRANSLATION, listen, speak, transcribe
from router.vendors.spec import Draft, ListenAsk, Model, SpeechAsk, honours, replace, words

LARGEST_BYTES = 25 * 2**20 - 4_096  # the vendor counts the whole form against its 25 MiB


def speech(ask: SpeechAsk) -> Draft:
    draft = speak(ask)
    if ask.voice.startswith("voice_"):  # a voice of one's own is an object, not a name
        return replace(draft, json={**draft.json, "voice": {"id": ask.voice}})
    return draft


def transcription(ask: ListenAsk) -> Draft:
    if ask.model.startswith("gpt-transcribe"):  # takes a list of candidate languages, and literals to listen for
        languages = [ask.language] if ask.language else None
        return listen("/audio/transcriptions", ask, {"languages[]": languages, "keywords[]": ask.keywords})
    if ask.model.startswith("gpt-4o-transcribe-diarize") and ask.wants:  # its only times come with speakers
        ask = replace(ask, wants=ask.wants | {"speakers"})
    return transcribe(ask)


SPEED = honours(speed=(0.25, 4))
TEXT_ONLY = Model(gives=words("logprobs"))

VENDOR = replace(
    OPENAI_LIKE,
    name="openai",
    base_url="https://api.openai.com/v1",
    dialect=OPENAI_LIKE,
    speech=replace(
        SPEECH,
        request=speech,
        voice_like=r"voice_\w+",
        longest=4_096,
        models={"tts-1": Model(honours=SPEED), "tts-1-hd": Model(honours=SPEED), "gpt-4o-mini-tts*": Model()},
    ),
    transcription=replace(
        TRANSCRIPTION,
        request=transcription,
        largest_bytes=LARGEST_BYTES,
        models={
            "whisper-1": Model(gives=words("words segments")),
            "gpt-4o-transcribe-diarize": Model(
                gives=words("speakers segments"), honours=honours("language", temperature=(0, 1))
            ),
            "gpt-4o-transcribe": TEXT_ONLY,
            "gpt-4o-mini-transcribe*": TEXT_ONLY,
            "gpt-transcribe*": Model(gives=words(""), honours=honours("language", "prompt", "keywords")),
        },
    ),
    translation=replace(TRANSLATION, largest_bytes=LARGEST_BYTES, models={"whisper-1": Model()}),
)
