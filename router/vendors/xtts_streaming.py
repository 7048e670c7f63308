"""XTTS behind Coqui's xtts-streaming-server: who speaks are vectors, looked up there and sent with every text.

A look-up brings the vectors of all its speakers, tens of MB, and holds for ten minutes. A target's `options: {speakers:
{Ann: {speaker_embedding: …, gpt_cond_latent: …}}}` saves it for these, and gives names to voices of your own: each is
an answer of `POST /clone_speaker`. Say `concurrency: 1`: its README calls it a demo that cannot stream to two at once.
The model is the server's; the name in the table is yours. `base_url:` says where it runs. It has no key.
Source: the server's own code (commit 99286c1, February 2024); the port is the one its README publishes.
Languages: `GET /languages` tells the model's own; here are those of XTTS 2.0.
Voices: `*` is the one that its demo begins with; the others are of XTTS 2.0 by public lists, 2024. Which are men and
which women is a guess by their names, as no list of the vendor's says it. A fine-tuned model has others, or none.
Proved by: that code (tests/vendors/test_xtts_streaming.py).
Left out: `/tts` (a wav in base64, when all of it is made), vectors in a client's own fields, `POST /clone_speaker`.
A language that the model does not speak breaks the answer off before its first sample. xtts-api-server is another wire.
"""

from __future__ import annotations

from router.vendors.spec import (
    PCM,
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
OURS = "speakers"  # of a target's options: for us, and no field of the server's
VOICES = {
    "ash": "Andrew Chipper",
    "ballad": "Royston Min",
    "cedar": "Craig Gutsy",
    "coral": "Daisy Studious",
    "echo": "Viktor Eka",
    "marin": "Ana Florence",
    "nova": "Claribel Dervla",
    "onyx": "Damien Black",
    "sage": "Gracie Wise",
    "shimmer": "Alison Dietlinde",
    "verse": "Dionisio Schuyler",
    "*": "Asya Anara",
}


def speech(ask: SpeechAsk) -> Steps:
    own = {name: value for name, value in ask.options.items() if name != OURS}
    speakers = ask.options.get(OURS, {})
    if ask.voice not in speakers:
        speakers = (yield get("/studio_speakers", keep_s=600)).json
    if ask.voice not in speakers:
        raise Fault(Kind.INPUT, f"the server has no speaker {ask.voice!r}")
    vectors = speakers[ask.voice]
    return post(
        "/tts_stream",
        json={
            **own,
            "text": ask.text,
            "language": spoken_in(ask.text, ask.language, SPOKEN).replace("zh", "zh-cn"),
            "speaker_embedding": vectors["speaker_embedding"],
            "gpt_cond_latent": vectors["gpt_cond_latent"],
            "add_wav_header": False,  # which would come before anything is known of the sound
        },
        extras=None,
    )


VENDOR = Vendor(
    name="xtts-streaming",
    base_url="http://127.0.0.1:8000",
    auth=None,
    errors=ErrorShape(message="detail|detail.0.msg", code=""),
    closed=words("speakers text speaker_embedding gpt_cond_latent add_wav_header"),
    read="2026-11-20",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={PCM: None},  # 24 kHz, written so in its code; called audio/wav all the same
        honours=honours("language"),
        languages=SPOKEN,
        voices=VOICES,
        cast={own: Voice(own) for own in sorted(VOICES.values())},
        models={"xtts_v2": Model()},
        extras=words("stream_chunk_size"),
        patience_s=60,  # the server writes out all of its vectors before it begins
    ),
)
