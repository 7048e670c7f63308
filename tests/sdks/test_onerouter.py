"""The official `openai` SDK, for which OneRouter's samples are written, against its vendor file."""

from __future__ import annotations

from typing import Any, get_type_hints

from router.vendors.onerouter import VENDOR
from router.wire.transcripts import Transcript
from tests.sdks import openai_like
from tests.sdks.official import official
from tests.sdks.promises import SdkTypePromises
from tests.vendors import test_onerouter as rows
from tests.vendors.evidence import AUDIO, TEXT, error_of

openai, SDK = official("openai")
FILE = (AUDIO.name, b"".join(AUDIO.chunks()), AUDIO.content_type)


def speak(voice: str):
    return lambda client: (
        client.audio.speech.create(input=TEXT, model="gpt-4o-mini-tts", voice=voice, response_format="mp3").content
    )


def listen(model: str, **parameters: Any):
    return lambda client: client.audio.transcriptions.create(
        file=FILE, model=model, response_format="json", **parameters
    )


def translate(**parameters: Any):
    return lambda client: client.audio.translations.create(
        file=FILE, model="whisper-1", response_format="json", **parameters
    )


CALLS = {
    "speech-plain": speak("alloy"),
    "speech-dropped": speak("coral"),
    "transcription-plain": listen("gpt-4o-transcribe"),
    "transcription-tuned": listen("whisper-1", prompt="Kaffee, Kuchen", temperature=0.2),
    "translation-plain": translate(),
    "translation-tuned": translate(prompt="A trip.", temperature=0.2),
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
    429: openai.RateLimitError,
    502: openai.InternalServerError,
    503: openai.InternalServerError,
}
VOCABULARY = {
    "formats": (
        set(VENDOR.speech.formats.values()),
        get_type_hints(openai.types.audio.SpeechCreateParams)["response_format"],
    ),
    "speech models": (set(VENDOR.speech.models), openai.types.audio.SpeechModel),
    "listening models": (set(VENDOR.transcription.models), openai.types.AudioModel),
}
REFUSALS = [one for one in rows.REFUSALS if error_of("onerouter", one.name).status >= 300]  # no SDK sees the rest


class TestOneRouter(SdkTypePromises):
    vendor, sdk, calls = "onerouter", SDK, CALLS
    cases, readings, refusals = rows.CASES, rows.READINGS, REFUSALS
    methods = METHODS
    error = openai.APIStatusError
    raised = RAISED
    vocabulary = VOCABULARY

    def client(self, url: str, key: str) -> Any:
        """Its own `Bearer` is taken off the key, as the vendor documents it for whoever writes the header himself."""
        bare = {"Authorization": key}
        return openai.OpenAI(api_key=key, base_url=f"{url}/v1", max_retries=0, default_headers=bare)

    def heard(self, result: Any) -> Transcript:
        return openai_like.heard(result)
