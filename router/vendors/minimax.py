"""MiniMax: speech as events, music whole; the sound in hexadecimal, most failures in a 200.

Source: the vendor's reference of T2A v2 and of music, and its page of error codes, read 2026-11-20. There is no
official SDK.
Voices: the vendor's reference, 2026; gender where the name tells it.
Proved by: that reference (tests/vendors/test_minimax.py); nothing of the vendor's own has sent these requests.
Left out: prices (only resellers' are known), `language` (the names that `language_boost` takes were not in what was
read; a client may send the field), wav (comes whole only) and opus (whether it streams is not documented), both made
from pcm; `timbre_weights` (what the voice is beside it, is not documented); the query `GroupId` of older accounts;
a check that `voice_modify` comes with mp3 (the vendor streams no other format with it: who sends it, asks for mp3).
Of music: `music-cover` (it takes a song), its stream (made for listening while it is sung, not read), wav (in
hexadecimal three minutes of it are 64 MB, more than is taken in one document), pcm (stereo or not, is not documented),
the bound of lyrics (3,500 characters: the vendor refuses more).
Where no lyrics are given and singing is not forbidden, the vendor writes them. China: another `base_url`, other keys,
and by a notice there no music for accounts that are new since 2026-08-20.
"""

from __future__ import annotations

from router.vendors.spec import (
    FLAC,
    MP3,
    PCM,
    Draft,
    ErrorShape,
    Json,
    Kind,
    Model,
    Piece,
    Sound,
    SoundAsk,
    Speech,
    SpeechAsk,
    Unit,
    Vendor,
    Voice,
    audio_events,
    audio_json,
    honours,
    post,
    words,
)

NARRATOR = "English_expressive_narrator"
GIRL = "English_radiant_girl"
LADY = "English_Graceful_Lady"
WISE = "Wise_Woman"
MAN = "English_Persuasive_Man"
CAST = {
    NARRATOR: Voice("Expressive Narrator", "en"),
    GIRL: Voice("Radiant Girl", "en", "female"),
    LADY: Voice("Graceful Lady", "en", "female"),
    "English_Insightful_Speaker": Voice("Insightful Speaker", "en"),
    MAN: Voice("Persuasive Man", "en", "male"),
    "English_Lucky_Robot": Voice("Lucky Robot", "en"),
    "Japanese_Whisper_Belle": Voice("Whisper Belle", "ja"),
    "Chinese (Mandarin)_Lyrical_Voice": Voice("Lyrical Voice", "zh"),
    WISE: Voice("Wise Woman", gender="female"),
}
VOICES = {
    **dict.fromkeys(("ash", "ballad", "cedar", "echo", "onyx", "verse"), MAN),
    **dict.fromkeys(("coral", "nova"), GIRL),
    **dict.fromkeys(("marin", "shimmer"), LADY),
    "sage": WISE,
    "*": NARRATOR,
}


def speech(ask: SpeechAsk) -> Draft:
    return post(
        "/v1/t2a_v2",
        json={
            "model": ask.model,
            "text": ask.text,
            "stream": True,
            "stream_options": {"exclude_aggregated_audio": True},
            "voice_setting": {"voice_id": ask.voice, "speed": ask.speed},
            "audio_setting": ask.format,
        },
    )


def music(ask: SoundAsk) -> Draft:
    return post(
        "/v1/music_generation",
        json={
            "model": ask.model,
            "prompt": ask.text,
            "lyrics": ask.lyrics,
            "is_instrumental": ask.instrumental,
            "lyrics_optimizer": None if ask.lyrics or ask.instrumental else True,  # one of the three has to be
            "audio_setting": ask.format,
        },
    )


def read(event: Json) -> Piece:
    data = event["data"]
    if data["status"] == 2:  # the end; whatever audio is here, is all of it once more
        return Piece(is_last=True)
    return Piece(bytes.fromhex(data["audio"]))


def read_song(body: Json) -> bytes:
    data = body["data"]
    if data["status"] != 2:
        raise ValueError("the song is not finished")
    return bytes.fromhex(data["audio"])


VENDOR = Vendor(
    name="minimax",
    base_url="https://api.minimax.io",
    read="2026-11-20",
    errors=ErrorShape(
        message="base_resp.status_msg",
        code="base_resp.status_code",
        ok=frozenset({"0"}),
        kinds={  # most failures come in a 200; what is not here is the vendor's own
            **dict.fromkeys(("1002", "1039", "1041"), Kind.BUSY),
            **dict.fromkeys(("1004", "2049"), Kind.KEY),
            **dict.fromkeys(("1008", "1028", "1030"), Kind.QUOTA),
            **dict.fromkeys(("1026", "1027"), Kind.BLOCKED),
            **dict.fromkeys(("1042", "2013", "20132"), Kind.INPUT),
            "2061": Kind.NO_MODEL,  # the plan lacks it, and has others
        },
    ),
    billed={Unit.CHARACTER: "extra_info.usage_characters"},
    closed=words(
        "model text stream stream_options output_format subtitle_enable subtitle_type timbre_weights GroupId "
        "audio_url audio_base64 cover_feature_id"  # a song to be covered
    ),
    speech=Speech(
        request=speech,
        reply=audio_events(read),
        formats={
            MP3: {"format": "mp3"},
            FLAC: {"format": "flac"},
            PCM: {"format": "pcm", "sample_rate": 24_000, "channel": 1},
        },
        honours=honours(speed=(0.5, 2)),
        voices=VOICES,
        cast=CAST,
        longest=9_999,  # "fewer than 10,000"
        extras=words("pronunciation_dict language_boost voice_modify"),  # `voice_setting` passes undeclared, under ours
        models={f"speech-{one}-{grade}": Model() for one in ("2.8", "2.6", "02", "01") for grade in ("turbo", "hd")},
    ),
    music=Sound(
        request=music,
        reply=audio_json(read_song),
        formats={MP3: {"format": "mp3"}},
        honours=honours("lyrics", "instrumental"),
        longest=2_000,
        extras=words("aigc_watermark"),  # `audio_setting` passes undeclared, as above
        models={"music-3.0": Model(), "music-2.6": Model()},
    ),
)
