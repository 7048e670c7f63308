"""fal: every app stands behind one queue and names its inputs as it likes; the answer is an address, not the audio.

A target's `options` may say as `inputs` what an app without a row here calls ours: `{text: prompt, voice: speaker.id}`,
where dots go into objects. Ours are the words of `VALUES`, those of `TUNABLES`, and text.
Source: Python SDK fal-client 1.0.3, types of @fal-ai/client 1.10.1, the vendor's pages of models and errors, 11/2026.
Prices: the vendor's pages of its models, November 2026; keyterms of Scribe cost 30 % more.
Languages: of Kokoro, by the names of its apps, November 2026.
Voices: of ElevenLabs and Kokoro's English, Hindi and Japanese the vendor's pages and types; of others their makers'.
Proved by: the official SDK `fal-client` (tests/vendors/test_fal.py); an app's inputs by the types and pages above.
Unsure: an app without a row is taken to give wav; how large a data URL may be, nobody says.
Left out: `/stream`, uploads to the vendor's CDN (another host, with tokens), apps whose container nobody states or that
need a voice to copy (but for `inputs`), `timestamps` of ElevenLabs' speech, `language` of MiniMax (by name) and
Multilingual v2, prices of Whisper and Wizper (0 is stated). MiniMax's music 1.5 and 2 want lyrics: without any, the
vendor refuses. Wizper hears English where a target says its `inputs` and nobody a language.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Mapping
from typing import Any

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
    Key,
    Kind,
    ListenAsk,
    Model,
    Range,
    Segment,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Steps,
    Transcript,
    Transcription,
    Vendor,
    Voice,
    Word,
    audio_bytes,
    data_url,
    each,
    get,
    look,
    path_of,
    per_1m_characters,
    per_minute,
    placed,
    post,
    put,
    replace,
    transcript,
    words,
)
from router.wire.calls import OPENAI_VOICES

Names = Mapping[str, str]
"""What an app calls ours; dots go into objects. What is not here, it is not sent."""
App = tuple[Names, Model]
Asking = Generator[Draft, Interim, Draft]
NONE: Mapping[str, Any] = {}
REFUSED = {"bad_request": Kind.INPUT, "content_policy_violation": Kind.BLOCKED}
STATE = "error_type|error|status"  # one that has failed is completed as well
RUNNING, DONE, QUEUED = words("in_progress"), words("completed"), words("in_queue")
JOB = Job(STATE, RUNNING, DONE, QUEUED, kinds=REFUSED, every_s=0.5, slowest_s=2.0)
ANY = "default"  # the voice of an app that is not known to take one
TUNABLES = words("speed instructions language prompt keywords duration seed lyrics instrumental")
VALUES: Mapping[str, Callable[[Any], Any]] = {  # of our words that are more than the ask's own
    "voice": lambda ask: None if ask.voice == ANY else ask.voice,
    "language": lambda ask: ask.language_code,
    "duration_ms": lambda ask: ask.duration and math.ceil(ask.duration * 1000),
    "duration_whole": lambda ask: ask.duration and math.ceil(ask.duration),
    "unwritten": lambda ask: None if ask.lyrics or ask.instrumental else True,  # the vendor is to write lyrics
    "audio": lambda ask: data_url(ask.audio),
    "level": lambda ask: "word" if "words" in ask.wants else None,  # else it is segments
    "speakers": lambda ask: True if "speakers" in ask.wants else None,
}


def result_of(ask: Ask, names: Names, given: Mapping[str, Any], usually: Mapping[str, Any] = NONE) -> Asking:
    """What to ask for once the app is through; `given` is in its words already."""
    theirs = ask.options.get("inputs", NONE)  # for us, and no input of the app: then the options are put in here
    inputs = {name: value for name, value in {**usually, **ask.options}.items() if theirs and name != "inputs"}
    named = {**names, **theirs}
    said = {path: VALUES[word](ask) if word in VALUES else getattr(ask, word) for word, path in named.items()}
    for path, value in {**given, **said}.items():
        inputs = inputs if value is None else placed(inputs, path, value)
    made = yield post(f"/{path_of(ask.model)}", json=inputs, defaults=usually, extras=None if theirs else "body")
    yield from JOB.wait(get(made["status_url"], query={"logs": False}), undo=put(made["cancel_url"], extras=None))
    return get(made["response_url"])


def app(names: Names, extras: str = "", *, speed: Range = None, duration: Range = None, **rest: Any) -> App:
    """It honours what it has an input for, and languages where they are told apart by the app."""
    ours = {word.partition("_")[0] for word in names} | ({"language"} if "languages" in rest else set())
    bounds = {"speed": speed, "duration": duration}
    return names, Model(honours={word: bounds.get(word) for word in TUNABLES & ours}, extras=words(extras), **rest)


def rows(apps: Mapping[str, App]) -> dict[str, Model]:
    return {name: model for name, (_, model) in apps.items()}


# ------------------------------------------------------------------ speech

SAVED = {MP3: {"output_format": "mp3"}, WAV: {"output_format": "wav"}}
ENCODED = {MP3: {"audio_setting.format": "mp3"}, FLAC: {"audio_setting.format": "flac"}}
FIRST_NAME = "[A-Z][a-z]+"
MEN = words("ash ballad cedar echo onyx verse")
ELEVEN_VOICES = {  # a table, and not a line each
    "alloy": "Sarah", "ash": "Chris", "ballad": "Charlie", "cedar": "Eric", "coral": "Jessica", "echo": "Liam",
    "fable": "George", "marin": "Alice", "nova": "Matilda", "onyx": "Brian", "sage": "Charlotte", "shimmer": "Lily",
    "verse": "Roger", "*": "Rachel",
}  # fmt: skip


def kokoro(locale: str, *own: str) -> App:
    """The second letter of a voice is its gender; the first one speaks for all."""
    namesakes = {name[3:]: name for name in own if name[3:] in OPENAI_VOICES}
    man = next((name for name in own if name[1] == "m"), own[0])
    return app(
        {"text": "prompt", "voice": "voice", "speed": "speed"},
        speed=(0.1, 5),
        voices={**dict.fromkeys(MEN, man), **namesakes, "*": own[0]},
        voice_like="|".join(own),
        cast={name: Voice(name[3:].title(), locale, "male" if name[1] == "m" else "female") for name in own},
        languages=words(locale[:2]),
        price=per_1m_characters(20) if locale == "en-US" else None,
    )


def eleven(names: Names, extras: str = "", **rest: Any) -> App:
    names = {"text": "text", "voice": "voice", **names}
    extras = f"stability apply_text_normalization {extras}"
    return app(names, extras, formats={MP3: {}}, voices=ELEVEN_VOICES, voice_like=FIRST_NAME, **rest)


def minimax(text: str, extras: str = "", **rest: Any) -> App:
    return app(
        {"text": text, "voice": "voice_setting.voice_id", "speed": "voice_setting.speed"},
        f"language_boost pronunciation_dict {extras}",
        speed=(0.5, 2),
        formats={one: {**said, "output_format": "url"} for one, said in ENCODED.items()},  # else it is hex
        voices={**dict.fromkeys(MEN, "English_Persuasive_Man"), "*": "Wise_Woman"},
        voice_like=r"\S.*",  # copied and designed ones have ids of all sorts
        **rest,
    )


KOKORO = {
    "american-english": "en-US af_heart af_alloy af_aoede af_bella af_jessica af_kore af_nicole af_nova af_river "
    "af_sarah af_sky am_adam am_echo am_eric am_fenrir am_liam am_michael am_onyx am_puck am_santa",
    "british-english": "en-GB bf_alice bf_emma bf_isabella bf_lily bm_daniel bm_fable bm_george bm_lewis",
    "brazilian-portuguese": "pt-BR pf_dora pm_alex pm_santa",
    "french": "fr-FR ff_siwis",
    "hindi": "hi-IN hf_alpha hf_beta hm_omega hm_psi",
    "italian": "it-IT if_sara im_nicola",
    "japanese": "ja-JP jf_alpha jf_gongitsune jf_nezumi jf_tebukuro jm_kumo",
    "mandarin-chinese": "zh-CN zf_xiaobei zf_xiaoni zf_xiaoxiao zf_xiaoyi zm_yunjian zm_yunxi zm_yunxia zm_yunyang",
    "spanish": "es-ES ef_dora em_alex em_santa",
}
GEMINI = {"text": "prompt", "voice": "voice", "instructions": "style_instructions"}
V2 = "similarity_boost style previous_text next_text"
LATEST = "normalization_setting voice_modify"
SPEECH = {
    **{f"fal-ai/kokoro/{accent}": kokoro(*row.split()) for accent, row in KOKORO.items()},
    "fal-ai/elevenlabs/tts/eleven-v3": eleven({"language": "language_code"}, price=per_1m_characters(100)),
    "fal-ai/elevenlabs/tts/turbo-v2.5": eleven(
        {"speed": "speed", "language": "language_code"}, V2, speed=(0.7, 1.2), price=per_1m_characters(50)
    ),
    "fal-ai/elevenlabs/tts/multilingual-v2": eleven({"speed": "speed"}, V2, speed=(0.7, 1.2)),
    **{f"fal-ai/minimax/speech-02-{grade}": minimax("text", longest=5_000) for grade in ("hd", "turbo")},
    **{f"fal-ai/minimax/speech-2.6-{grade}": minimax("prompt", "normalization_setting") for grade in ("hd", "turbo")},
    "fal-ai/minimax/speech-2.8-turbo": minimax("prompt", LATEST),
    "fal-ai/minimax/speech-2.8-hd": minimax("prompt", LATEST, price=per_1m_characters(100)),
    "fal-ai/gemini-tts": app(GEMINI, formats=SAVED, voices={"*": "Kore"}, voice_like=FIRST_NAME),
}

# ------------------------------------------------------------------ sound and music

ELEVEN_MP3 = {MP3: {"output_format": "mp3_44100_128"}}
SEEDED = {"text": "prompt", "seed": "seed"}
DIFFUSION = "num_inference_steps guidance_scale"
LONGER = f"{DIFFUSION} negative_prompt enable_prompt_expansion bitrate"
STABLE = {
    "fal-ai/stable-audio-25/text-to-audio": app(
        {**SEEDED, "duration_whole": "seconds_total"}, DIFFUSION, duration=(1, 190), price=each(0.2)
    ),
    "fal-ai/stable-audio-3/medium/text-to-audio": app(
        {**SEEDED, "duration": "duration"}, LONGER, formats=SAVED, duration=(1, 380), price=each(0.0376)
    ),
}
EFFECTS = {"text": "text", "duration": "duration_seconds"}
SOUND = {
    **STABLE,
    "fal-ai/elevenlabs/sound-effects/v2": app(
        EFFECTS, "loop prompt_influence", formats=ELEVEN_MP3, duration=(0.5, 22), price=per_minute(0.12)
    ),
}
PIECE = {"text": "prompt", "duration_ms": "music_length_ms", "instrumental": "force_instrumental"}
SINGER = app({"text": "prompt", "lyrics": "lyrics_prompt"}, formats=ENCODED, longest=300)
SONG = {"text": "prompt", "lyrics": "lyrics", "instrumental": "is_instrumental", "unwritten": "lyrics_optimizer"}
MUSIC = {
    **STABLE,
    "fal-ai/elevenlabs/music": app(PIECE, formats=ELEVEN_MP3, duration=(3, 600), price=per_minute(0.8, step_s=60)),
    **dict.fromkeys(("fal-ai/minimax-music/v1.5", "fal-ai/minimax-music/v2"), SINGER),
    "fal-ai/minimax-music/v2.6": app(SONG, "lyrics_optimizer", formats={MP3: {}}, longest=2_000, price=each(0.15)),
    "fal-ai/lyria2": app(SEEDED, "negative_prompt", price=per_minute(0.2)),
}


def make(ask: SpeechAsk | SoundAsk) -> Steps:
    unknown = app({"text": "text" if isinstance(ask, SpeechAsk) else "prompt"})
    names, _ = {**SPEECH, **SOUND, **MUSIC}.get(ask.model, unknown)
    made = yield (yield from result_of(ask, names, ask.format))
    return get((made.json.get("audio") or made["audio_file"])["url"])


# ------------------------------------------------------------------ listening

HEARD = {"audio": "audio_url", "language": "language"}
WHISPER = {**HEARD, "prompt": "prompt", "level": "chunk_level", "speakers": "diarize"}
WHISPERS = {
    "fal-ai/whisper": app(WHISPER, "batch_size num_speakers version", gives=words("words segments speakers")),
    "fal-ai/wizper": app(HEARD, "max_segment_len merge_chunks version", gives=words("segments")),
}
SCRIBED = {"audio": "audio_url", "language": "language_code", "keywords": "keyterms", "speakers": "diarize"}
SCRIBE = "fal-ai/elevenlabs/speech-to-text/scribe-v2"
LISTENING = {
    **WHISPERS,
    SCRIBE: app(SCRIBED, "tag_audio_events", gives=words("words speakers"), price=per_minute(0.008)),
}
USUALLY: Mapping[str, Mapping[str, Any]] = {
    "fal-ai/wizper": {"language": None},  # it is found out; left out, it is English
    SCRIBE: {"tag_audio_events": False},  # else "(laughter)" stands in the text
}


def listen(ask: ListenAsk, given: Mapping[str, Any] = NONE) -> Steps:
    names, _ = LISTENING.get(ask.model, app({"audio": "audio_url"}))
    return result_of(ask, names, given, USUALLY.get(ask.model, NONE))


def translate(ask: ListenAsk) -> Steps:
    return listen(ask, {"task": "translate"})


def read(body: Json) -> Transcript:
    """Scribe's words, or Whisper's chunks: a word each if it was asked so, which the answer does not say."""
    chunks = [
        (chunk["text"].strip(), start, start if end is None else end, chunk.get("speaker"))
        for chunk in body.get("chunks") or ()
        for start, end in (chunk["timestamp"],)
    ]
    said = [
        (word["text"], word["start"], word["end"], word.get("speaker_id"))
        for word in body.get("words") or ()
        if word["type"] == "word" and word.get("start") is not None
    ]
    told = look("language_code|inferred_languages.0|languages.0", body)
    heard = Transcript(body["text"].strip(), str(told) if told else None)
    if any(" " in text for text, *_ in chunks):
        return replace(heard, segments=[Segment(*chunk) for chunk in chunks])
    return replace(heard, words=[Word(*one) for one in said or chunks])


def read_english(body: Json) -> Transcript:
    return replace(read(body), language="en")  # the app says which one was spoken


MADE: dict[str, Any] = {"request": make, "reply": audio_bytes, "formats": {WAV: {}}, "proof": "sdk"}
PATIENT: dict[str, Any] = {"patience_s": 120, "proof": "sdk"}  # for a runner to start, and for the whole audio
VENDOR = Vendor(
    name="fal",
    base_url="https://queue.fal.run",
    auth=Key(prefix="Key "),
    errors=ErrorShape(  # `error_type` in the body may be a job's; a 403 is a locked account or an exhausted balance
        "detail|detail.0.msg|error", "header:x-fal-error-type|detail.0.type", kinds=REFUSED, by_status={403: Kind.QUOTA}
    ),
    closed=words(
        "text prompt audio_url task inputs fal_webhook sync_mode output_format chunk_level diarize lyrics_prompt "
        "composition_plan music_length_ms seconds_total duration_seconds"
    ),
    result_hosts=("fal.media", "*.fal.media"),
    read="2026-11-26",
    speech=Speech(**MADE, voices={"*": ANY}, voice_like=ANY, patience_s=60, models=rows(SPEECH)),
    transcription=Transcription(request=listen, reply=transcript(read), **PATIENT, models=rows(LISTENING)),
    translation=Transcription(request=translate, reply=transcript(read_english), **PATIENT, models=rows(WHISPERS)),
    sound=Sound(**MADE, patience_s=120, models=rows(SOUND)),
    music=Sound(**MADE, patience_s=300, models=rows(MUSIC)),
)
