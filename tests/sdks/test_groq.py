"""The official `groq` SDK against the vendor file of Groq."""

from __future__ import annotations

from typing import Any, get_type_hints

from router.vendors.groq import VENDOR
from router.wire.transcripts import Transcript
from tests.sdks import openai_like
from tests.sdks.official import official
from tests.sdks.promises import SdkTypePromises
from tests.vendors import test_groq as rows
from tests.vendors.evidence import AUDIO, TEXT

groq, SDK = official("groq")
FILE = (AUDIO.name, b"".join(AUDIO.chunks()), AUDIO.content_type)


def speak(**parameters: Any):
    return lambda client: client.audio.speech.create(input=TEXT, response_format="wav", **parameters).read()


def listen(model: str, response_format: str = "json", **parameters: Any):
    return lambda client: client.audio.transcriptions.create(
        file=FILE, model=model, response_format=response_format, **parameters
    )


def translate(response_format: str, **parameters: Any):
    return lambda client: client.audio.translations.create(
        file=FILE, model="whisper-large-v3", response_format=response_format, **parameters
    )


CALLS = {
    "speech-plain": speak(model="canopylabs/orpheus-v1-english", voice="hannah"),
    "speech-dropped": speak(model="canopylabs/orpheus-arabic-saudi", voice="lulwa"),
    "transcription-plain": listen("whisper-large-v3-turbo"),
    "transcription-tuned": listen("whisper-large-v3", language="de", prompt="Kaffee, Kuchen", temperature=0.2),
    "transcription-times": listen(
        "whisper-large-v3-turbo", "verbose_json", timestamp_granularities=["segment", "word"]
    ),
    "translation-plain": translate("json"),
    "translation-tuned": translate("verbose_json", prompt="A trip.", temperature=0.2),
}
METHODS = {
    "speech": [groq.resources.audio.Speech.create],
    "transcription": [groq.resources.audio.Transcriptions.create],
    "translation": [groq.resources.audio.Translations.create],
}
RAISED = {
    400: groq.BadRequestError,
    401: groq.AuthenticationError,
    403: groq.PermissionDeniedError,
    404: groq.NotFoundError,
    422: groq.UnprocessableEntityError,
    429: groq.RateLimitError,
    500: groq.InternalServerError,
}
VOCABULARY = {
    "formats": (
        set(VENDOR.speech.formats.values()),
        get_type_hints(groq.types.audio.SpeechCreateParams)["response_format"],
    ),
    "listening models": (
        set(VENDOR.transcription.models),
        get_type_hints(groq.types.audio.TranscriptionCreateParams)["model"],
    ),
}


class TestGroq(SdkTypePromises):
    vendor, sdk, calls = "groq", SDK, CALLS
    cases, readings, refusals = rows.CASES, rows.READINGS, rows.REFUSALS
    methods = METHODS
    error = groq.APIStatusError
    raised = RAISED
    vocabulary = VOCABULARY

    def client(self, url: str, key: str) -> Any:
        return groq.Groq(api_key=key, base_url=url, max_retries=0)

    def heard(self, result: Any) -> Transcript:
        return openai_like.heard(result)
