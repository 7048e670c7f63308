"""XTTS behind daswer123's xtts-api-server: a wav comes whole, the voice is a file there, and a language has to be said.

Which model speaks is set on the server, for all; the name in the table is yours. `base_url:` says where it runs.
Source: the server's own code, 0.9.0 (commit 5e8bc93, 2024). It has no key.
Languages: the list in that code, 0.9.0. Voices: the samples in its `example` folder; copy them to its `speakers`, or
name your own there, in the table or by the client. They are names only: a path would be read from the server's disk.
Proved by: that code (tests/vendors/test_xtts.py).
Left out: `/tts_stream`, which sends a header before anything is known of the sound, so that no other vendor could step
in, and does so for local models without `--use-cache` only; speed and the like, which the server sets for all calls.
Not for a server in `--streaming-mode`: it plays on its own loudspeakers, and answers with a second of silence. A voice
that it lacks is a 500 there, as any failure of its own: so who speaks is looked up, and remembered for a minute.
Coqui's xtts-streaming-server is another wire.
"""

from __future__ import annotations

from router.vendors.spec import (
    WAV,
    ErrorShape,
    Model,
    Speech,
    SpeechAsk,
    Steps,
    Vendor,
    Voice,
    audio_bytes,
    get,
    honours,
    post,
    words,
)
from router.wire.faults import Fault, Kind
from router.wire.scripts import spoken_in

SPOKEN = words("ar cs de en es fr hi hu it ja ko nl pl pt ru tr zh")


def speech(ask: SpeechAsk) -> Steps:
    known = yield get("/speakers_list", keep_s=60)
    if ask.voice not in known.json:
        raise Fault(Kind.INPUT, f"the server has no speaker {ask.voice!r}")
    return post(
        "/tts_to_audio/",
        json={
            "text": f"{ask.text}\n",  # else the path of a text file there would be read from its disk, and spoken
            "speaker_wav": ask.voice,
            "language": spoken_in(ask.text, ask.language, SPOKEN).replace("zh", "zh-cn"),
        },
    )


VENDOR = Vendor(
    name="xtts",
    base_url="http://127.0.0.1:8020",
    auth=None,
    errors=ErrorShape(message="detail|detail.0.msg"),
    closed=words("*"),  # there is no other field
    read="2026-11-20",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={WAV: None},
        honours=honours("language"),
        languages=SPOKEN,
        voices={
            **dict.fromkeys(("ash", "ballad", "cedar", "echo", "onyx", "verse"), "male"),
            **dict.fromkeys(("marin", "sage", "shimmer"), "calm_female"),
            "*": "female",
        },
        voice_like=r"[^./\\][^/\\]*",
        cast={
            "calm_female": Voice("Calm female", gender="female"),
            "female": Voice("Female", gender="female"),
            "male": Voice("Male", gender="male"),
        },
        models={"xtts_v2": Model()},
        patience_s=120,  # all of the sound is made before any is sent
    ),
)
