"""ElevenLabs: the voice is in the path, the format in the query, the key in a header of its own. Scribe takes a form.

Source: Python SDK elevenlabs 2.78.0 and the OpenAPI document of 2026-08-22.
Prices: the vendor's API page: speech and Scribe by the price file of litellm 1.109.1 (November 2026), effects and music
as read by others in June to August 2026; entities and keyterms cost more. Models newer than that are not priced. Those
others have 100 USD a million characters for `eleven_v3` and the multilingual model, 50 for Flash and Turbo, 20 or 40
for `eleven_v4_turbo`: the newer reading is used.
Languages: the vendor's page of models, 2025.
Limits: the vendor's page of speech to text, 2025.
Voices: the vendor's default voices and their labels (`GET /v2/voices`), July 2026.
Proved by: the official SDK `elevenlabs` (tests/vendors/test_elevenlabs.py); it has no parameter for `lyrics_text`,
`generation_mode`, `finetune_strength` and `use_phonetic_names` of music: for these names the OpenAPI document stands.
Left out: opus (the container is not documented, so it is made from pcm), wav (only off the stream), samples of effects
and music (in how many channels is not documented, so all is made from mp3), the bound of `lyrics_text` (4,000
characters: the vendor refuses more), `seed` of music and `respect_sections_durations` (work with a `composition_plan`
only, which goes without a prompt: closed), a dialogue's speed (it has no such field), what Scribe makes beside the
transcript (`additional_formats`: closed, nobody would get it), what belongs in the query (`enable_logging`,
`optimize_streaming_latency`, `output_format`: closed, for in the body they would do nothing).
"""

from __future__ import annotations

from router.vendors.spec import (
    MP3,
    PCM,
    Dialogue,
    Draft,
    ErrorShape,
    Json,
    Key,
    Kind,
    ListenAsk,
    Model,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Transcript,
    Transcription,
    Unit,
    Vendor,
    Voice,
    Word,
    audio_bytes,
    each,
    honours,
    per_1m_characters,
    per_hour,
    per_minute,
    post,
    transcript,
    words,
)

VOICES = {  # the vendor's own default voices, by character
    "alloy": "EXAVITQu4vr4xnSDxMaL",
    "ash": "iP95p4xoKVk53GoZ742B",
    "ballad": "IKne3meq5aSn9XLyUdCD",
    "coral": "cgSgspJ2msm6clMCkdW9",
    "echo": "TX3LPaxmHKxFdv7VOQHJ",
    "fable": "JBFqnCBsd6RMkjVDRZzb",
    "onyx": "nPczCjzI2devNBz1zQrb",
    "nova": "XrExE9yKIg1WjnnlVkGX",
    "sage": "hpp4J3VqNfWAUOO0d1Us",
    "shimmer": "pFZP5JQG7iQjIQuC4Bku",
    "verse": "CwhRBWXzGAHq8TQ4Fs17",
    "marin": "FGY2WhTYpPnrIDTdsKH5",
    "cedar": "onwK4e9ZLuTAKqWW03F9",
}
CAST = {  # the language is that of the accent: multilingual models speak others with it
    "CwhRBWXzGAHq8TQ4Fs17": Voice("Roger", "en-US", "male"),
    "EXAVITQu4vr4xnSDxMaL": Voice("Sarah", "en-US", "female"),
    "FGY2WhTYpPnrIDTdsKH5": Voice("Laura", "en-US", "female"),
    "IKne3meq5aSn9XLyUdCD": Voice("Charlie", "en-AU", "male"),
    "JBFqnCBsd6RMkjVDRZzb": Voice("George", "en-GB", "male"),
    "N2lVS1w4EtoT3dr4eOWO": Voice("Callum", "en-US", "male"),
    "SAz9YHcvj6GT2YYXdXww": Voice("River", "en-US", "neutral"),
    "SOYHLrjzK2X1ezoPC6cr": Voice("Harry", "en-US", "male"),
    "TX3LPaxmHKxFdv7VOQHJ": Voice("Liam", "en-US", "male"),
    "Xb7hH8MSUJpSbSDYk0k2": Voice("Alice", "en-GB", "female"),
    "XrExE9yKIg1WjnnlVkGX": Voice("Matilda", "en-US", "female"),
    "bIHbv24MWmeRgasZH58o": Voice("Will", "en-US", "male"),
    "cgSgspJ2msm6clMCkdW9": Voice("Jessica", "en-US", "female"),
    "cjVigY5qzO86Huf0OWal": Voice("Eric", "en-US", "male"),
    "hpp4J3VqNfWAUOO0d1Us": Voice("Bella", "en-US", "female"),
    "iP95p4xoKVk53GoZ742B": Voice("Chris", "en-US", "male"),
    "nPczCjzI2devNBz1zQrb": Voice("Brian", "en-US", "male"),
    "onwK4e9ZLuTAKqWW03F9": Voice("Daniel", "en-GB", "male"),
    "pFZP5JQG7iQjIQuC4Bku": Voice("Lily", "en-GB", "female"),
    "pNInz6obpgDQGcFmaJgB": Voice("Adam", "en-US", "male"),
    "pqHfZKP75CvOlQylNhV4": Voice("Bill", "en-US", "male"),
}
FULL = per_1m_characters(80)
FLASH = per_1m_characters(40)
SCRIBE = Model(price=per_hour(0.22))
SONG = per_minute(0.3)
BEST_SONG = {MP3: "mp3_48000_192"}  # what the vendor itself picks for these models
SPEECH_EXTRAS = words(
    "voice_settings seed previous_text next_text previous_request_ids next_request_ids use_pvc_as_ivc "
    "pronunciation_dictionary_locators apply_text_normalization apply_language_text_normalization audio_effects"
)


def speech(ask: SpeechAsk) -> Draft:
    if ask.turns:
        return dialogue(ask)
    return post(
        "/v1/text-to-speech/{}/stream",
        ask.voice,
        query={"output_format": ask.format},
        json={
            "text": ask.text,
            "model_id": ask.model,
            "language_code": ask.language_code,
            "voice_settings": {"speed": ask.speed},
        },
    )


def dialogue(ask: SpeechAsk) -> Draft:
    return post(
        "/v1/text-to-dialogue/stream",
        query={"output_format": ask.format},
        json={
            "inputs": [{"text": turn.text, "voice_id": turn.voice} for turn in ask.turns],
            "model_id": ask.model,
            "language_code": ask.language_code,
        },
    )


def sound(ask: SoundAsk) -> Draft:
    return post(
        "/v1/sound-generation",
        query={"output_format": ask.format},
        json={"text": ask.text, "model_id": ask.model, "duration_seconds": ask.duration},
    )


def music(ask: SoundAsk) -> Draft:
    return post(
        "/v1/music" if "sign_with_c2pa" in ask.options else "/v1/music/stream",  # a stream is not signed
        query={"output_format": ask.format},
        json={
            "prompt": ask.text,
            "model_id": ask.model,
            "music_length_ms": None if ask.duration is None else round(ask.duration * 1_000),
            "lyrics_text": ask.lyrics,
            "force_instrumental": ask.instrumental,
        },
    )


def transcribe(ask: ListenAsk) -> Draft:
    return post(
        "/v1/speech-to-text",
        form={
            "model_id": ask.model,
            "file": ask.audio,
            "language_code": ask.language_code,
            "temperature": ask.temperature,
            "keyterms": ask.keywords,
            "diarize": True if "speakers" in ask.wants else None,
        },
        defaults={"tag_audio_events": False},  # else "(laughter)" stands in the text
    )


def read(body: Json) -> Transcript:
    return Transcript(
        text=body["text"],
        language=body.get("language_code"),
        duration=body.get("audio_duration_secs"),
        words=[
            Word(word["text"], word["start"], word["end"], word.get("speaker_id"), word.get("logprob"))
            for word in body["words"]
            if word["type"] == "word" and word.get("start") is not None  # `timestamps_granularity: none` gives no times
        ],
    )


VENDOR = Vendor(
    name="elevenlabs",
    base_url="https://api.elevenlabs.io",
    auth=Key("xi-api-key", ""),
    errors=ErrorShape(
        message="detail.message|detail.0.msg|detail",
        code="detail.code|detail.status",  # `status` is the older word for it
        kinds={  # where the status misleads: quota comes as 401 or 400, what a plan lacks as 403 like a refused key
            "quota_exceeded": Kind.QUOTA,
            "insufficient_credits": Kind.QUOTA,
            "invalid_api_key": Kind.KEY,
            "system_busy": Kind.BUSY,
            "too_many_concurrent_requests": Kind.BUSY,
            "voice_not_found": Kind.INPUT,
            "voice_access_denied": Kind.INPUT,
            "feature_not_available": Kind.INPUT,
            "subscription_required": Kind.INPUT,
            "only_for_creator+": Kind.INPUT,
            "max_character_limit_exceeded": Kind.INPUT,
            "model_access_denied": Kind.NO_MODEL,
            "unsupported_model": Kind.NO_MODEL,
            "bad_prompt": Kind.BLOCKED,  # names an artist, quotes a song, or worse
        },
    ),
    billed={
        Unit.CREDIT: "header:character-cost",  # called characters; users see 0.5 to 0.6 for each (2026)
        Unit.SECOND: "audio_duration_secs",
    },
    closed=words(
        "model_id text file inputs prompt webhook webhook_id webhook_metadata source_url cloud_storage_url "
        "use_multi_channel multichannel_output_style additional_formats token enable_logging "
        "optimize_streaming_latency output_format duration_seconds music_length_ms lyrics_text composition_plan "
        "music_prompt respect_sections_durations"
    ),
    read="2026-11-20",
    speech=Speech(
        request=speech,
        reply=audio_bytes,
        formats={MP3: "mp3_44100_128", PCM: "pcm_24000"},
        honours=honours("language", speed=(0.7, 1.2)),
        voices=VOICES,
        cast=CAST,
        voice_like=r"[A-Za-z0-9]{20}",
        longest=10_000,
        extras=SPEECH_EXTRAS,
        models={
            "eleven_v3": Model(
                longest=3_000,
                dialogue=Dialogue(longest=2_000, voices=10, drops=words("speed")),
                extras=SPEECH_EXTRAS | words("settings future_text"),  # of a dialogue
                price=FULL,
            ),
            "eleven_v4": Model(price=FULL),
            "eleven_v4_turbo": Model(price=FLASH),
            "eleven_v4_*": Model(),
            "eleven_multilingual_v2": Model(honours=honours(speed=(0.7, 1.2)), price=FULL),
            "eleven_flash_v2_5": Model(longest=40_000, price=FLASH),
            "eleven_turbo_v2_5": Model(longest=40_000, price=FLASH),
            "eleven_flash_v2": Model(longest=30_000, languages=words("en"), price=FLASH),
            "eleven_turbo_v2": Model(longest=30_000, languages=words("en"), price=FLASH),
        },
        proof="sdk",
    ),
    sound=Sound(
        request=sound,
        reply=audio_bytes,
        formats={MP3: "mp3_44100_128"},
        honours=honours(duration=(0.5, 30)),
        extras=words("prompt_influence loop"),
        models={"eleven_text_to_sound_v2": Model(price=each(0.12)), "eleven_text_to_sound_*": Model()},
        proof="sdk",
    ),
    music=Sound(
        request=music,
        reply=audio_bytes,
        formats={MP3: "mp3_44100_128"},
        honours=honours("lyrics", "instrumental", duration=(3, 600)),
        longest=4_100,
        extras=words(
            "generation_mode finetune_id finetune_strength use_phonetic_names store_for_inpainting sign_with_c2pa"
        ),
        models={
            "music_v1": Model(price=SONG),
            "music_v2": Model(formats=BEST_SONG, price=SONG),
            "music_v2_*": Model(formats=BEST_SONG),
            "music_*": Model(),
        },
        proof="sdk",
    ),
    transcription=Transcription(
        request=transcribe,
        reply=transcript(read),
        honours=honours("language", "keywords", temperature=(0, 2)),
        gives=words("words speakers logprobs"),
        largest_bytes=5_000_000_000,
        longest_s=36_000,
        extras=words(
            "tag_audio_events num_speakers timestamps_granularity diarization_threshold seed no_verbatim "
            "numbers_format file_format entity_detection entity_redaction entity_redaction_mode detect_speaker_roles "
            "use_speaker_library secondary_language_codes transcript_edit"
        ),
        models={"scribe_v1": SCRIBE, "scribe_v2": SCRIBE, "scribe_*": Model()},
        proof="sdk",
    ),
)
