"""The embedded default: programs of our own on this machine instead of a company's servers. A draft names the program.

espeak-ng speaks (robotic), pocketsphinx writes English down (approximate); both come with the extra `local`.
Source: espeak-ng 1.52 (`speak_lib.h`), pocketsphinx 5; their programs are in `router/engines`.
Voices: the files of espeak-ng's variants, which name a gender. Prices: none, they run here.
Languages: the model that pocketsphinx 5.1 brings is of English.
Proved by: the programs themselves (tests/vendors/test_local.py).
"""

from __future__ import annotations

from router.vendors.spec import (
    Draft,
    Json,
    ListenAsk,
    Model,
    Speech,
    SpeechAsk,
    Transcript,
    Transcription,
    Unit,
    Vendor,
    Voice,
    Word,
    audio_bytes,
    free,
    honours,
    pcm,
    post,
    transcript,
    words,
)

WORDS_A_MINUTE = 175  # espeak-ng's normal rate; 80 to 450 is what it takes
VARIANTS = {  # espeak-ng's variants of one voice, so that thirteen names sound different
    "alloy": "+f1",
    "ash": "+m1",
    "ballad": "+m2",
    "coral": "+f2",
    "echo": "+m3",
    "fable": "+m4",
    "onyx": "+m7",
    "nova": "+f3",
    "sage": "+f4",
    "shimmer": "+f5",
    "verse": "+m5",
    "marin": "+Annie",
    "cedar": "+m6",
}
CAST = {
    **{f"+f{number}": Voice(f"female{number}", gender="female") for number in range(1, 6)},
    **{f"+m{number}": Voice(f"male{number}", gender="male") for number in range(1, 8)},
    "+Annie": Voice("Annie", gender="female"),
}


def speech(ask: SpeechAsk) -> Draft:
    language = ask.language or "en-us"
    return post(
        "espeak-ng",
        extras=None,
        json={
            "text": ask.text,
            "voice": f"{language}{ask.voice}" if ask.voice.startswith("+") else ask.voice,
            "rate": None if ask.speed is None else round(WORDS_A_MINUTE * ask.speed),
        },
    )


def transcribe(ask: ListenAsk) -> Draft:
    return post("pocketsphinx", extras=None, body=ask.audio)


def read(body: Json) -> Transcript:
    return Transcript(body["text"], "en", body["duration"], [Word(*word) for word in body["words"]])


VENDOR = Vendor(
    name="local",
    base_url="",
    auth=None,
    transport="processes",
    closed=words("*"),
    requires=("espeakng_loader", "pocketsphinx"),
    knows_all_models=True,
    billed={Unit.SECOND: "duration"},
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={pcm(22_050): None},
        voices=VARIANTS,
        cast=CAST,
        voice_like=r"[a-z]{2,3}(-[a-z0-9]+)*(\+[A-Za-z]+[0-9]?)?",
        honours=honours("language", speed=(0.46, 2.57)),
        models={"espeak-ng": Model(price=free)},
    ),
    transcription=Transcription(
        request=transcribe,
        reply=transcript(read),
        gives=words("words"),
        languages=words("en"),
        honours=honours("language"),  # English is what it is asked for, or the call goes elsewhere
        models={"pocketsphinx": Model(price=free)},
    ),
)
