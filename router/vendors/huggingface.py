"""Hugging Face's own inference: the model is the path, and fixes language, voice and format; 503 is a cold model.

Source: Python SDK huggingface_hub 2.4.0, whose types are those of @huggingface/tasks (November 2026).
Languages: that of `facebook/mms-tts-eng`, by its name; each of `facebook/mms-tts-*` has its own. Read 2026-11-20.
Proved by: the official SDK `huggingface_hub` (tests/vendors/test_huggingface.py). It has no call for sound and music,
whose body is that of its type `TextToAudioInput`.
Left out: prices (unverified); translation and the language of a transcription (unverified); `duration` of all but
MusicGen, whose upper bound is not documented; which models answer with wav in place of flac (nobody can choose, and the
bytes tell which came); `estimated_time` of a cold model (the wait is read from headers only);
`X-HF-Bill-To`; other vendors behind the same router, which speak their own wires; whatever Whisper needs beyond 30 s of
audio, which users saw refused. `return_timestamps: "word"` is documented, and a boolean in the types: see `read`.
Dedicated endpoints: no mere other `base_url`: they take the same bodies at the root of their address, without a model.
"""

from __future__ import annotations

from math import ceil

from router.vendors.spec import (
    FLAC,
    Draft,
    ErrorShape,
    Json,
    Kind,
    ListenAsk,
    Model,
    Segment,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Transcript,
    Transcription,
    Unit,
    Vendor,
    Word,
    audio_bytes,
    base64_of,
    honours,
    path_of,
    post,
    transcript,
    words,
)

TOKENS_A_SECOND = 50  # of MusicGen, "about"
OTHERS = ("parler-tts/parler-tts-large-v1", "coqui/XTTS-v2", "hexgrad/Kokoro-82M", "facebook/mms-tts-*")
PARAMETERS = words("parameters")  # all of a client's own fields belong in there


def at(model: str) -> str:
    return f"/models/{path_of(model)}"


def speech(ask: SpeechAsk) -> Draft:
    return post(at(ask.model), json={"inputs": ask.text}, defaults={"parameters": {}})  # empty, as the SDK sends it


def sound(ask: SoundAsk) -> Draft:
    length = {"max_new_tokens": ceil(ask.duration * TOKENS_A_SECOND)} if ask.duration else None
    return post(at(ask.model), json={"inputs": ask.text, "parameters": length and {"generation_parameters": length}})


def listen(ask: ListenAsk) -> Draft:
    """The bare file, as long as there is nothing to say about it."""
    if not ask.wants and ask.temperature is None and not ask.options:
        return post(at(ask.model), body=ask.audio, extras=None)
    parameters = {
        "return_timestamps": "word" if "words" in ask.wants else True if ask.wants else None,
        "generation_parameters": {"temperature": ask.temperature},
    }
    return post(at(ask.model), json={"inputs": base64_of(ask.audio), "parameters": parameters})


def read(body: Json) -> Transcript:
    """Words and segments come in the same shape: what holds no space anywhere can serve as words, all else cannot."""
    chunks = [(chunk["text"].strip(), *_times(*chunk["timestamp"])) for chunk in body.get("chunks") or ()]
    if any(" " in text for text, _, _ in chunks):
        return Transcript(body["text"].strip(), segments=[Segment(*chunk) for chunk in chunks])
    return Transcript(body["text"].strip(), words=[Word(*chunk) for chunk in chunks])


def _times(start: float, end: float | None) -> tuple[float, float]:
    """Whisper leaves the last end open where the audio breaks off in a word."""
    return start, start if end is None else end


VENDOR = Vendor(
    name="huggingface",
    base_url="https://router.huggingface.co/hf-inference",
    errors=ErrorShape(
        message="error|error.0",  # a text, or a list of them
        by_status={503: Kind.TRY_AGAIN},  # the model is being loaded: no failure of the vendor's
    ),
    billed={Unit.COMPUTE_SECOND: "header:x-compute-time"},
    closed=words("model inputs"),
    read="2026-11-20",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={FLAC: None},
        voices={"*": "default"},  # there is no field for one
        voice_like="default",
        patience_s=60,  # the first byte comes with the last
        extras=PARAMETERS,
        models={
            "facebook/mms-tts-eng": Model(languages=words("en"), honours=honours("language")),
            **{model: Model() for model in OTHERS},
        },
        proof="sdk",
    ),
    transcription=Transcription(
        request=listen,
        reply=transcript(read),
        gives=words("words segments"),
        honours=honours("temperature"),
        models={"openai/whisper-large-v3": Model(), "openai/whisper-large-v3-turbo": Model()},
        proof="sdk",  # `parameters` passes undeclared, under ours
    ),
    sound=Sound(
        request=sound,
        reply=audio_bytes,
        formats={FLAC: None},
        extras=PARAMETERS,
        models={"facebook/audiogen-medium": Model(), "cvssp/audioldm2*": Model()},
    ),
    music=Sound(
        request=sound,
        reply=audio_bytes,
        formats={FLAC: None},
        extras=PARAMETERS,
        models={"facebook/musicgen-*": Model(honours=honours("duration")), "cvssp/audioldm2*": Model()},
    ),
)
