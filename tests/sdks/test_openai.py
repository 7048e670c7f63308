"""The official `openai` SDK against the vendor file of OpenAI."""

from __future__ import annotations

from typing import Any, get_type_hints

from router.vendors.openai import VENDOR
from router.vendors.openai_like import VOICES
from router.wire.transcripts import Delta, Segment, Transcript
from tests.sdks import openai_like
from tests.sdks.official import official
from tests.sdks.promises import SdkTypePromises
from tests.vendors import test_openai as rows
from tests.vendors.evidence import AUDIO, TEXT

openai, SDK = official("openai")
FILE = (AUDIO.name, b"".join(AUDIO.chunks()), AUDIO.content_type)


def speak(**parameters: Any):
    return lambda client: client.audio.speech.create(**{"input": TEXT, "voice": "alloy", **parameters}).content


def listen(model: str, response_format: str = "json", **parameters: Any):
    return lambda client: client.audio.transcriptions.create(
        file=FILE, model=model, response_format=response_format, **parameters
    )


def translate(response_format: str, **parameters: Any):
    return lambda client: client.audio.translations.create(
        file=FILE, model="whisper-1", response_format=response_format, **parameters
    )


DIARIZE = "gpt-4o-transcribe-diarize"
CALLS = {
    "speech-plain": speak(model="tts-1", response_format="mp3"),
    "speech-tuned": speak(
        model="gpt-4o-mini-tts",
        voice="coral",
        response_format="mp3",
        speed=1.25,
        instructions="Speak like a friendly guide.",
    ),
    "speech-own-voice": speak(model="gpt-4o-mini-tts", voice={"id": "voice_1234"}, response_format="mp3"),
    **{
        f"speech-{name}": speak(model="tts-1-hd", response_format=name)
        for name in ("opus", "aac", "flac", "wav", "pcm")
    },
    "transcription-plain": listen("whisper-1"),
    "transcription-tuned": listen("whisper-1", language="de", prompt="Kaffee, Kuchen", temperature=0.2),
    "transcription-words": listen("whisper-1", "verbose_json", timestamp_granularities=["word"]),
    "transcription-segments": listen("whisper-1", "verbose_json", timestamp_granularities=["segment"]),
    "transcription-times": listen("whisper-1", "verbose_json", timestamp_granularities=["segment", "word"]),
    "transcription-logprobs": listen("gpt-4o-transcribe", include=["logprobs"]),
    "transcription-speakers": listen(
        DIARIZE, "diarized_json", chunking_strategy="auto", language="en", temperature=0.5
    ),
    "transcription-captions": listen(DIARIZE, "diarized_json", chunking_strategy="auto"),
    "transcription-known-speakers": listen(
        DIARIZE,
        "diarized_json",
        chunking_strategy={"type": "server_vad", "threshold": 0.5},
        known_speaker_names=["agent", "customer"],
        known_speaker_references=["data:audio/wav;base64,QUFB", "data:audio/wav;base64,QkJC"],
    ),
    "speech-events": speak(model="gpt-4o-mini-tts", response_format="mp3", stream_format="sse"),
    "transcription-events": listen("gpt-4o-transcribe", include=["logprobs"], stream=True),
    "transcription-speaker-events": listen(DIARIZE, "diarized_json", chunking_strategy="auto", stream=True),
    "transcription-keywords": listen(
        "gpt-transcribe", languages=["de"], prompt="Ein Café.", keywords=["Kaffee", "Kuchen"]
    ),
    "translation-plain": translate("json"),
    "translation-tuned": translate("verbose_json", prompt="A trip.", temperature=0.2),
}
METHODS = {
    "speech": [openai.resources.audio.Speech.create],
    "transcription": [openai.resources.audio.Transcriptions.create],
    "translation": [openai.resources.audio.Translations.create],
}
RAISED = {
    400: openai.BadRequestError,
    401: openai.AuthenticationError,
    403: openai.PermissionDeniedError,
    404: openai.NotFoundError,
    429: openai.RateLimitError,
    500: openai.InternalServerError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
}
VOCABULARY = {
    "voices": (set(VOICES), get_type_hints(openai.types.audio.SpeechCreateParams)["voice"]),
    "formats": (
        set(VENDOR.speech.formats.values()),
        get_type_hints(openai.types.audio.SpeechCreateParams)["response_format"],
    ),
    "speech models": ({name.rstrip("-*") for name in VENDOR.speech.models}, openai.types.audio.SpeechModel),
    "listening models": ({name.rstrip("-*") for name in VENDOR.transcription.models}, openai.types.AudioModel),
}


class TestOpenAI(SdkTypePromises):
    vendor, sdk, calls = "openai", SDK, CALLS
    cases, readings, refusals = rows.CASES, rows.READINGS, rows.REFUSALS
    methods = METHODS
    error = openai.APIStatusError
    raised = RAISED
    vocabulary = VOCABULARY

    def client(self, url: str, key: str) -> Any:
        return openai.OpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0)

    def heard(self, result: Any) -> Transcript:
        return openai_like.heard(result)

    def part(self, event: Any) -> Delta | Segment:
        return openai_like.part(event)
