"""Suno's songs by the wire of a reseller, sunoapi.org, which others speak as well: Suno itself has no public API.

Source: the vendor's pages on making music, on its details and its codes, read 2026-11-20, copies of them 2026-11-26.
Proved by: these pages (tests/vendors/test_suno_like.py); there is no SDK, nothing of the vendor's has sent these.
The callback: the vendor wants an address to call, and kie.ai refuses a request without (422; a third-party client's
release notes, June 2026). We ask ourselves and have none, so it is given one that no host can ever have (RFC 2606), and
nobody else hears of the song. That client's placeholder works; where ours does not, a target's `options: {callBackUrl:
…}` names another. A client never does. A task that could not call anybody (`CALLBACK_EXCEPTION`) goes on all the same,
and may say so from its first call, before there is a song: it is asked until there is one, or another state.
Modes: lyrics choose the custom one. Beside a description alone the vendor wants its fields empty (kie.ai refuses them,
by that client's notes), so title, tags, voice, persona and weights are left out then, whoever set them. The client is
not told: which fields are dropped and named is settled without a look at the lyrics.
Unsure: the hosts of results are not documented, so the table must name them (`result_hosts:`). A description may have
400 characters, by newer pages 500. Beside lyrics a title is required, so there is one that a client may change.
Left out: prices (unverified), the second of the two songs, the limits beside lyrics (3,000 characters of them for V4,
else 5,000; 200 or 1,000 of style: the vendor refuses what is longer), extending, covers, sounds, wav. kie.ai is this
wire at another `base_url`, which its own pages call the older one by now. The self-hosted wrapper of gcui-art and
evolink speak other wires.
"""

from __future__ import annotations

from router.vendors.spec import (
    MP3,
    ErrorShape,
    Job,
    Kind,
    Model,
    Sound,
    SoundAsk,
    Steps,
    Vendor,
    audio_bytes,
    get,
    honours,
    post,
    words,
)

NOBODY = "https://callback.invalid/"
UNCALLED = "callback_exception"
CUSTOM = words("title negativeTags vocalGender styleWeight weirdnessConstraint audioWeight personaId")
JOB = Job(
    "data.status",
    queued=words("pending"),
    running=words("text_success first_success"),
    done=words("success") | {UNCALLED},
    why="data.errorMessage",
    kinds={"sensitive_word_error": Kind.BLOCKED},
    every_s=5,
)


def music(ask: SoundAsk) -> Steps:
    is_custom = bool(ask.lyrics)
    own = {name: value for name, value in ask.options.items() if is_custom or name not in CUSTOM}
    made = yield post(
        "/api/v1/generate",
        json={
            "callBackUrl": NOBODY,
            "title": "Untitled" if is_custom else None,
            **own,
            "model": ask.model,
            "customMode": is_custom,
            "instrumental": bool(ask.instrumental),
            "prompt": ask.lyrics or ask.text,
            "style": ask.text if is_custom else None,
        },
        extras=None,
    )
    poll = get("/api/v1/generate/record-info", query={"taskId": made["data"]["taskId"]})
    while True:
        told = (yield from JOB.wait(poll))["data"]
        songs = [url for song in (told["response"] or {}).get("sunoData") or () if (url := song.get("audioUrl"))]
        if songs or told["status"].lower() != UNCALLED:
            return get(songs[0])


VENDOR = Vendor(
    name="suno-like",
    base_url="https://api.sunoapi.org",
    read="2026-11-20",
    errors=ErrorShape(
        message="msg|error.message|error|message",
        code="code",
        ok=frozenset({"200"}),
        kinds={  # they come in a 200 as well, and 429 is no throttling here
            "400": Kind.INPUT,
            "401": Kind.KEY,
            "405": Kind.QUOTA,  # as many calls as the key may make
            "413": Kind.INPUT,
            "422": Kind.INPUT,
            "429": Kind.QUOTA,
            "430": Kind.BUSY,
            "455": Kind.FAILED,  # maintenance
        },
        by_status={430: Kind.BUSY, 455: Kind.FAILED},  # where no code is told
    ),
    closed=words("model prompt style customMode instrumental callBackUrl"),
    music=Sound(
        request=music,
        reply=audio_bytes,
        formats={MP3: None},
        honours=honours("lyrics", "instrumental"),
        longest=400,
        patience_s=300,
        extras=CUSTOM,
        models={name: Model() for name in ("V4", "V4_5", "V4_5PLUS", "V4_5ALL", "V5")},
    ),
)
