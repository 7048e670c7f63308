"""1ni: other people's models behind one key, in India. A preview: keys come by a waiting list.

Source: the vendor's page of documentation, read 2026-11-20. Neither SDK nor OpenAPI document is known.
Prices: that page, 2026, in credits; what one is worth is not published.
Voices: the three presets of that page, 2026. Which model takes which is not documented: `aria` is an ElevenLabs name,
`meera` one of Sarvam's, and `default-en` goes to the rest. Ids of the vendor's own pass.
Proved by: that page (tests/vendors/test_1ni.py); nothing of the vendor's own has sent these requests.
Left out: pcm (its rate is not documented), ogg (its codec is not), `stream` (its form is not), speakers (how they are
told is not; a client may send `diarize`), times, the shape of errors, how long to wait after a 429 (the unit of
`X-RateLimit-Reset` is not documented), cloning, SSML, moods, reference audio, stems (no field is named).
Taken on trust, as the page does not say it: that sound effects and music come as bytes, as speech does, and sound
effects in speech's usual mp3, for they take no format. Of music only `wav` is shown.
The models `caps-*` are those of Caps AI.
"""

from __future__ import annotations

from router.vendors.spec import (
    MP3,
    WAV,
    Draft,
    Json,
    ListenAsk,
    Model,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Transcript,
    Transcription,
    Vendor,
    audio_bytes,
    honours,
    in_credits,
    post,
    transcript,
    words,
)

ELEVEN = {"*": "aria"}
SARVAM = {"*": "meera"}


def speech(ask: SpeechAsk) -> Draft:
    return post(
        "/tts/generate",
        json={
            "model": ask.model,
            "text": ask.text,
            "voice": ask.voice,
            "output_format": ask.format,
            "speed": ask.speed,
        },
    )


def listen(ask: ListenAsk) -> Draft:
    return post("/stt/transcribe", form={"audio": ask.audio, "model": ask.model, "language": ask.language_code})


def sound(ask: SoundAsk) -> Draft:
    return post("/sfx/generate", json={"model": ask.model, "prompt": ask.text, "duration": ask.duration})


def music(ask: SoundAsk) -> Draft:
    return post(
        "/music/generate",
        json={"model": ask.model, "prompt": ask.text, "duration": ask.duration, "output_format": ask.format},
    )


def read(body: Json) -> Transcript:
    return Transcript(text=body["text"])


def thousand(cost: int, voices: dict[str, str] | None = None) -> Model:
    return Model(price=in_credits(per_1m_characters=cost * 1_000), voices=voices)


def minute(cost: int) -> Model:
    return Model(price=in_credits(per_minute=cost))


def piece(cost: int, *, longest_s: int) -> Model:
    return Model(price=in_credits(per_generation=cost), honours=honours(duration=(0, longest_s)))


VENDOR = Vendor(
    name="1ni",
    base_url="https://api.1ni.in/v1",
    closed=words("model text voice output_format stream audio prompt"),
    read="2026-11-20",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={MP3: "mp3_44100", WAV: "wav"},
        honours=honours(speed=(0.5, 2)),
        voices={"*": "default-en"},
        longest=5_000,
        models={
            "eleven-turbo-v2.5": thousand(3, ELEVEN),
            "eleven-multilingual-v2": thousand(5, ELEVEN),
            "sarvam-tts-hi": thousand(2, SARVAM),
            "sarvam-tts-multi": thousand(3, SARVAM),
            "xtts-v2": thousand(1),
            "parler-tts-large": thousand(1),
        },
    ),
    transcription=Transcription(
        request=listen,
        reply=transcript(read),
        honours=honours("language"),
        largest_bytes=25_000_000,  # of the plan Pro; Free takes a fifth, and refuses the rest itself
        extras=words("diarize"),
        models={
            "eleven-scribe-v1": minute(4),
            "sarvam-stt-hi": minute(2),
            "whisper-large-v3": minute(1),
            "whisper-large-v3-turbo": minute(1),
        },
    ),
    sound=Sound(
        request=sound,
        reply=audio_bytes,
        formats={MP3: None},
        honours=honours("duration"),
        models={
            "eleven-sfx-v1": piece(5, longest_s=22),
            "caps-audiogen": piece(3, longest_s=30),
            "audioldm2-large": piece(1, longest_s=10),
        },
    ),
    music=Sound(
        request=music,
        reply=audio_bytes,
        formats={WAV: "wav"},
        honours=honours("duration"),
        models={
            "caps-musicgen-large": piece(8, longest_s=60),
            "musicgen-large": piece(3, longest_s=30),
            "musicgen-melody": piece(3, longest_s=30),
        },
    ),
)
