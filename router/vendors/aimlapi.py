"""AI/ML API: other vendors' models behind three doors. Each model keeps its own fields: what they are called is data.

Source: the vendor's public documentation and its OpenAPI files, August 2026; answers are read as either has them.
Prices: Stable Audio by its page, 2026; a credit by the `credits_used` and `usd_spent` of the documented answers, 2026.
All other models cost what the answers report, which those of transcription do not.
Voices: the OpenAPI files, August 2026; which of them is closest goes by their names.
Proved by: the vendor's own OpenAPI document (tests/vendors/test_aimlapi.py). That an upload comes as a form stands in
its samples alone: the document names the fields, not how a file gets there.
Left out: `stream: true` (audio in a format that only unstreamed speech lets one choose), opus, aac and pcm where their
container or rate is not documented, Qwen's voices (the sample's result lies at another vendor's host, by plain http),
VibeVoice and Seed Audio (scripts, references), `minimax-music` and `minimax/music-cover` (they want a recording),
`keywords` (how a form spells a list is not documented), Deepgram's segments, `deepgram/aura`, MiniMax's previews, names
that begin with `#g1_`. `minimax/music-1.5` and `-2.0` refuse a call without lyrics; `slam-1` is told no language to
detect, and hears English where none is named.
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
OPENAIS = "* alloy ash ballad cedar coral echo fable marin nova onyx sage shimmer verse"


def voiced(text: str, form: str = "{}") -> dict[str, str]:
    return {openais: form.format(own) for openais, own in zip(OPENAIS.split(), text.split("|"), strict=True)}


def named(names: Names, **said: Any) -> dict[str, Any]:
    """What is said, by the names that a model has for it."""
    body: dict[str, Any] = {}
    for what, name in names.items():
        outer, _, inner = name.rpartition(".")
        (body.setdefault(outer, {}) if outer else body)[inner] = said[what]
    return body


OPENAI = Model(
    formats={one: {"response_format": one.codec} for one in (MP3, AAC, FLAC, WAV)},
    honours=honours(speed=(0.25, 4)),
    voices=voiced("alloy|alloy|ash|ballad|onyx|coral|echo|fable|coral|nova|onyx|sage|shimmer|verse"),
    voice_like="alloy|ash|ballad|coral|echo|fable|nova|onyx|sage|shimmer|verse",
    longest=4_096,
    extras=words("style"),
)
STYLED = replace(OPENAI, honours=honours("instructions", speed=(0.25, 4)))
ELEVENS = [f"elevenlabs/{one}" for one in ("eleven_multilingual_v2", "eleven_turbo_v2_5", "v3_alpha")]
ELEVEN = Model(
    formats={MP3: {"output_format": "mp3_44100_128"}, PCM: {"output_format": "pcm_24000"}},
    honours=honours(speed=(0.7, 1.2)),
    voices=voiced("Rachel|Sarah|Chris|Charlie|Daniel|Jessica|Liam|George|Laura|Matilda|Brian|Alice|Lily|Roger"),
    voice_like="[A-Z][A-Za-z ]+",
    extras=words("voice_settings apply_text_normalization seed"),
)
AURA = Model(
    formats={one: {"encoding": one.codec} for one in (MP3, FLAC)},
    voices=voiced("thalia|thalia|arcas|orpheus|orion|helena|apollo|draco|cora|andromeda|zeus|athena|luna|aries"),
    voice_like="amalthea|andromeda|apollo|arcas|aries|asteria|athena|atlas|aurora|callista|celeste|cora|cordelia|delia|"
    "draco|electra|estrella|harmonia|helena|hera|hermes|hyperion|iris|janus|juno|jupiter|luna|mars|minerva|neptune|"
    "nestor|odysseus|ophelia|orion|orpheus|pandora|phoebe|pluto|saturn|selene|thalia|theia|vesta|zeus",
)
MINIMAXES = [f"minimax/speech-{one}-{grade}" for one in ("2.8", "2.6") for grade in ("hd", "turbo")]
MINIMAX = Model(
    formats={one: {"audio_setting": {"format": one.codec}} for one in (MP3, FLAC)},
    honours=honours(speed=(0.5, 2)),
    voices=voiced(
        "Wise_Woman|Friendly_Person|Casual_Guy|Elegant_Man|Patient_Man|Lively_Girl|Determined_Man|Young_Knight|"
        "Calm_Woman|Lovely_Girl|Deep_Voice_Man|Wise_Woman|Calm_Woman|Casual_Guy"
    ),
    longest=5_000,
    extras=words("pronunciation_dict language_boost voice_modify"),
)
INWORLD = Model(
    formats={one: {"format": one.codec} for one in (MP3, WAV)},
    voices=voiced("Alex|Ashley|Mark|Edward|Craig|Julia|Dennis|Theodore|Olivia|Sarah|Ronald|Elizabeth|Wendy|Timothy"),
    voice_like=r"[A-Z]\w+",
    longest=500_000,
)
HUME = replace(
    INWORLD,
    voices=voiced(
        "Vince Douglas|Ava Song|Colton Rivers|Male English Actor|Donovan Sinclair|Alice Bennett|Vince Douglas|"
        "Sebastian Lockwood|Lady Elizabeth|Imani Carter|Booming American Narrator|Lady Elizabeth|Ava Song|"
        "Terrence Bentley"
    ),
    voice_like=r"[A-Z][\w' ]+",
)
MAI = Model(
    formats={one: {"response_format": one.codec} for one in (MP3, WAV)},
    voices=voiced("Ava|Ava|Guy|Tony|Brian|Jenny|Andrew|Tony|Emma|Aria|Davis|Nancy|Jane|Guy", "en-US-{}Neural"),
    voice_like=r"[a-z]{2}-[A-Z]{2}-[\w:]+Neural",
    longest=4_096,
    extras=words("temperature top_p"),
)
VOICE = {"voice": "voice"}
PACED = {"voice": "voice", "speed": "speed"}
SPEAKING: Mapping[str, tuple[Names, Model]] = {
    **dict.fromkeys(("openai/tts-1", "openai/tts-1-hd"), (PACED, OPENAI)),
    "openai/gpt-4o-mini-tts": ({**PACED, "instructions": "style"}, STYLED),
    **dict.fromkeys(ELEVENS, ({"voice": "voice", "speed": "voice_settings.speed"}, ELEVEN)),
    **dict.fromkeys(MINIMAXES, ({"voice": "voice_setting.voice_id", "speed": "voice_setting.speed"}, MINIMAX)),
    **{f"inworld/tts-{one}": (VOICE, INWORLD) for one in ("1", "1-max", "1-5-mini", "1-5-max")},
    "deepgram/aura-2": (VOICE, AURA),
    "hume/octave-2": (VOICE, HUME),
    "microsoft/mai-voice-2": (VOICE, MAI),
}


def speech(ask: SpeechAsk) -> Steps:
    said = named(SPEAKING[ask.model][0], voice=ask.voice, speed=ask.speed, instructions=ask.instructions)
    made = yield post("/v1/tts", json={"model": ask.model, "text": ask.text, "stream": False, **said, **ask.format})
    audio = made["audio"]  # the document says an address, most samples an object that holds one
    return get(audio if isinstance(audio, str) else audio["url"])


STABLE = Model(
    price=in_credits(CREDIT_USD, per_step=252),
    honours=honours(duration=(1, 47)),
    steps=100,
    extras=words("seconds_start steps"),
)
LYRIA = Model(honours=honours("seed"), extras=words("negative_prompt"))
ELEVEN_MUSIC = Model(formats={MP3: {}}, honours=honours(duration=(10, 300)), longest=2_000)
SUNG = {one: {"audio_setting": {"format": one.codec}} for one in (MP3, WAV)}
SONG = Model(formats=SUNG, honours=honours("lyrics"), longest=2_000)
TUNE = replace(SONG, honours=honours("lyrics", "instrumental"))
LYRICS = {"lyrics": "lyrics"}
SOUNDING: Mapping[str, tuple[Names, Model]] = {
    "stable-audio": ({"seconds": "seconds_total"}, STABLE),
    "google/lyria2": ({"seed": "seed"}, LYRIA),
    "elevenlabs/eleven_music": ({"milliseconds": "music_length_ms"}, ELEVEN_MUSIC),
    "minimax/music-1.5": (LYRICS, replace(SONG, longest=300)),
    "minimax/music-2.0": (LYRICS, SONG),
    "minimax/music-2.6": ({**LYRICS, "instrumental": "is_instrumental", "unwritten": "lyrics_optimizer"}, TUNE),
}


def sound(ask: SoundAsk) -> Steps:
    said = named(
        SOUNDING[ask.model][0],
        seconds=ask.duration and ceil(ask.duration),
        milliseconds=ask.duration and ceil(ask.duration * 1_000),
        seed=ask.seed,
        lyrics=ask.lyrics,
        instrumental=ask.instrumental,
        unwritten=None if ask.lyrics or ask.instrumental else True,  # else it asks for lyrics
    )
    made = yield post("/v2/generate/audio", json={"model": ask.model, "prompt": ask.text, **said, **ask.format})
    name = look("id", made.json) or made["generation_id"]
    poll = get("/v2/generate/audio", query={"generation_id": name})
    done = yield from JOB.wait(poll, since=made if look("status", made.json) else None)
    return get(done["audio_file"]["url"])


NOVA = {"audio": "audio", "language": "language", "speakers": "diarize", "detects": "detect_language"}
SLAM = {"audio": "audio", "language": "language_code", "speakers": "speaker_labels"}
GPT = {"audio": "file", "language": "language", "prompt": "prompt", "temperature": "temperature"}
BY_DEEPGRAM = Model(
    honours=honours("language"),
    gives=words("words speakers"),
    extras=words("punctuate smart_format numerals profanity_filter filler_words measurements dictation"),
)
BY_ASSEMBLYAI = Model(
    honours=honours("language"),
    gives=words("words segments speakers"),
    extras=words("punctuate format_text disfluencies filter_profanity speakers_expected"),
)
BY_OPENAI = Model(honours=honours("language", "prompt", temperature=(0, 1)))
BY_MICROSOFT = Model(honours=honours(temperature=(0, 2)))
HEARING: Mapping[str, tuple[Names, Model]] = {
    **dict.fromkeys(("nova-3", "nova-3-general", "nova-3-medical", "nova-2-general"), (NOVA, BY_DEEPGRAM)),
    **{f"whisper-{size}": (NOVA, BY_DEEPGRAM) for size in ("large", "medium", "small", "base", "tiny")},
    "aai/universal": ({**SLAM, "detects": "language_detection"}, BY_ASSEMBLYAI),
    "slam-1": (SLAM, BY_ASSEMBLYAI),
    **dict.fromkeys(("openai/gpt-4o-transcribe", "openai/gpt-4o-mini-transcribe"), (GPT, BY_OPENAI)),
    "microsoft/mai-transcribe-1.5": ({"audio": "audio", "temperature": "temperature"}, BY_MICROSOFT),
}


def listen(ask: ListenAsk) -> Steps:
    said = named(
        HEARING[ask.model][0],
        audio=ask.audio,
        language=ask.language,
        detects=None if ask.language else True,  # those vendors' default is English, OpenAI's is to detect
        speakers=True if ask.wants & {"segments", "speakers"} else None,
        prompt=ask.prompt,
        temperature=ask.temperature,
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
    errors=ErrorShape(message="message", code="statusCode", kinds={"403": Kind.QUOTA}),  # "e.g., no credits"
    billed={Unit.CREDIT: "meta.usage.credits_used"},
    closed=words("model text script prompt stream url audio file subtitle_enable timbre_weights"),
    knows_all_models=True,
    result_hosts=("cdn.aimlapi.com",),
    read="2026-08-21",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={MP3: {}},  # of a model without a row, as its voice; there is none
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
