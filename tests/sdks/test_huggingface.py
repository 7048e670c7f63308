"""The official `huggingface_hub` against the vendor file of Hugging Face. It has no call for sound and music."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any, Literal

import pytest

from router.wire.transcripts import Segment, Transcript, Word
from tests.sdks.loopback import Loopback
from tests.sdks.official import official
from tests.sdks.promises import SdkTypePromises
from tests.vendors import test_huggingface as rows
from tests.vendors.evidence import AUDIO, TEXT

huggingface_hub, SDK = official("huggingface_hub")
HF_INFERENCE = "huggingface_hub.inference._providers.hf_inference"
TASKS = resolve_name("huggingface_hub.inference._providers:PROVIDERS")["hf-inference"]
ERROR = resolve_name("huggingface_hub.errors:HfHubHTTPError")
CONTENT = b"".join(AUDIO.chunks())


def speak(model: str = rows.ENGLISH, **parameters: Any):
    return lambda client: client.text_to_speech(TEXT, model=model, **parameters)


def listen(model: str = rows.WHISPER, **parameters: Any):
    return lambda client: client.automatic_speech_recognition(CONTENT, model=model, extra_body=parameters)


CALLS = {
    "speech-plain": speak(),
    "speech-other": speak("facebook/mms-tts-deu"),
    "speech-extras": speak(top_k=5, extra_body={"generation_parameters": {"do_sample": True}}),
    "transcription-plain": listen(),
    "transcription-silence": listen(),
    "transcription-words": listen(rows.TURBO, return_timestamps="word"),
    "transcription-segments": listen(return_timestamps=True, generation_parameters={"temperature": 0.2}),
    "transcription-extras": listen(generation_parameters={"num_beams": 2}),
    "transcription-all": listen(
        rows.TURBO, return_timestamps="word", generation_parameters={"num_beams": 2, "temperature": 0.2}
    ),
}
METHODS = {
    "speech": [huggingface_hub.TextToSpeechInput],
    "transcription": [huggingface_hub.AutomaticSpeechRecognitionInput],
    "sound": [huggingface_hub.TextToAudioInput],
    "music": [huggingface_hub.TextToAudioInput],
}


def fields_of(name: str) -> Any:
    """What a type of the SDK has, as its literals would be."""
    return Literal[tuple(getattr(huggingface_hub, name).__dataclass_fields__)]


VOCABULARY = {
    "heard": ({"return_timestamps", "generation_parameters"}, fields_of("AutomaticSpeechRecognitionParameters")),
    "heard within": ({"temperature"}, fields_of("AutomaticSpeechRecognitionGenerationParameters")),
    "played": ({"generation_parameters"}, fields_of("TextToAudioParameters")),
    "played within": ({"max_new_tokens"}, fields_of("TextToAudioGenerationParameters")),
}


class TestHuggingFace(SdkTypePromises):
    vendor, sdk, calls = "huggingface", SDK, CALLS
    cases, refusals = rows.CASES, rows.REFUSALS
    readings = [one for one in rows.READINGS if one.name in CALLS]  # noqa: RUF012 - a ClassVar of the base
    methods, vocabulary = METHODS, VOCABULARY
    error = ERROR
    raised = {400: resolve_name("huggingface_hub.errors:BadRequestError")}  # noqa: RUF012 - as above

    @pytest.fixture(autouse=True)
    def _at_loopback(self, loopback: Loopback, monkeypatch: pytest.MonkeyPatch) -> None:
        """The SDK's address is a constant, and before a call it asks another host what the model is for."""
        monkeypatch.setattr(f"{HF_INFERENCE}._check_supported_task", lambda _model, _task: None)
        for task in ("text-to-speech", "automatic-speech-recognition"):
            monkeypatch.setattr(TASKS[task], "base_url", f"{loopback.url}/hf-inference")

    def client(self, url: str, key: str) -> Any:
        return huggingface_hub.InferenceClient(provider="hf-inference", api_key=key)

    def heard(self, result: Any) -> Transcript:
        assert isinstance(result, huggingface_hub.AutomaticSpeechRecognitionOutput)
        chunks = [(one.text.strip(), *one.timestamp) for one in result.chunks or ()]
        chunks = [(text, start, start if end is None else end) for text, start, end in chunks]
        has_words = not any(" " in text for text, _, _ in chunks)
        return Transcript(
            result.text.strip(),
            words=[Word(*one) for one in chunks] if has_words else [],
            segments=[] if has_words else [Segment(*one) for one in chunks],
        )

    def _call(self, name: str, loopback: Loopback) -> Any:
        try:
            return super()._call(name, loopback)
        except ERROR as error:
            error.status_code = error.response.status_code
            raise
