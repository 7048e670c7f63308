"""Replicate: any model is a prediction to wait for; what it takes, and under which names, is the model's own affair.

A target's `options` may pin a `version`, which saves the look-up of the newest one, and say as `inputs` what a model
without a row here calls ours: `{text: gen_text, voice: speaker}`. Our words: text voice speed format (speech), text
duration seed lyrics format (sound, music), audio language prompt temperature translate (transcription, translation).
Source: Python SDK replicate 1.0.7; the vendor's pages of predictions, input files and rate limits, and of the models'
inputs, 2026; the inputs of kokoro by public copies of its schema.
Voices: of minimax the vendor's page of speech-02-turbo, 2026; of kokoro as its inputs, by country and gender.
Limits: an upload goes as a data URL, which the vendor recommends below 1 MB only, a larger one by `POST /files`, of up
to 100 MB (its page of input files, 2026).
Proved by: the official SDK `replicate` (tests/vendors/test_replicate.py); a model's inputs by the pages above.
Unsure: three containers, which no page names: of kokoro (wav, as public clients save it), of audio-ldm (taken for wav)
and of stable-audio-2.5 (taken for mp3, as Stability's own API gives it). stable-audio-open: wav, by its public source.
Left out: prices (by hardware, or unverified), deployments, results in the document itself (data URLs), `duration` of
audio-ldm (its type differs between versions; a client may send it), lucataco/xtts-v2 (wants a recording to speak like).
minimax/music-1.5 may want lyrics: a call without any is the vendor's to refuse.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Mapping
from typing import Any

from router.vendors.openai_like import read as read_openai
from router.vendors.spec import (
    FLAC,
    MP3,
    WAV,
    Ask,
    Draft,
    ErrorShape,
    Interim,
    Job,
    Json,
    ListenAsk,
    Model,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Steps,
    Transcript,
    Transcription,
    Unit,
    Vendor,
    Voice,
    audio_bytes,
    data_url,
    get,
    honours,
    look,
    path_of,
    post,
    replace,
    transcript,
    words,
)

JOB = Job("status", words("processing"), done=words("succeeded"), queued=words("starting"), every_s=0.5, slowest_s=2.0)
LARGEST_INLINE_BYTES = 1_000_000
VERSION_HOLDS_S = 600.0
ANY = "default"  # the voice of a model that is not known to take one
OURS = words("version inputs")  # of a target's options: for us, and no inputs of the model
OFFICIAL = ("minimax/", "stability-ai/")  # run under their own names; of the community's a version is run
"""By the vendor's page of official models, and by public clients that run these owners' so, November 2026."""

Names = Mapping[str, str]
SPEECH: Names = {"text": "text"}
SOUND: Names = {"text": "prompt"}
LISTENING: Names = {"audio": "audio", "translate": "translate"}
SPEAKER: Names = {"voice": "voice_id", "speed": "speed", "format": "audio_format"}
DIFFUSION: Names = {"duration": "duration", "seed": "seed"}
INPUTS: Mapping[str, Names] = {  # ours -> theirs, beside those above; what is not here, is not sent
    "minimax/speech-02-hd": SPEAKER,
    "minimax/speech-02-turbo": SPEAKER,
    "minimax/speech-2.8-turbo": SPEAKER,
    "jaaari/kokoro-82m": {"voice": "voice", "speed": "speed"},
    "openai/whisper": {"language": "language", "prompt": "initial_prompt", "temperature": "temperature"},
    "sepal/audiogen": {**DIFFUSION, "format": "output_format"},
    "haoheliu/audio-ldm": {"text": "text", "seed": "random_seed"},
    "stability-ai/stable-audio-2.5": DIFFUSION,
    "stackadoc/stable-audio-open-1.0": {"duration": "seconds_total", "seed": "seed"},
    "meta/musicgen": {**DIFFUSION, "format": "output_format"},
    "minimax/music-1.5": {"lyrics": "lyrics", "format": "audio_format"},
}


def pairs(text: str) -> dict[str, str]:
    return dict(pair.split(" ") for pair in text.split(", "))


MINIMAX_VOICES = pairs(
    "alloy Friendly_Person, ash Casual_Guy, ballad Elegant_Man, cedar Patient_Man, coral Lively_Girl, "
    "echo Determined_Man, fable Young_Knight, marin Lovely_Girl, nova Exuberant_Girl, onyx Deep_Voice_Man, "
    "sage Wise_Woman, shimmer Calm_Woman, verse Decent_Boy, * Wise_Woman"
)
MINIMAX_WOMEN = words(
    "Abbess Calm_Woman Exuberant_Girl Inspirational_girl Lively_Girl Lovely_Girl Sweet_Girl_2 Wise_Woman"
)
MINIMAX_MEN = words("Casual_Guy Decent_Boy Deep_Voice_Man Determined_Man Elegant_Man Patient_Man")
MINIMAX_CAST = MINIMAX_WOMEN | MINIMAX_MEN | words("Friendly_Person Imposing_Manner Young_Knight")
KOKORO_VOICES = pairs(
    "alloy af_alloy, ash am_adam, ballad bm_george, cedar bm_lewis, coral af_sarah, echo am_echo, fable bm_fable, "
    "marin bf_emma, nova af_nova, onyx am_onyx, sage af_kore, shimmer af_bella, verse am_michael, * af_bella"
)
KOKORO_CAST = words(
    "af_alloy af_aoede af_bella af_jessica af_kore af_nicole af_nova af_river af_sarah af_sky am_adam am_echo am_eric "
    "am_fenrir am_liam am_michael am_onyx am_puck bf_alice bf_emma bf_isabella bf_lily bm_daniel bm_fable bm_george "
    "bm_lewis"
)


def speech(ask: SpeechAsk) -> Steps:
    voice = None if ask.voice == ANY else ask.voice
    return file_of(ask, SPEECH, {"text": ask.text, "voice": voice, "speed": ask.speed, "format": ask.format})


def sound(ask: SoundAsk) -> Steps:
    said = {
        "text": ask.text,
        "duration": ask.duration and math.ceil(ask.duration),  # most take whole seconds only
        "seed": ask.seed,
        "lyrics": ask.lyrics,
        "format": ask.format,
    }
    return file_of(ask, SOUND, said)


def heard(ask: ListenAsk, *, is_translated: bool | None = None) -> Steps:
    audio: Any = data_url(ask.audio)
    if ask.audio.size > LARGEST_INLINE_BYTES:
        audio = (yield post("/files", form={"content": ask.audio}, extras=None))["urls"]["get"]
    said = {
        "audio": audio,
        "language": ask.language_code,
        "prompt": ask.prompt,
        "temperature": ask.temperature,
        "translate": is_translated,
    }
    return (yield from predicted(ask, LISTENING, said))


def translate(ask: ListenAsk) -> Steps:
    return heard(ask, is_translated=True)


def file_of(ask: Ask, usual: Names, said: Mapping[str, Any]) -> Steps:
    """The audio of a prediction, where that lies."""
    return get(link_in((yield from predicted(ask, usual, said))["output"]))


def link_in(output: Json) -> str:
    """The address of what was made: the output itself, or the first of a list or an object."""
    made = [*output.values()] if isinstance(output, dict) else output
    link = made[0] if isinstance(made, list) else made
    if not str(link).startswith(("https://", "http://")):  # a path would be asked for with our key
        raise ValueError(f"no address of a file: {link!r:.100}")
    return str(link)


def predicted(ask: Ask, usual: Names, said: Mapping[str, Any]) -> Generator[Draft, Interim, Interim]:
    """A prediction that has succeeded. The client's own fields are inputs, under what the call says."""
    names = {**usual, **INPUTS.get(ask.model, {}), **ask.options.get("inputs", {})}
    own = {name: value for name, value in ask.options.items() if name not in OURS}
    given = {names[word]: value for word, value in said.items() if word in names and value is not None}
    model, version = path_of(ask.model), ask.options.get("version")
    if not version and not ask.model.startswith(OFFICIAL):
        version = look("latest_version.id", (yield get(f"/models/{model}", keep_s=VERSION_HOLDS_S)).json)
    made = yield post(
        "/predictions" if version else f"/models/{model}/predictions",
        headers={"prefer": "wait=1"},  # held longer, it would have no id yet that it could be cancelled by
        json={"version": version, "input": {**own, **given}},
        extras=None,
    )
    poll = get("/predictions/{}", made["id"])
    return (yield from JOB.wait(poll, since=made, undo=post("/predictions/{}/cancel", made["id"], extras=None)))


def read(body: Json) -> Transcript:
    """What whisper tells, or the text alone of a model that gives nothing else."""
    said = body["output"]
    if isinstance(said, str):
        return Transcript(said)
    return read_openai(
        {"text": said["transcription"], "language": said.get("detected_language"), "segments": said.get("segments")}
    )


def read_english(body: Json) -> Transcript:
    """The times beside it are those of the words that were spoken."""
    return Transcript(body["output"]["translation"], "en")


WHISPER = words(
    "patience suppress_tokens condition_on_previous_text temperature_increment_on_fallback "
    "compression_ratio_threshold logprob_threshold no_speech_threshold"
)
MINIMAX = Model(
    formats={MP3: "mp3", WAV: "wav", FLAC: "flac"},
    honours=honours(speed=(0.5, 2)),
    voices=MINIMAX_VOICES,
    voice_like=r"\S.*",  # trained ones have ids of all sorts
    cast={
        own: Voice(
            own.replace("_", " "),
            gender="female" if own in MINIMAX_WOMEN else "male" if own in MINIMAX_MEN else None,
        )
        for own in sorted(MINIMAX_CAST)
    },
    longest=10_000,
    extras=words("volume pitch emotion english_normalization sample_rate bitrate channel language_boost"),
)
KOKORO = Model(
    honours=honours(speed=(0.1, 5)),
    voices=KOKORO_VOICES,
    voice_like=r"[a-z][fm]_[a-z]+",
    cast={
        own: Voice(own[3:].title(), "en-US" if own.startswith("a") else "en-GB", "female" if own[1] == "f" else "male")
        for own in sorted(KOKORO_CAST)
    },
)
SAMPLING = words("top_k top_p temperature classifier_free_guidance")
STABLE = {
    "stability-ai/stable-audio-2.5": Model(
        formats={MP3: None}, honours=honours("seed", duration=(1, 190)), extras=words("steps cfg_scale")
    ),
    "stackadoc/stable-audio-open-1.0": Model(
        honours=honours("seed", duration=(1, 47)),
        extras=words("negative_prompt seconds_start cfg_scale steps sampler_type sigma_min sigma_max init_noise_level"),
    ),
}
WAV_OR_MP3 = {WAV: "wav", MP3: "mp3"}
HEARD = honours("language", "prompt", "temperature")
TRANSCRIPTION = Transcription(
    request=heard,
    reply=transcript(read),
    largest_bytes=100_000_000,
    proof="sdk",
    models={"openai/whisper": Model(honours=HEARD, gives=words("segments"), extras=WHISPER)},
)
MADE = Sound(request=sound, reply=audio_bytes, formats={WAV: None}, proof="sdk")

VENDOR = Vendor(
    name="replicate",
    base_url="https://api.replicate.com/v1",
    errors=ErrorShape(message="detail|title", code=""),  # `type` is an address, if anything
    billed={Unit.COMPUTE_SECOND: "metrics.predict_time"},
    closed=words(
        "version inputs input stream text prompt audio input_audio translate transcription subtitle_enable batch_size "
        "seconds_total"
    ),
    result_hosts=("replicate.delivery", "*.replicate.delivery"),
    read="2026-11-20",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={WAV: None},
        voices={"*": ANY},
        voice_like=ANY,
        patience_s=120,  # the community's models are loaded first
        proof="sdk",
        models={**{one: MINIMAX for one, names in INPUTS.items() if names is SPEAKER}, "jaaari/kokoro-82m": KOKORO},
    ),
    transcription=TRANSCRIPTION,
    translation=replace(
        TRANSCRIPTION,
        request=translate,
        reply=transcript(read_english),
        models={"openai/whisper": Model(honours=HEARD, extras=WHISPER)},
    ),
    sound=replace(
        MADE,
        models={
            **STABLE,
            "sepal/audiogen": Model(formats=WAV_OR_MP3, honours=honours("seed", duration=(1, 10)), extras=SAMPLING),
            "haoheliu/audio-ldm": Model(honours=honours("seed"), extras=words("duration guidance_scale n_candidates")),
        },
    ),
    music=replace(
        MADE,
        models={
            **STABLE,
            "meta/musicgen": Model(
                formats=WAV_OR_MP3,
                honours=honours("seed", "duration"),
                extras=SAMPLING
                | words(
                    "model_version continuation continuation_start continuation_end multi_band_diffusion "
                    "normalization_strategy"
                ),
            ),
            "minimax/music-1.5": Model(
                formats=WAV_OR_MP3, honours=honours("lyrics"), longest=300, extras=words("bitrate sample_rate")
            ),
        },
    ),
)
