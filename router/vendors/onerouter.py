"""OneRouter, later renamed Infron: OpenAI's audio models through a reseller, with its key bare in the header.

Source: the vendor's audio and error pages, and a public third-party client (undated).
Proved by: the official SDK `openai`, for which the vendor's samples are written (tests/vendors/test_onerouter.py).
Left out, as the vendor does not state it: prices (unverified), last days of models, sizes, formats but mp3 (made from
it), times, speakers, logprobs, events; `language`, `instructions` and `speed`, which only the third-party client sends;
chat (another host). `/speech/transcriptions` stands in one curl sample alone; all other samples use
`/audio/transcriptions`, and so does this file.
"""

from __future__ import annotations

from router.vendors.openai_like import OPENAI_LIKE, SPEECH, TRANSCRIPTION, TRANSLATION
from router.vendors.spec import MP3, Key, Kind, Model, honours, replace, words

KINDS = {  # a fault while generating comes in a 200, so that its code alone tells; a 403 is moderation's
    "400": Kind.INPUT,
    "401": Kind.KEY,
    "402": Kind.QUOTA,
    "403": Kind.BLOCKED,
    "408": Kind.TRY_AGAIN,
    "429": Kind.BUSY,
}
NOTHING = words("")

VENDOR = replace(
    OPENAI_LIKE,
    name="onerouter",
    base_url="https://audio.onerouter.pro/v1",
    read="2026-11-20",
    auth=Key(prefix=""),  # as documented; the samples for OpenAI's SDK send `Bearer`
    errors=replace(OPENAI_LIKE.errors, kinds=KINDS),
    speech=replace(
        SPEECH,
        formats={MP3: "mp3"},
        honours=honours(),
        voices={
            **{name: name for name in words("alloy ash ballad coral echo fable onyx nova sage shimmer verse")},
            "cedar": "onyx",
            "*": "alloy",
        },
        models={"gpt-4o-mini-tts": Model()},
    ),
    transcription=replace(
        TRANSCRIPTION,
        events=None,
        honours=TRANSLATION.honours,
        gives=NOTHING,
        extras=NOTHING,
        models={"whisper-1": Model(), "gpt-4o-transcribe": Model()},
    ),
    translation=replace(TRANSLATION, gives=NOTHING, models={"whisper-1": Model()}),
    chat=None,
)
