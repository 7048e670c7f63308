"""Parler-TTS behind parler-tts-server: OpenAI's wire, but a voice is a description of it, in a sentence.

A client may describe one itself; instructions are put behind it, as part of the same description. The server writes
every answer to one file on its disk, where the next one may write over it: say `concurrency: 1` in the table.
Source: the server's own code (commit 148ceba, June 2024) and README, which has the port. It has no key.
Voices: sentences of our own in the words of Parler-TTS's README, 2024; the speakers of `parler-tts-mini-expresso`, and
the form of a sentence on them, by its model card, 2024. Where a description names no speaker of the model's, each
answer, and each piece of a long text, may have another voice that fits it.
Languages: English, by the cards of the two models that the server's README names, 2024.
Limits: 30 s of sound are what the models were trained on (their maintainers, 2024), and users of the server heard it
break off after 15 to 20 (its issue 1, 2024). No number of characters is documented: the one here takes about 20 s.
Proved by: that code (tests/vendors/test_parler_tts.py).
Left out: `speed` (the server takes it, warns, and speaks as ever); opus, aac and pcm (which do not work, it says).
Later models of 2024, and other people's, have no row: the server loads whatever Hugging Face has, if it can. One that
it cannot load is a bare 500, as any other failure.
"""

from __future__ import annotations

from router.vendors.spec import (
    FLAC,
    MP3,
    WAV,
    Draft,
    ErrorShape,
    Model,
    Speech,
    SpeechAsk,
    Vendor,
    audio_bytes,
    honours,
    post,
    replace,
    words,
)

ENGLISH = Model(languages=words("en"), honours=honours("instructions", "language"))
MEN = ("ash", "ballad", "cedar", "echo", "onyx", "verse")
BRIGHT = ("coral", "nova", "shimmer")
EXPRESSO = {
    **dict.fromkeys(MEN, "Thomas speaks with high quality audio."),
    **dict.fromkeys(("cedar", "onyx"), "Jerry speaks with high quality audio."),
    **dict.fromkeys(BRIGHT, "Elisabeth speaks with high quality audio."),
    "*": "Talia speaks with high quality audio.",
}


def described(speaker: str, pitch: str) -> str:
    their = "his" if speaker == "male" else "her"
    return f"A {speaker} speaker with a {pitch} voice delivers {their} words quite expressively and with clear audio."


def speech(ask: SpeechAsk) -> Draft:
    return post(
        "/audio/speech",
        json={
            "model": ask.model,
            "input": ask.text,
            "voice": f"{ask.voice.rstrip(' .')}. {ask.instructions}" if ask.instructions else ask.voice,
            "response_format": ask.format,
        },
    )


VENDOR = Vendor(
    name="parler-tts",
    base_url="http://127.0.0.1:8000/v1",
    auth=None,
    errors=ErrorShape(message="detail|detail.0.msg"),
    closed=words("model *"),  # there is no other field
    read="2026-11-20",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={WAV: "wav", FLAC: "flac", MP3: "mp3"},
        honours=honours("instructions"),
        voices={
            **dict.fromkeys(MEN, described("male", "low-pitched")),
            "onyx": described("male", "very low-pitched"),
            **dict.fromkeys(BRIGHT, described("female", "slightly high-pitched")),
            "*": described("female", "slightly low-pitched"),
        },
        voice_like=r".*\S\s+\S.*",  # one word is some other vendor's voice, and would be read as a description
        longest=300,
        models={
            "parler-tts/parler-tts-mini-expresso": replace(ENGLISH, voices=EXPRESSO),
            "parler-tts/parler_tts_mini_v0.1": ENGLISH,
        },
        patience_s=120,  # all of the sound is made before any is sent; and a model is loaded when it is first asked for
    ),
)
