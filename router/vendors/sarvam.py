"""Sarvam AI: Bulbul speaks the languages of India, Saaras writes them down, or translates them into English.

Source: Python SDK sarvamai 0.1.39 and the vendor's page of errors, November 2026. No OpenAPI document was found.
Languages: the SDK's lists, 0.1.39; Odia, `or` elsewhere, is `od` there.
Limits: the SDK's notes on speech to text, 0.1.39, "under 30 seconds".
Voices: the SDK's notes, 0.1.39; genders of `bulbul:v3` by the list in LiveKit's plugin for it (2026).
Proved by: the official SDK `sarvamai` (tests/vendors/test_sarvam.py).
Left out: prices (stated in rupees only), opus (the container is not documented, so it is made from pcm), times of a
translation (of which text is not documented), speakers (batch jobs only), `/speech-to-text-translate` (the older way),
languages that we have no code for: Bodo, Dogri, Kashmiri, Konkani, Maithili, Manipuri and Santali are detected only.
"""

from __future__ import annotations

from router.vendors.spec import (
    AAC,
    FLAC,
    MP3,
    PCM,
    WAV,
    Draft,
    ErrorShape,
    Json,
    Key,
    Kind,
    ListenAsk,
    Model,
    Segment,
    Speech,
    SpeechAsk,
    Transcript,
    Transcription,
    Vendor,
    Voice,
    audio_bytes,
    honours,
    post,
    replace,
    transcript,
    words,
)
from router.wire.languages import code_of
from router.wire.scripts import written_in


def pairs(text: str) -> dict[str, str]:
    return dict(pair.split(" ") for pair in text.split(", "))


SPOKEN = words("bn en gu hi kn ml mr or pa ta te")
HEARD = SPOKEN | words("as ne sa sd ur")
FEMALE = words(
    "anushka manisha vidya arya ritu pooja simran kavya ishita shreya priya neha roopa suhani rupali tanya shruti "
    "kavitha"
)
MALE = words(
    "abhilash karun hitesh shubh rahul amit ratan rohan dev manan sumit aditya kabir varun aayan ashutosh advait"
)
V2 = words("anushka manisha vidya arya abhilash karun hitesh")
V3 = ((FEMALE | MALE) - V2) | words("anand tarun sunny mani gokul vijay mohit rehan soham")
V2_VOICES = pairs(
    "ash karun, ballad hitesh, cedar abhilash, echo karun, fable hitesh, onyx abhilash, verse karun, coral manisha, "
    "marin manisha, nova vidya, sage vidya, shimmer arya, * anushka"
)
V3_VOICES = pairs(
    "alloy ritu, ash aditya, ballad kabir, cedar rohan, coral priya, echo rahul, fable varun, marin simran, nova neha, "
    "onyx ratan, sage kavya, shimmer pooja, * shubh"
)
COMMON = words("speech_sample_rate output_audio_bitrate")
V2_EXTRAS = COMMON | words("pitch loudness enable_preprocessing enable_cached_responses")
V3_EXTRAS = COMMON | words("temperature dict_id")
HEARING = {"saaras:v3": Model(), "saaras:v4": Model(honours=honours("language", "keywords"))}


def cast(names: frozenset[str]) -> dict[str, Voice]:
    return {
        name: Voice(name.title(), gender="female" if name in FEMALE else "male" if name in MALE else None)
        for name in sorted(names)
    }


def locale_of(language: str) -> str:
    return f"{code_of(language)}-IN".replace("or-", "od-")


def speech(ask: SpeechAsk) -> Draft:
    language = ask.language or written_in(ask.text, SPOKEN, latin_counts=0)  # the vendor wants one
    return post(
        "/text-to-speech/stream",
        json={
            "text": ask.text,
            "model": ask.model,
            "speaker": ask.voice,
            "language_code": locale_of(language),
            "pace": ask.speed,
            **ask.format,
        },
    )


def listen(ask: ListenAsk) -> Draft:
    return post(
        "/speech-to-text",
        form={
            "file": ask.audio,
            "model": ask.model,
            "language_code": locale_of(ask.language) if ask.language else "unknown",
            "with_timestamps": True if "segments" in ask.wants else None,
            "keyterms": [ask.keywords] if ask.keywords else None,  # one part, which is a list in JSON
        },
    )


def translate(ask: ListenAsk) -> Draft:
    draft = listen(ask)
    return replace(draft, form={**(draft.form or {}), "mode": "translate"})


def read(body: Json) -> Transcript:
    times = body.get("timestamps") or {"words": (), "start_time_seconds": (), "end_time_seconds": ()}
    parts = zip(times["words"], times["start_time_seconds"], times["end_time_seconds"], strict=True)
    return Transcript(
        text=body["transcript"],
        language=(body.get("language_code") or "").replace("od-", "or-") or None,
        segments=[Segment(*part) for part in parts],  # phrases, whatever the vendor calls them
    )


def read_english(body: Json) -> Transcript:
    return replace(read(body), language="en")  # the vendor says which one was spoken


VENDOR = Vendor(
    name="sarvam",
    base_url="https://api.sarvam.ai",
    auth=Key("api-subscription-key", ""),
    errors=ErrorShape(
        kinds={  # where the status misleads: quota is a 429, and throttling a 503 at times
            "insufficient_quota_error": Kind.QUOTA,
            "rate_limit_exceeded_error": Kind.BUSY,
            "invalid_api_key_error": Kind.KEY,
            "authentication_error": Kind.KEY,
        }
    ),
    # keyterms: `keywords` says it; the fields of a client's form would not be the one list that is read
    closed=words("model text file speaker language_code target_language_code output_audio_codec keyterms"),
    read="2026-11-20",
    speech=Speech(
        proof="sdk",
        request=speech,
        reply=audio_bytes,
        formats={
            **{one: {"output_audio_codec": one.codec} for one in (MP3, AAC, FLAC, WAV)},
            PCM: {"output_audio_codec": "linear16", "speech_sample_rate": 24_000},
        },
        voices={"*": "shubh"},
        honours=honours("language", speed=(0.5, 2)),
        longest=2_500,
        languages=SPOKEN,
        extras=V3_EXTRAS | V2_EXTRAS,
        models={
            "bulbul:v3": Model(voices=V3_VOICES, voice_like="|".join(sorted(V3)), cast=cast(V3), extras=V3_EXTRAS),
            "bulbul:v4-flash": Model(
                voices={"*": "shubh_enhi_ads"}, voice_like=r"[a-z]+_[a-z]+_[a-z_]+", extras=V3_EXTRAS
            ),
            "bulbul:v2": Model(
                voices=V2_VOICES,
                voice_like="|".join(sorted(V2)),
                cast=cast(V2),
                honours=honours("language", speed=(0.3, 3)),
                longest=1_500,
                extras=V2_EXTRAS,
            ),
        },
    ),
    transcription=Transcription(
        proof="sdk",
        request=listen,
        reply=transcript(read),
        gives=words("segments"),
        honours=honours("language"),
        longest_s=30,
        languages=HEARD,
        extras=words("mode input_audio_codec"),
        models=HEARING,
    ),
    translation=Transcription(
        proof="sdk",
        request=translate,
        reply=transcript(read_english),
        honours=honours("language"),
        longest_s=30,
        languages=HEARD,
        extras=words("input_audio_codec"),
        models=HEARING,
    ),
)
