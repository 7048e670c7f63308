"""The official `sarvamai` SDK against the vendor file of Sarvam AI."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

from router.vendors.sarvam import V2, V2_VOICES, V3, V3_VOICES, VENDOR
from router.wire.transcripts import Segment, Transcript
from tests.sdks.official import official
from tests.sdks.promises import SdkTypePromises
from tests.vendors import test_sarvam as rows
from tests.vendors.evidence import AUDIO, TEXT

sarvamai, SDK = official("sarvamai")
FILE = (AUDIO.name, b"".join(AUDIO.chunks()), AUDIO.content_type)
ONCE = {"max_retries": 0}


def speak(speaker: str, model: str = "bulbul:v3", language: str = "en-IN", codec: str = "mp3", **parameters: Any):
    return lambda client: b"".join(
        client.text_to_speech.convert_stream(
            text=TEXT,
            speaker=speaker,
            model=model,
            language_code=language,
            output_audio_codec=codec,
            request_options=ONCE,
            **parameters,
        )
    )


def listen(model: str, language: str = "unknown", **parameters: Any):
    return lambda client: client.speech_to_text.transcribe(
        file=FILE, model=model, language_code=language, request_options=ONCE, **parameters
    )


def translate(model: str, language: str = "unknown", **parameters: Any):
    """The SDK tells the language that was spoken; what is written is English."""
    call = listen(model, language, mode="translate", **parameters)
    return lambda client: call(client).model_copy(update={"language_code": "en"})


CALLS = {
    "speech-plain": speak("ritu"),
    "speech-tuned": speak("shubh", language="od-IN", pace=1.25),
    "speech-extras": speak("kavitha", **rows.V3_EXTRAS),
    "speech-v2": speak("abhilash", "bulbul:v2", "ta-IN", pace=0.3, **rows.V2_EXTRAS),
    "speech-v4": speak("simran_en_customer", "bulbul:v4-flash"),
    "speech-v4-plain": speak("shubh_enhi_ads", "bulbul:v4-flash"),
    "speech-aac": speak("ritu", codec="aac"),
    "speech-flac": speak("ritu", codec="flac"),
    "speech-wav": speak("ritu", codec="wav"),
    "speech-pcm": speak("ritu", codec="linear16", speech_sample_rate=24_000),
    "transcription-plain": listen("saaras:v3"),
    "transcription-tuned": listen("saaras:v4", "od-IN", with_timestamps=True, keyterms=["New Delhi"]),
    "transcription-times": listen("saaras:v4", with_timestamps=True),
    "transcription-silence": listen("saaras:v3"),
    "transcription-extras": listen("saaras:v3", "hi-IN", **rows.LISTEN_EXTRAS),
    "translation-plain": translate("saaras:v3"),
    "translation-tuned": translate("saaras:v4", "hi-IN", keyterms=["Vistaar"]),
}
TRANSCRIBE = resolve_name("sarvamai.speech_to_text.client:SpeechToTextClient.transcribe")
METHODS = {
    "speech": [resolve_name("sarvamai.text_to_speech.client:TextToSpeechClient.convert_stream")],
    "transcription": [TRANSCRIBE],
    "translation": [TRANSCRIBE],
}
RAISED = {
    400: sarvamai.BadRequestError,
    403: sarvamai.ForbiddenError,
    422: sarvamai.UnprocessableEntityError,
    429: sarvamai.TooManyRequestsError,
    500: sarvamai.InternalServerError,
}
VOCABULARY = {
    "formats": (
        {one["output_audio_codec"] for one in VENDOR.speech.formats.values()},
        resolve_name("sarvamai.types:SpeechStreamCodec"),
    ),
    "speakers": (
        {*V2, *V3, *V2_VOICES.values(), *V3_VOICES.values(), "shubh_enhi_ads"},
        resolve_name("sarvamai.types:TextToSpeechSpeaker"),
    ),
    "models": (set(VENDOR.speech.models), resolve_name("sarvamai.types:TextToSpeechModel")),
    "listeners": (set(VENDOR.transcription.models), resolve_name("sarvamai.types:SpeechToTextModel")),
    "languages": (
        {f"{one}-IN".replace("or-", "od-") for one in VENDOR.speech.languages},
        resolve_name("sarvamai.types:TextToSpeechLanguage"),
    ),
    "heard": (
        {f"{one}-IN".replace("or-", "od-") for one in VENDOR.transcription.languages},
        resolve_name("sarvamai.types:SpeechToTextLanguage"),
    ),
}


class TestSarvam(SdkTypePromises):
    vendor, sdk, calls = "sarvam", SDK, CALLS
    cases, readings, refusals = rows.CASES, rows.READINGS, rows.REFUSALS
    methods = METHODS
    error = resolve_name("sarvamai.core.api_error:ApiError")
    raised = RAISED
    vocabulary = VOCABULARY

    def client(self, url: str, key: str) -> Any:
        place = resolve_name("sarvamai.environment:SarvamAIEnvironment")(base=url, creative=url, production=url)
        return sarvamai.SarvamAI(api_subscription_key=key, environment=place)

    def heard(self, result: Any) -> Transcript:
        assert isinstance(result, sarvamai.SpeechToTextResponse)
        times = result.timestamps
        return Transcript(
            result.transcript,
            result.language_code and result.language_code.replace("od-IN", "or-IN"),
            segments=[
                Segment(*part)
                for part in zip(times.words, times.start_time_seconds, times.end_time_seconds, strict=True)
            ]
            if times
            else [],
        )
