"""Stability AI: Stable Audio makes sound and music of one description. A form without a file; refusals may come as 200.

Source: clients of others and resellers' copies of the vendor's reference, November 2026; no SDK, no OpenAPI was found.
Prices: the same, November 2026: a credit is $0.01. The rate for each step is of `stable-audio-2`, which takes 50.
Proved by: these documents (tests/vendors/test_stability.py); nothing of the vendor's own has sent these requests.
Left out: audio to audio and inpainting (they take a recording), bounds of `steps` and `cfg_scale` (each model has its
own, and the vendor refuses what is beyond), Stable Audio 3 (seen at resellers only). No duration: it makes 190 s.
"""

from __future__ import annotations

from router.vendors.spec import (
    MP3,
    WAV,
    Draft,
    ErrorShape,
    Kind,
    Model,
    Sound,
    SoundAsk,
    Vendor,
    audio_bytes,
    honours,
    in_credits,
    post,
    words,
)


def sound(ask: SoundAsk) -> Draft:
    return post(
        "/audio/stable-audio-2/text-to-audio",  # whichever the model
        headers={"accept": "audio/*"},  # else audio as base64 in JSON
        form={
            "prompt": ask.text,
            "model": ask.model,
            "duration": ask.duration,
            "seed": ask.seed,
            "output_format": ask.format,
        },
    )


SOUND = Sound(
    request=sound,
    reply=audio_bytes,
    formats={MP3: "mp3", WAV: "wav"},
    honours=honours(duration=(1, 190), seed=(0, 4_294_967_294)),
    longest=10_000,
    extras=words("steps cfg_scale"),
    models={
        "stable-audio-2.5": Model(price=in_credits(0.01, per_generation=20)),
        "stable-audio-2": Model(price=in_credits(0.01, per_generation=17, per_step=0.06), steps=50),
    },
)

VENDOR = Vendor(
    name="stability",
    base_url="https://api.stability.ai/v2beta",
    errors=ErrorShape(
        message="errors.0|header:finish-reason",
        code="name|header:finish-reason",
        ok=frozenset({"SUCCESS"}),
        kinds={"content_moderation": Kind.BLOCKED, "CONTENT_FILTERED": Kind.BLOCKED},
    ),
    closed=words("prompt model output_format"),
    read="2026-11-20",
    sound=SOUND,
    music=SOUND,
)
