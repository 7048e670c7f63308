"""Groq: Whisper at speed, Orpheus voices. It has no subtitles of its own, which nobody notices behind us.

Source: Python SDK groq 1.7.0; the vendor's model pages (voices, "turbo does not translate", read 2026-11-20).
Prices: the price file of litellm 1.109.1 (November 2026); ten seconds are billed at least.
Languages: the vendor's page of Orpheus, 2026.
Proved by: the official SDK `groq` (tests/vendors/test_groq.py).
Left out: `url` instead of an upload, `sample_rate` (Orpheus: unverified).
"""

from __future__ import annotations

from router.vendors.openai_like import OPENAI_LIKE, SPEECH, TRANSCRIPTION, TRANSLATION
from router.vendors.spec import WAV, Kind, Model, Voice, honours, per_1m_characters, per_hour, replace, words

LARGEST_BYTES = 25 * 2**20 - 4_096  # of the free tier; the form around the file counts
ENGLISH = {
    "alloy": "hannah",
    "ash": "troy",
    "coral": "diana",
    "echo": "austin",
    "fable": "troy",
    "nova": "autumn",
    "onyx": "daniel",
    "cedar": "daniel",
    "verse": "austin",
    "ballad": "troy",
    "*": "hannah",
}
ARABIC = {"onyx": "fahad", "echo": "sultan", "ash": "abdullah", "cedar": "abdullah", "nova": "noura", "*": "lulwa"}
ENGLISH_CAST = {name: Voice(name.title(), "en") for name in ("autumn", "diana", "hannah", "austin", "daniel", "troy")}
ARABIC_CAST = {
    name: Voice(name.title(), "ar-SA") for name in ("abdullah", "fahad", "sultan", "lulwa", "noura", "aisha")
}
ONE_LANGUAGE = honours("language")  # the model's own is what it is asked for, or the call goes elsewhere
LARGE = Model(price=per_hour(0.111, minimum_s=10))
TURBO = Model(price=per_hour(0.04, minimum_s=10))
KINDS = {  # where the status misleads: what our account may not use comes as 400 or 403, a full flex tier as 498
    "model_terms_required": Kind.NO_MODEL,
    "model_permission_blocked_org": Kind.NO_MODEL,
    "model_permission_blocked_project": Kind.NO_MODEL,
    "capacity_exceeded": Kind.BUSY,
}

VENDOR = replace(
    OPENAI_LIKE,
    name="groq",
    base_url="https://api.groq.com/openai/v1",
    read="2026-11-20",
    errors=replace(OPENAI_LIKE.errors, kinds={**OPENAI_LIKE.errors.kinds, **KINDS}),
    closed=words("model file url"),
    speech=replace(
        SPEECH,
        formats={WAV: "wav"},  # the one format that Orpheus is documented to give
        honours=honours(),
        voices=ENGLISH,
        longest=200,
        models={
            "canopylabs/orpheus-v1-english": Model(
                cast=ENGLISH_CAST,
                voice_like="|".join(ENGLISH_CAST),
                languages=words("en"),
                honours=ONE_LANGUAGE,
                price=per_1m_characters(22),
            ),
            "canopylabs/orpheus-arabic-saudi": Model(
                voices=ARABIC,
                cast=ARABIC_CAST,
                voice_like="|".join(ARABIC_CAST),
                languages=words("ar"),
                honours=ONE_LANGUAGE,
                price=per_1m_characters(40),
            ),
        },
    ),
    transcription=replace(
        TRANSCRIPTION,
        gives=words("words segments"),
        largest_bytes=LARGEST_BYTES,
        extras=words(""),
        models={"whisper-large-v3": LARGE, "whisper-large-v3-turbo": TURBO},
    ),
    translation=replace(TRANSLATION, largest_bytes=LARGEST_BYTES, models={"whisper-large-v3": LARGE}),
)
