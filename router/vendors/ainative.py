"""AINative Studio: all audio is base64 in a JSON document, in a format that the vendor chooses and tells afterwards.

Source: the vendor's pages of the audio and the multimodal API, read 2026-11-20. No SDK and no
OpenAPI document of it is known.
Prices: those pages, 2026, in credits; what one is worth is not published. A minute heard is "about" 6, each answer says
what it was; of `/audio/tts` ("free tier") and of music no figure is printed.
Voices: the one that those pages name, 2026; gender by its name. Others pass to MiniMax as they are; what
`voice` takes at models of Hugging Face is not documented, and it is not sent there.
Languages: English, by the name of Meta's checkpoint, 2026.
Proved by: those pages (tests/vendors/test_ainative.py); nothing of the vendor's own has sent these requests.
Left out: times (there is no verbose_json), the shape of errors (not documented: the status tells, and words are taken
from where servers have them), the storing of audio (no field is named). `minimax-tts` is this router's name for
`/multimodal/tts`, which takes no model.
Taken on trust: that `/audio/tts` answers in wav (documented: "wav or mp3") and music in mp3 (not documented); what
comes is looked at, and taken for what it is.
"""

from __future__ import annotations

from base64 import b64decode
from math import ceil

from router.vendors.spec import (
    MP3,
    WAV,
    Draft,
    ErrorShape,
    Json,
    ListenAsk,
    Model,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Transcript,
    Transcription,
    Unit,
    Vendor,
    Voice,
    audio_json,
    honours,
    in_credits,
    post,
    replace,
    transcript,
    words,
)

PATHS = {"minimax-tts": "/multimodal/tts"}  # of speech that is chosen by its path, and has voices
WHISPER = {"whisper-1": Model(price=in_credits(per_minute=6))}


def speech(ask: SpeechAsk) -> Draft:
    path = PATHS.get(ask.model)
    chosen = {"voice": ask.voice} if path else {"model_id": ask.model}
    return post(path or "/audio/tts", json={"text": ask.text, **chosen})


def music(ask: SoundAsk) -> Draft:
    duration = None if ask.duration is None else ceil(ask.duration)  # whole seconds, and no less than asked for
    return post("/audio/music", json={"prompt": ask.text, "model_id": ask.model, "duration": duration})


def transcribe(ask: ListenAsk) -> Draft:
    return listen("/audio/transcriptions", ask)


def translate(ask: ListenAsk) -> Draft:
    return listen("/audio/translations", ask)


def listen(url: str, ask: ListenAsk) -> Draft:
    return post(
        url,
        form={
            "file": ask.audio,
            "model": ask.model,
            "language": ask.language_code,
            "prompt": ask.prompt,
            "response_format": "json",  # else it is text
            "temperature": ask.temperature,
        },
    )


def read(body: Json) -> Transcript:
    return Transcript(text=body["text"], language=body.get("language"), duration=body.get("duration_seconds"))


def read_english(body: Json) -> Transcript:
    return replace(read(body), language="en")  # the vendor says which one was spoken


def read_audio(body: Json) -> bytes:
    return b64decode(body["audio_base64"], validate=True)


LISTENING = Transcription(
    request=transcribe,
    reply=transcript(read),
    honours=honours("language", "prompt", temperature=(0, 1)),
    largest_bytes=25_000_000,
    models=WHISPER,
)
VENDOR = Vendor(
    name="ainative",
    base_url="https://api.ainative.studio/api/v1",
    errors=ErrorShape(message="error.message|error|message|detail|detail.0.msg"),
    billed={Unit.CREDIT: "cost_credits|credits_used", Unit.SECOND: "duration_seconds"},
    closed=words("model model_id text voice file response_format"),
    read="2026-11-20",
    speech=Speech(
        request=speech,
        reply=audio_json(read_audio),
        formats={WAV: None},
        voices={"*": "default"},
        voice_like="default",
        longest=5_000,
        patience_s=60,  # it comes whole
        models={
            "facebook/mms-tts-eng": Model(languages=words("en"), honours=honours("language"), price=in_credits()),
            "minimax-tts": Model(
                formats={MP3: None},
                voices={"*": "Wise_Woman"},
                voice_like=".+",
                cast={"Wise_Woman": Voice("Wise Woman", gender="female")},
                price=in_credits(per_generation=14),
            ),
        },
    ),
    transcription=LISTENING,
    translation=replace(LISTENING, request=translate, reply=transcript(read_english)),
    music=Sound(
        request=music,
        reply=audio_json(read_audio),
        formats={MP3: None},
        honours=honours(duration=(5, 60)),
        longest=500,
        models={"minimax-music-v2": Model(price=in_credits())},
    ),
)
