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
need a voice to copy (but for `inputs`), `language` of MiniMax (by name) and Multilingual v2, prices of Whisper and
Wizper (0 is stated). MiniMax's music 1.5 and 2 want lyrics: without any, the vendor refuses.
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
    post,
    put,
    replace,
    transcript,
    words,
)
from router.wire.calls import OPENAI_VOICES
from router.wire.languages import code_of

REFUSED = {"bad_request": Kind.INPUT, "content_policy_violation": Kind.BLOCKED}
JOB = Job(  # one that has failed is completed as well
    "error_type|error|status", words("in_progress"), words("completed"), words("in_queue"), kinds=REFUSED, every_s=0.5
)
ANY = "default"  # the voice of an app that is not known to take one
Fields = Mapping[str, Any]
App = tuple[Mapping[str, str], Fields, Model]
"""What an app calls ours, what it is sent until the client says otherwise, and all else that is known of it."""
TUNABLES = words("speed instructions language prompt keywords duration seed lyrics instrumental")
VALUES: Mapping[str, Callable[[Any], Any]] = {  # of our words that are more than the ask's own
    "voice": lambda ask: None if ask.voice == ANY else ask.voice,
    "language": lambda ask: ask.language and code_of(ask.language),
    "duration_ms": lambda ask: ask.duration and math.ceil(ask.duration * 1000),
    "duration_whole": lambda ask: ask.duration and math.ceil(ask.duration),
    "audio": lambda ask: data_url(ask.audio),
    "level": lambda ask: "word" if "words" in ask.wants else None,  # else it is segments
    "speakers": lambda ask: True if "speakers" in ask.wants else None,
}


def pairs(text: str) -> dict[str, str]:
    return {ours: theirs or ours for ours, _, theirs in (pair.partition(" ") for pair in text.split(", "))}


def app(inputs: str, extras: str = "", *, usually: Fields = {}, bounds: Fields = {}, **rest: Any) -> App:  # noqa: B006
    """It honours what it has an input for."""
    ours = pairs(inputs)
    honours = dict.fromkeys(TUNABLES & {word.partition("_")[0] for word in ours})
    return ours, usually, Model(honours={**honours, **bounds}, extras=words(extras), **rest)


def kokoro(locale: str, *own: str) -> App:
    """The second letter of a voice is its gender; the first one speaks for all."""
    namesakes = {name[3:]: name for name in own if name[3:] in OPENAI_VOICES}
    man = next((name for name in own if name[1] == "m"), own[0])
    return app(
        "text prompt, voice, speed",
        bounds={"speed": (0.1, 5), "language": None},
        voices={**dict.fromkeys(MEN, man), **namesakes, "*": own[0]},
        voice_like="|".join(own),
        cast={name: Voice(name[3:].title(), locale, "male" if name[1] == "m" else "female") for name in own},
        languages=words(locale[:2]),
        price=per_1m_characters(20) if locale == "en-US" else None,
    )


def eleven(inputs: str, extras: str = "", **rest: Any) -> App:
    extras = f"stability apply_text_normalization {extras}"
    return app(f"text, voice, {inputs}", extras, formats={MP3: {}}, voices=NAMES, voice_like=NAME, **rest)


def minimax(text: str, extras: str = "", **rest: Any) -> App:
    return app(
        f"text {text}, voice voice_setting.voice_id, speed voice_setting.speed",
        f"language_boost pronunciation_dict {extras}",
        bounds={"speed": (0.5, 2)},
        formats={one: {**said, "output_format": "url"} for one, said in SUNG.items()},  # else it is hex
        voices={**dict.fromkeys(MEN, "English_Persuasive_Man"), "*": "Wise_Woman"},
        voice_like=r"\S.*",  # copied and designed ones have ids of all sorts
        **rest,
    )


MEN = words("ash ballad cedar echo onyx verse")
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
NAMES = pairs(
    "alloy Sarah, ash Chris, ballad Charlie, cedar Eric, coral Jessica, echo Liam, fable George, marin Alice, "
    "nova Matilda, onyx Brian, sage Charlotte, shimmer Lily, verse Roger, * Rachel"
)
ELEVEN_MP3 = {MP3: {"output_format": "mp3_44100_128"}}
SUNG = {one: {"audio_setting": {"format": one.codec}} for one in (MP3, FLAC)}
SAVED = {one: {"output_format": one.codec} for one in (MP3, WAV)}
NAME = "[A-Z][a-z]+"
LATEST = "normalization_setting voice_modify"
V2: Any = {"extras": "similarity_boost style previous_text next_text", "bounds": {"speed": (0.7, 1.2)}}
STEPS = "num_inference_steps guidance_scale"
MORE = f"{STEPS} negative_prompt enable_prompt_expansion bitrate"
SPEECH = {
    **{f"fal-ai/kokoro/{accent}": kokoro(*row.split(" ")) for accent, row in KOKORO.items()},
    "fal-ai/elevenlabs/tts/eleven-v3": eleven("language language_code", price=per_1m_characters(100)),
    "fal-ai/elevenlabs/tts/turbo-v2.5": eleven("speed, language language_code", price=per_1m_characters(50), **V2),
    "fal-ai/elevenlabs/tts/multilingual-v2": eleven("speed", **V2),
    **{f"fal-ai/minimax/speech-02-{grade}": minimax("text", longest=5_000) for grade in ("hd", "turbo")},
    **{f"fal-ai/minimax/speech-2.6-{grade}": minimax("prompt", "normalization_setting") for grade in ("hd", "turbo")},
    "fal-ai/minimax/speech-2.8-turbo": minimax("prompt", LATEST),
    "fal-ai/minimax/speech-2.8-hd": minimax("prompt", LATEST, price=per_1m_characters(100)),
    "fal-ai/gemini-tts": app(
        "text prompt, voice, instructions style_instructions", formats=SAVED, voices={"*": "Kore"}, voice_like=NAME
    ),
}
UNTOLD = {"language": None}  # it is found out; left out, it is English
WHISPERS = {
    "fal-ai/whisper": app(
        "audio audio_url, language, prompt, level chunk_level, speakers diarize",
        "batch_size num_speakers",
        gives=words("words segments speakers"),
    ),
    "fal-ai/wizper": app(
        "audio audio_url, language", "max_segment_len merge_chunks version", usually=UNTOLD, gives=words("segments")
    ),
}
SCRIBE = app(
    "audio audio_url, language language_code, keywords keyterms, speakers diarize",
    usually={"tag_audio_events": False},  # else "(laughter)" stands in the text
    gives=words("words speakers"),
    price=per_minute(0.008),
)
LISTENING = {**WHISPERS, "fal-ai/elevenlabs/speech-to-text/scribe-v2": SCRIBE}
STABLE = {
    "fal-ai/stable-audio-25/text-to-audio": app(
        "text prompt, duration_whole seconds_total, seed", STEPS, bounds={"duration": (1, 190)}, price=each(0.2)
    ),
    "fal-ai/stable-audio-3/medium/text-to-audio": app(
        "text prompt, duration, seed", MORE, formats=SAVED, bounds={"duration": (1, 380)}, price=each(0.0376)
    ),
}
SOUND = {
    **STABLE,
    "fal-ai/elevenlabs/sound-effects/v2": app(
        "text, duration duration_seconds",
        "loop prompt_influence",
        formats=ELEVEN_MP3,
        bounds={"duration": (0.5, 22)},
        price=per_minute(0.12),
    ),
}
SINGER = app("text prompt, lyrics lyrics_prompt", formats=SUNG, longest=300)
MUSIC = {
    **STABLE,
    "fal-ai/elevenlabs/music": app(
        "text prompt, duration_ms music_length_ms, instrumental force_instrumental",
        formats=ELEVEN_MP3,
        bounds={"duration": (3, 600)},
        price=per_minute(0.8, step_s=60),
    ),
    **dict.fromkeys(("fal-ai/minimax-music/v1.5", "fal-ai/minimax-music/v2"), SINGER),
    "fal-ai/minimax-music/v2.6": app(
        "text prompt, lyrics, instrumental is_instrumental",
        usually={"lyrics_optimizer": True},  # it writes lyrics where there are none
        formats={MP3: {}},
        longest=2_000,
        price=each(0.15),
    ),
    "fal-ai/lyria2": app("text prompt, seed", "negative_prompt", price=per_minute(0.2)),
}
APPS = {**SPEECH, **LISTENING, **SOUND, **MUSIC}


def make(ask: SpeechAsk | SoundAsk) -> Steps:
    unknown = app("text" if isinstance(ask, SpeechAsk) else "text prompt")
    made = yield (yield from result_of(ask, unknown, ask.format))
    return get((made.json.get("audio") or made["audio_file"])["url"])


def listen(ask: ListenAsk) -> Steps:
    return result_of(ask, app("audio audio_url"), {})


def translate(ask: ListenAsk) -> Steps:
    return result_of(ask, app("audio audio_url"), {"task": "translate"})


def result_of(ask: Ask, unknown: App, given: Fields) -> Generator[Draft, Interim, Draft]:
    """What to ask for once the app is through; `given` is in its words already."""
    inputs, usually, _ = APPS.get(ask.model, unknown)
    theirs = ask.options.get("inputs")  # for us: no input of the app
    own = {name: value for name, value in ask.options.items() if name != "inputs"} if theirs else {}
    given = {**own, **given}
    for word, path in {**inputs, **(theirs or {})}.items():
        value = VALUES[word](ask) if word in VALUES else getattr(ask, word)
        given = given if value is None else placed(given, path, value)
    made = yield post(f"/{path_of(ask.model)}", json=given, defaults=usually, extras=None if theirs else "body")
    yield from JOB.wait(get(made["status_url"], query={"logs": False}), undo=put(made["cancel_url"], extras=None))
    return get(made["response_url"])


def placed(within: Fields, path: str, value: Any) -> Fields:
    """A value put at a dotted path."""
    name, _, rest = path.partition(".")
    return {**within, name: placed(within.get(name, {}), rest, value) if rest else value}


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


def rows(apps: Mapping[str, App]) -> dict[str, Model]:
    return {name: model for name, (_, _, model) in apps.items()}


MADE: dict[str, Any] = {"request": make, "reply": audio_bytes, "formats": {WAV: {}}, "proof": "sdk"}
HEARD: dict[str, Any] = {"patience_s": 120, "proof": "sdk"}  # for a runner to start, and for the whole audio
VENDOR = Vendor(
    name="fal",
    base_url="https://queue.fal.run",
    auth=Key(prefix="Key "),
    # no `error_type`, which the header repeats: in a status it tells of the job, which is no fault of the answer
    errors=ErrorShape(message="detail|detail.0.msg|error", code="header:x-fal-error-type|detail.0.type", kinds=REFUSED),
    closed=words("text prompt audio_url task inputs fal_webhook sync_mode output_format"),
    result_hosts=("fal.media", "*.fal.media"),
    read="2026-11-26",
    speech=Speech(**MADE, voices={"*": ANY}, voice_like=ANY, patience_s=60, models=rows(SPEECH)),
    transcription=Transcription(request=listen, reply=transcript(read), **HEARD, models=rows(LISTENING)),
    translation=Transcription(request=translate, reply=transcript(read_english), **HEARD, models=rows(WHISPERS)),
    sound=Sound(**MADE, patience_s=120, models=rows(SOUND)),
    music=Sound(**MADE, patience_s=300, models=rows(MUSIC)),
)
