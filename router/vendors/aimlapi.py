"""AI/ML API: other vendors' models behind three doors. Each model keeps its own fields: what they are called is data.

Source: the vendor's public documentation and its OpenAPI files, August 2026; answers are read as either has them.
Prices: Stable Audio by its page, 2026; a credit by the `credits_used` and `usd_spent` of the documented answers, 2026.
All other models cost what the answers report, which those of transcription do not.
Voices: the OpenAPI files, August 2026; which of them is closest goes by their names.
Proved by: the vendor's own OpenAPI document (tests/vendors/test_aimlapi.py). That an upload comes as a form stands in
its samples alone: the document names the fields, not how a file gets there.
Left out: `stream: true` (audio in a format that only unstreamed speech lets one choose), opus, aac and pcm where their
container or rate is not documented, Qwen's voices (the sample's result lies at another host, by plain http), VibeVoice,
Seed Audio, `minimax-music` and `minimax/music-cover` (scripts, references, recordings), `keywords` (how a form spells a
list is not documented; `keyterm` goes as a client writes it), `diarize_version` (nobody says what it takes), Deepgram's
segments, `deepgram/aura`, MiniMax's previews, names that begin with `#g1_`. The vendor refuses lyrics beyond 3,000
characters, at `minimax/music-1.5` and `-2.0` also none, fewer than 10 of them, and a description of fewer than 10.
`slam-1` is told no language to detect, and hears English where none is named.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import ceil
from typing import Any

from router.vendors.spec import (
    AAC,
    FLAC,
    MP3,
    PCM,
    WAV,
    Ask,
    ErrorShape,
    Job,
    Json,
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
    Unit,
    Vendor,
    Word,
    audio_bytes,
    get,
    honours,
    in_credits,
    look,
    placed,
    post,
    replace,
    transcript,
    words,
)

Names = Mapping[str, str]
"""What a model calls the things we say; `a.b` is the member `b` of `a`. What is not here, it has no word for."""

CREDIT_USD = 0.000_000_5
REPORTED = in_credits(CREDIT_USD)
QUEUED, RUNNING = words("queued waiting"), words("generating active")  # `waiting` and `active` stand in samples alone
JOB = Job(state="status", running=RUNNING, done=words("completed"), queued=QUEUED, why="error.message|error.name")
MEN = ("ash", "ballad", "cedar", "echo", "fable", "onyx", "verse")
OPENAIS = ("alloy", "ash", "ballad", "coral", "echo", "fable", "nova", "onyx", "sage", "shimmer", "verse")


def named(ask: Ask, names: Names, **said: Any) -> dict[str, Any]:
    """What is asked for, and what is `said` beside it, by the names that a model has for it."""
    body: dict[str, Any] = {}
    for what, name in names.items():
        body = placed(body, name, said[what] if what in said else getattr(ask, what))
    return body


OPENAI = Model(
    formats={one: {"response_format": one.codec} for one in (MP3, AAC, FLAC, WAV)},
    honours=honours(speed=(0.25, 4)),
    voices={one: one for one in OPENAIS} | {"cedar": "onyx", "marin": "coral", "*": "alloy"},
    voice_like="|".join(OPENAIS),
    longest=4_096,
    extras=words("style"),
)
STYLED = replace(OPENAI, honours=honours("instructions", speed=(0.25, 4)))
ELEVEN = Model(
    formats={MP3: {"output_format": "mp3_44100_128"}, PCM: {"output_format": "pcm_24000"}},
    honours=honours(speed=(0.7, 1.2)),
    voices={**dict.fromkeys(MEN, "Chris"), "*": "Sarah", "coral": "Jessica", "nova": "Matilda", "shimmer": "Lily"}
    | {"ballad": "Charlie", "cedar": "Daniel", "echo": "Liam", "fable": "George", "onyx": "Brian", "verse": "Roger"},
    voice_like="[A-Z][A-Za-z ]+",
    extras=words("voice_settings apply_text_normalization seed"),
)
ELEVEN_V2 = replace(ELEVEN, extras=words("voice_settings apply_text_normalization seed previous_text next_text"))
AURA = Model(
    formats={one: {"encoding": one.codec} for one in (MP3, FLAC)},
    voices={**dict.fromkeys(MEN, "arcas"), "*": "thalia", "coral": "helena", "nova": "andromeda", "shimmer": "luna"}
    | {"ballad": "orpheus", "cedar": "orion", "echo": "apollo", "fable": "draco", "onyx": "zeus", "verse": "aries"},
    voice_like="amalthea|andromeda|apollo|arcas|aries|asteria|athena|atlas|aurora|callista|celeste|cora|cordelia|delia|"
    "draco|electra|estrella|harmonia|helena|hera|hermes|hyperion|iris|janus|juno|jupiter|luna|mars|minerva|neptune|"
    "nestor|odysseus|ophelia|orion|orpheus|pandora|phoebe|pluto|saturn|selene|thalia|theia|vesta|zeus",
)
MINIMAXES = [f"minimax/speech-{one}-{grade}" for one in ("2.8", "2.6") for grade in ("hd", "turbo")]
MINIMAX = Model(
    formats={one: {"audio_setting": {"format": one.codec}} for one in (MP3, FLAC)},
    honours=honours(speed=(0.5, 2)),
    voices={**dict.fromkeys(MEN, "Casual_Guy"), "*": "Calm_Woman", "coral": "Lively_Girl", "nova": "Lovely_Girl"}
    | {"alloy": "Friendly_Person", "echo": "Determined_Man", "fable": "Young_Knight", "onyx": "Deep_Voice_Man"},
    longest=5_000,
    extras=words("pronunciation_dict language_boost voice_modify"),
)
INWORLD = Model(
    formats={one: {"format": one.codec} for one in (MP3, WAV)},
    voices={**dict.fromkeys(MEN, "Mark"), "*": "Ashley", "coral": "Julia", "nova": "Sarah", "shimmer": "Wendy"}
    | {"ballad": "Edward", "echo": "Dennis", "fable": "Theodore", "onyx": "Ronald", "verse": "Timothy"},
    voice_like=r"[A-Z]\w+",
    longest=500_000,
)
HUME = replace(
    INWORLD,
    voices={**dict.fromkeys(MEN, "Vince Douglas"), "*": "Ava Song", "nova": "Imani Carter", "sage": "Lady Elizabeth"}
    | {"ballad": "Male English Actor", "fable": "Sebastian Lockwood", "onyx": "Booming American Narrator"},
    voice_like=r"[A-Z][\w' ]+",
)
MAI = Model(
    formats={one: {"response_format": one.codec} for one in (MP3, WAV)},
    voices={**dict.fromkeys(MEN, "en-US-GuyNeural"), "*": "en-US-AvaNeural", "nova": "en-US-AriaNeural"}
    | {"coral": "en-US-JennyNeural", "echo": "en-US-AndrewNeural", "onyx": "en-US-DavisNeural"},
    voice_like=r"[a-z]{2}-[A-Z]{2}-[\w:]+Neural",
    longest=4_096,
    extras=words("temperature top_p max_tokens max_completion_tokens"),
)
VOICE = {"voice": "voice"}
PACED = {"voice": "voice", "speed": "speed"}
PACED_WITHIN = {"voice": "voice", "speed": "voice_settings.speed"}
SPEAKING: Mapping[str, tuple[Names, Model]] = {
    **dict.fromkeys(("openai/tts-1", "openai/tts-1-hd"), (PACED, OPENAI)),
    "openai/gpt-4o-mini-tts": ({**PACED, "instructions": "style"}, STYLED),
    "elevenlabs/v3_alpha": (PACED_WITHIN, ELEVEN),
    **{f"elevenlabs/eleven_{one}": (PACED_WITHIN, ELEVEN_V2) for one in ("multilingual_v2", "turbo_v2_5")},
    **dict.fromkeys(MINIMAXES, ({"voice": "voice_setting.voice_id", "speed": "voice_setting.speed"}, MINIMAX)),
    **{f"inworld/tts-{one}": (VOICE, INWORLD) for one in ("1", "1-max", "1-5-mini", "1-5-max")},
    "deepgram/aura-2": (VOICE, AURA),
    "hume/octave-2": (VOICE, HUME),
    "microsoft/mai-voice-2": (VOICE, MAI),
}


def speech(ask: SpeechAsk) -> Steps:
    said = named(ask, SPEAKING[ask.model][0])
    made = yield post("/v1/tts", json={"model": ask.model, "text": ask.text, "stream": False, **said, **ask.format})
    audio = made["audio"]  # the document says an address, most samples an object that holds one
    return get(audio if isinstance(audio, str) else audio["url"])


PER_STEP = in_credits(CREDIT_USD, per_step=252)
STABLE = Model(price=PER_STEP, honours=honours(duration=(1, 47)), steps=100, extras=words("seconds_start steps"))
ELEVEN_MUSIC = Model(formats={MP3: {}}, honours=honours(duration=(10, 300)), longest=2_000)
SUNG = {one: {"audio_setting": {"format": one.codec}} for one in (MP3, WAV)}
SONG = Model(formats=SUNG, honours=honours("lyrics"), longest=2_000)
TUNE = replace(SONG, honours=honours("lyrics", "instrumental"))
LYRICS = {"lyrics": "lyrics"}
SOUNDING: Mapping[str, tuple[Names, Model]] = {
    "stable-audio": ({"seconds": "seconds_total"}, STABLE),
    "google/lyria2": ({"seed": "seed"}, Model(honours=honours("seed"), extras=words("negative_prompt"))),
    "elevenlabs/eleven_music": ({"milliseconds": "music_length_ms"}, ELEVEN_MUSIC),
    "minimax/music-1.5": (LYRICS, replace(SONG, longest=300)),
    "minimax/music-2.0": (LYRICS, SONG),
    "minimax/music-2.6": ({**LYRICS, "instrumental": "is_instrumental", "unwritten": "lyrics_optimizer"}, TUNE),
}


def sound(ask: SoundAsk) -> Steps:
    said = named(
        ask,
        SOUNDING[ask.model][0],
        seconds=ask.duration and ceil(ask.duration),
        milliseconds=ask.duration and ceil(ask.duration * 1_000),
        unwritten=None if ask.lyrics or ask.instrumental else True,  # else it asks for lyrics
    )
    made = yield post("/v2/generate/audio", json={"model": ask.model, "prompt": ask.text, **said, **ask.format})
    name = look("id", made.json) or made["generation_id"]
    poll = get("/v2/generate/audio", query={"generation_id": name})
    done = yield from JOB.wait(poll, since=made if look("status", made.json) else None)
    return get(done["audio_file"]["url"])


NOVA = {"audio": "audio", "language_code": "language", "speakers": "diarize", "detects": "detect_language"}
SLAM = {"audio": "audio", "language_code": "language_code", "parts": "speaker_labels"}  # with them come the utterances
GPT = {"audio": "file", "language_code": "language", "prompt": "prompt", "temperature": "temperature"}
NOVA_EXTRAS = words("punctuate smart_format numerals profanity_filter filler_words measurements dictation")
BY_DEEPGRAM = Model(honours=honours("language"), gives=words("words speakers"), extras=NOVA_EXTRAS)
NOVA_3 = replace(BY_DEEPGRAM, extras=NOVA_EXTRAS | words("keyterm redact"))
BY_ASSEMBLYAI = Model(
    honours=honours("language"),
    gives=words("words segments speakers"),
    extras=words(
        "punctuate format_text disfluencies filter_profanity speakers_expected speech_threshold custom_spelling "
        "word_boost boost_param audio_start_from audio_end_at language_confidence_threshold redact_pii "
        "redact_pii_policies redact_pii_sub"
    ),
)
BY_OPENAI = Model(honours=honours("language", "prompt", temperature=(0, 1)))
BY_MICROSOFT = Model(honours=honours(temperature=(0, 2)), extras=words("top_p max_tokens max_completion_tokens"))
HEARING: Mapping[str, tuple[Names, Model]] = {
    **dict.fromkeys(("nova-3", "nova-3-general", "nova-3-medical"), (NOVA, NOVA_3)),
    "nova-2-general": (NOVA, BY_DEEPGRAM),
    **{f"whisper-{size}": (NOVA, BY_DEEPGRAM) for size in ("large", "medium", "small", "base", "tiny")},
    "aai/universal": ({**SLAM, "detects": "language_detection"}, BY_ASSEMBLYAI),
    "slam-1": (SLAM, BY_ASSEMBLYAI),
    **dict.fromkeys(("openai/gpt-4o-transcribe", "openai/gpt-4o-mini-transcribe"), (GPT, BY_OPENAI)),
    "microsoft/mai-transcribe-1.5": ({"audio": "audio", "temperature": "temperature"}, BY_MICROSOFT),
}


def listen(ask: ListenAsk) -> Steps:
    said = named(
        ask,
        HEARING[ask.model][0],
        detects=None if ask.language else True,  # those vendors' default is English, OpenAI's is to detect
        speakers=True if "speakers" in ask.wants else None,
        parts=True if ask.wants & {"segments", "speakers"} else None,
    )
    made = yield post("/v1/stt/create", form={"model": ask.model, **said})
    return (yield from JOB.wait(get("/v1/stt/{}", made["generation_id"])))


def read(body: Json) -> Transcript:
    heard = body.get("output") or body["result"]  # as described, and as in every sample
    return read_deepgram(heard) if "results" in heard else read_flat(heard)


def read_deepgram(heard: Json) -> Transcript:
    channels = heard["results"]["channels"]  # a list in the samples, as at Deepgram itself; described as an object
    best = (channels[0] if isinstance(channels, list) else channels)["alternatives"][0]
    spoken = [Word(*part_of(word, "punctuated_word", 1)) for word in best["words"]]
    return Transcript(text=best["transcript"], duration=heard["metadata"]["duration"], words=spoken)


def read_flat(heard: Json) -> Transcript:
    """AssemblyAI's, in milliseconds; of OpenAI's and Microsoft's there is the text alone."""
    return Transcript(
        text=heard["text"],
        language=heard.get("language_code"),
        duration=heard.get("audio_duration"),
        words=[Word(*part_of(word, "text", 1_000)) for word in heard.get("words") or ()],
        segments=[Segment(*part_of(part, "text", 1_000)) for part in heard.get("utterances") or ()],
    )


def part_of(part: Json, text: str, second: int) -> tuple[str, float, float, str | None]:
    speaker = part.get("speaker")
    return part[text], part["start"] / second, part["end"] / second, None if speaker is None else str(speaker)


MUSIC = Sound(
    request=sound,
    reply=audio_bytes,
    formats={WAV: {}},
    patience_s=120,
    proof="openapi",
    models={model: replace(row, price=row.price or REPORTED) for model, (_, row) in SOUNDING.items()},
)
VENDOR = Vendor(
    name="aimlapi",
    base_url="https://api.aimlapi.com",
    errors=ErrorShape(message="message", code="statusCode", by_status={403: Kind.QUOTA}),  # "e.g., no credits"
    billed={Unit.CREDIT: "meta.usage.credits_used"},
    closed=words(
        "model text script prompt stream url audio file reference_audio_url references speakers timbre_weights "
        "music_length_ms seconds_total container sample_rate encoding version tag extra mip_opt_out replace "
        "search multichannel multi_channel utterances utt_split paragraphs subtitle_enable auto_chapters intents "
        "detect_topics topics sentiment custom_intent custom_intent_mode custom_topic custom_topic_mode summarize "
        "summarization summary_model summary_type auto_highlights content_safety iab_categories detect_entities "
        "entity_detection sentiment_analysis redact_pii_audio redact_pii_audio_quality"  # from `search` on: not read
    ),
    knows_all_models=True,
    result_hosts=("cdn.aimlapi.com",),
    read="2026-08-21",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={MP3: {}},  # this and the voice are no model's: each has a row, which says its own
        voices={"*": "alloy"},
        patience_s=30,
        proof="openapi",
        models={model: replace(row, price=REPORTED) for model, (_, row) in SPEAKING.items()},
    ),
    sound=replace(MUSIC, models={"stable-audio": STABLE}),
    music=MUSIC,
    transcription=Transcription(
        request=listen,
        reply=transcript(read),
        patience_s=60,
        proof="openapi",
        models={model: row for model, (_, row) in HEARING.items()},
    ),
)
