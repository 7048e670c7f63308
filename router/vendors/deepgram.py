"""Deepgram: everything but the text is in the query, an upload is the raw body, and the model is the voice.

Source: Python SDK deepgram-sdk 7.17.0 and the OpenAPI document of 2026-07-22.
Prices: pay as you go, 2026-08-01, the vendor's page as others read it; `language=multi` and Flux are not in them.
Prices: of Aura, the price file of litellm 1.109.1 (November 2026); what it has of Nova is older than the vendor's page.
Languages: the vendor's page of text-to-speech models, 2026.
Voices: the SDK's lists; accents and genders of the English Aura voices from the vendor's documentation of 2025.
Proved by: the official SDK `deepgram-sdk` (tests/vendors/test_deepgram.py).
Left out: `temperature` and a free-text prompt (none exist), confidence as log-probability (it is not one).
"""

from __future__ import annotations

from collections.abc import Mapping

from router.vendors.spec import (
    AAC,
    FLAC,
    MP3,
    OPUS,
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
    Unit,
    Vendor,
    Voice,
    Word,
    audio_bytes,
    honours,
    per_1m_characters,
    per_minute,
    post,
    transcript,
    words,
)

FORMATS = {  # only combinations the vendor allows: a rate where it is fixed is a 400
    MP3: {"encoding": "mp3"},
    OPUS: {"encoding": "opus", "container": "ogg"},
    AAC: {"encoding": "aac"},
    FLAC: {"encoding": "flac"},
    WAV: {"encoding": "linear16", "container": "wav"},
    PCM: {"encoding": "linear16", "container": "none", "sample_rate": 24_000},
}
AURA_2 = {
    "alloy": "thalia",
    "ash": "arcas",
    "ballad": "orpheus",
    "coral": "helena",
    "echo": "apollo",
    "fable": "draco",
    "onyx": "zeus",
    "nova": "andromeda",
    "sage": "athena",
    "shimmer": "luna",
    "verse": "aries",
    "marin": "cora",
    "cedar": "orion",
}
AURA = {
    "alloy": "asteria",
    "ash": "arcas",
    "echo": "orion",
    "fable": "helios",
    "onyx": "zeus",
    "sage": "athena",
    "shimmer": "luna",
    "*": "asteria",
}
FLUX = {"alloy": "alexis", "coral": "haley", "echo": "cole", "nova": "sienna", "onyx": "cole", "*": "alexis"}
MALE = words(
    "angus apollo arcas aries atlas draco helios hermes hyperion jupiter mars neptune odysseus orion orpheus perseus "
    "pluto saturn zeus"
)
ABROAD = {  # the other English Aura voices are American
    "aura-2-amalthea-en": "en-PH",
    "aura-2-draco-en": "en-GB",
    "aura-2-hyperion-en": "en-AU",
    "aura-2-pandora-en": "en-GB",
    "aura-2-theia-en": "en-AU",
    "aura-angus-en": "en-IE",
    "aura-athena-en": "en-GB",
    "aura-helios-en": "en-GB",
}


def _aura(model: str, names: str) -> Mapping[str, Voice]:
    """The English voices of an Aura model."""
    cast = {f"{model}-{name}-en": name for name in names.split()}
    return {
        voice: Voice(name.title(), ABROAD.get(voice, "en-US"), "male" if name in MALE else "female")
        for voice, name in cast.items()
    }


def _others(model: str, language: str, names: str) -> Mapping[str, Voice]:
    return {f"{model}-{name}-{language}": Voice(name.title(), language) for name in names.split()}


AURA_2_CAST = {
    **_aura(
        "aura-2",
        "amalthea andromeda apollo arcas aries asteria athena atlas aurora callista cora cordelia delia draco electra "
        "harmonia helena hera hermes hyperion iris janus juno jupiter luna mars minerva neptune odysseus ophelia orion "
        "orpheus pandora phoebe pluto saturn selene thalia theia vesta zeus",
    ),
    **_others(
        "aura-2",
        "es",
        "agustina alvaro antonia aquila carina celeste diana estrella gloria javier luciano nestor olivia selena "
        "silvia sirio valerio",
    ),
    **_others("aura-2", "de", "aurelia elara fabian julius kara lara viktoria"),
    **_others("aura-2", "nl", "beatrix cornelia daphne hestia lars leda rhea roman sander"),
    **_others("aura-2", "fr", "agathe hector"),
    **_others("aura-2", "it", "cesare cinzia demetra dionisio elio flavio livia maia melia"),
    **_others("aura-2", "ja", "ama ebisu fujin izanami uzume"),
}
AURA_CAST = _aura("aura", "angus arcas asteria athena helios hera luna orion orpheus perseus stella zeus")
FLUX_CAST = _others(
    "flux",
    "en",
    "alexis bree brittany brooke bruce cliff cole colin conor donovan drew elise gemma haley hannah heather jack kai "
    "kelsey kit maeve marcelo marcus meena meghan miles naveen paige priya rufus sean sharon sienna tanner wade wes",
)


def speech(ask: SpeechAsk) -> Draft:
    spoken = _voice_model(ask.model, ask.voice)
    return post(
        "/{}/speak",
        "v2" if spoken.startswith("flux") else "v1",
        query={"model": spoken, "speed": _step(ask.speed) if spoken.startswith("flux") else ask.speed, **ask.format},
        json={"text": ask.text},
        extras="query",
    )


def _step(speed: float | None) -> float | None:
    """Flux takes steps of 0.05 and refuses what lies between."""
    return None if speed is None else round(round(speed * 20) / 20, 2)


def _voice_model(model: str, voice: str) -> str:
    """The voice is the model, `aura-2-thalia-en`; a model that names one already stands for itself."""
    return model if "-" in model.removeprefix("aura-2") else voice


def transcribe(ask: ListenAsk) -> Draft:
    return post(
        "/v1/listen",
        body=ask.audio,
        extras="query",
        query={
            "model": ask.model,
            "language": ask.language,
            "detect_language": None if ask.language else True,  # the vendor's default is English, OpenAI's is to detect
            "keyterm" if ask.model.startswith("nova-3") else "keywords": ask.keywords,
            "utterances": True if ask.wants & {"segments", "speakers"} else None,
            "diarize_model": "latest" if "speakers" in ask.wants else None,
        },
        defaults={"punctuate": True},
    )


def read(body: Json) -> Transcript:
    channel = body["results"]["channels"][0]
    best = channel["alternatives"][0]
    return Transcript(
        text=best["transcript"],
        language=channel.get("detected_language"),
        duration=body["metadata"]["duration"],
        words=[
            Word(word.get("punctuated_word", word["word"]), word["start"], word["end"], _speaker(word))
            for word in best["words"]
        ],
        segments=[
            Segment(part["transcript"], part["start"], part["end"], _speaker(part))
            for part in body["results"].get("utterances") or ()
        ],
    )


def _speaker(part: Json) -> str | None:
    return None if part.get("speaker") is None else str(part["speaker"])


AURA_2_ROW = Model(
    voice_like=r"aura-2-[a-z]+-[a-z]{2}",  # a voice of another model has another price
    cast=AURA_2_CAST,
    price=per_1m_characters(30),
)

VENDOR = Vendor(
    name="deepgram",
    base_url="https://api.deepgram.com",
    auth=Key(prefix="Token "),
    errors=ErrorShape(
        message="err_msg|message|details",
        code="err_code|category",
        # a 403 of a misspelt model as well: "Project does not have access to the requested model."
        kinds={"INSUFFICIENT_PERMISSIONS": Kind.NO_MODEL},
    ),
    billed={Unit.CHARACTER: "header:dg-char-count", Unit.SECOND: "metadata.duration"},
    # multichannel: each channel is billed, and only the first one would be read
    closed=words("model callback callback_method encoding container sample_rate url multichannel"),
    read="2026-08-01",
    speech=Speech(
        proof="sdk",
        request=speech,
        reply=audio_bytes,
        formats=FORMATS,
        voices={name: f"aura-2-{voice}-en" for name, voice in AURA_2.items()},
        voice_like=r"(aura-2|aura|flux)-[a-z]+-[a-z]{2}",
        honours=honours("speed"),  # a multiplier; the documents name no bounds for Aura
        longest=1_000,  # the documents say 1,000, 2,000 and 2,400; pieces are joined without a seam
        extras=words("bit_rate tag mip_opt_out"),
        models={
            "aura-2": AURA_2_ROW,
            "aura-2-*": AURA_2_ROW,
            "aura*": Model(
                voices={name: f"aura-{voice}-en" for name, voice in AURA.items()},
                voice_like=r"aura-[a-z]+-[a-z]{2}",
                languages=words("en"),
                cast=AURA_CAST,
                honours=honours("language", "speed"),  # English is what it is asked for, or the call goes elsewhere
                price=per_1m_characters(15),
            ),
            "flux*": Model(
                voices={name: f"flux-{voice}-en" for name, voice in FLUX.items()},
                voice_like=r"flux-[a-z]+-[a-z]{2}",
                languages=words("en"),
                cast=FLUX_CAST,
                honours=honours("language", speed=(0.5, 1.5)),
                extras=words("bit_rate tag mip_opt_out expressivity"),
            ),
        },
    ),
    transcription=Transcription(
        proof="sdk",
        request=transcribe,
        takes_chunked=True,  # the SDK above takes an iterator of bytes and hands it to httpx, which sends it so
        reply=transcript(read),
        gives=words("words segments speakers"),
        honours=honours("language", "keywords"),
        largest_bytes=2_000_000_000,
        extras=words(
            "punctuate smart_format paragraphs utt_split numerals measurements dictation filler_words "
            "profanity_filter redact replace search summarize topics intents sentiment detect_entities custom_topic "
            "custom_topic_mode custom_intent custom_intent_mode language_hint tag extra mip_opt_out version"
        ),
        models={
            "nova-3": Model(price=per_minute(0.0077)),
            "nova*": Model(),
            "enhanced*": Model(),
            "base*": Model(),
            "whisper*": Model(honours=honours("language")),
        },
    ),
)
