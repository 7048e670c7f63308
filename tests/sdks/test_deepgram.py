"""The official `deepgram-sdk` against the vendor file of Deepgram."""

from __future__ import annotations

from pkgutil import resolve_name
from typing import Any

from router.vendors.deepgram import FORMATS, VENDOR
from router.wire.transcripts import Segment, Transcript, Word
from tests.sdks.official import official
from tests.sdks.promises import SdkTypePromises
from tests.vendors import test_deepgram as rows
from tests.vendors.evidence import AUDIO, TEXT

deepgram, SDK = official("deepgram", "deepgram-sdk")
CONTENT = b"".join(AUDIO.chunks())


def speak(model: str = "aura-2-thalia-en", **parameters: Any):
    return lambda client: b"".join(
        client.speak.v1.audio.generate(text=TEXT, model=model, **{"encoding": "mp3", **parameters})
    )


def listen(model: str, **parameters: Any):
    return lambda client: client.listen.v1.media.transcribe_file(
        request=CONTENT, model=model, **{"punctuate": True, **parameters}
    )


CALLS = {
    "speech-plain": speak(),
    "speech-opus": speak(encoding="opus", container="ogg"),
    "speech-aac": speak(encoding="aac"),
    "speech-flac": speak(encoding="flac"),
    "speech-wav": speak(encoding="linear16", container="wav"),
    "speech-pcm": speak(encoding="linear16", container="none", sample_rate=24_000),
    "speech-tuned": speak("aura-2-celeste-es", speed=1.25),
    "speech-whole-id": speak("aura-2-zeus-en"),
    "speech-older": speak("aura-luna-en"),
    "speech-flux": lambda client: b"".join(
        client.speak.v2.audio.generate(text=TEXT, model="flux-haley-en", encoding="mp3", speed=0.75, expressivity=1)
    ),
    "speech-extras": speak(bit_rate=32_000, tag=["one", "two"], mip_opt_out=True),
    "transcription-plain": listen("nova-3", detect_language=True),
    "transcription-tuned": listen(
        "nova-3", language="de", keyterm=["Kaffee", "Kuchen"], utterances=True, diarize_model="latest"
    ),
    "transcription-older": listen("nova-2", detect_language=True, keywords=["Kaffee:2", "Kuchen"], utterances=True),
    "transcription-extras": listen(
        "nova-3",
        detect_language=True,
        punctuate=False,
        smart_format=True,
        paragraphs=True,
        utt_split=0.8,
        numerals=True,
        measurements=True,
        dictation=True,
        filler_words=True,
        profanity_filter=True,
        redact="pci",
        replace=["colour:color", "grey:gray"],
        search=["coffee", "cake"],
        summarize="v2",
        topics=True,
        intents=True,
        sentiment=True,
        detect_entities=True,
        custom_topic=["food"],
        custom_topic_mode="strict",
        custom_intent=["order"],
        custom_intent_mode="extended",
        language_hint=["en", "de"],
        tag=["one", "two"],
        extra="call:7",
        mip_opt_out=True,
        version="latest",
    ),
}
AURA_VOICES = {
    voice for row in (VENDOR.speech, *VENDOR.speech.models.values()) for voice in (row.voices or {}).values()
}
METHODS = {
    "speech": [
        resolve_name("deepgram.speak.v1.audio.client:AudioClient.generate"),
        resolve_name("deepgram.speak.v2.audio.client:AudioClient.generate"),
    ],
    "transcription": [resolve_name("deepgram.listen.v1.media.client:MediaClient.transcribe_file")],
}
RAISED = {400: resolve_name("deepgram.errors:BadRequestError")}
VOCABULARY = {
    "voices": (
        {voice for voice in AURA_VOICES if not voice.startswith("flux")},  # those are named nowhere in the SDK
        resolve_name("deepgram.speak.v1.audio.types:AudioGenerateRequestModel"),
    ),
    "encodings": (
        {wire["encoding"] for wire in FORMATS.values()},
        resolve_name("deepgram.speak.v1.audio.types:AudioGenerateRequestEncoding"),
    ),
    "containers": (
        {wire["container"] for wire in FORMATS.values() if "container" in wire},
        resolve_name("deepgram.speak.v1.audio.types:AudioGenerateRequestContainer"),
    ),
}


class TestDeepgram(SdkTypePromises):
    vendor, sdk, calls = "deepgram", SDK, CALLS
    cases, readings, refusals = rows.CASES, rows.READINGS, rows.REFUSALS
    methods = METHODS
    error = resolve_name("deepgram.core.api_error:ApiError")
    raised = RAISED
    vocabulary = VOCABULARY

    def client(self, url: str, key: str) -> Any:
        here = resolve_name("deepgram.environment:DeepgramClientEnvironment")(
            base=url, production=url, agent=url, agent_rest=url
        )
        return deepgram.DeepgramClient(api_key=key, environment=here)

    def heard(self, result: Any) -> Transcript:
        assert isinstance(result, resolve_name("deepgram.types:ListenV1Response"))
        channel = result.results.channels[0]
        best = channel.alternatives[0]
        return Transcript(
            best.transcript,
            channel.detected_language,
            result.metadata.duration,
            words=[
                Word(getattr(word, "punctuated_word", word.word), word.start, word.end, _name(word.speaker))
                for word in best.words
            ],
            segments=[
                Segment(one.transcript, one.start, one.end, _name(one.speaker))
                for one in result.results.utterances or ()
            ],
        )


def _name(speaker: int | None) -> str | None:
    return None if speaker is None else str(speaker)
