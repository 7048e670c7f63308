"""The lists as values: what a plan says of its models and voices. Pure; over the wire: tests/e2e/test_lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
import pytest

from router.api.lists import ListedModel, ListedVoice, list_voices, model_ids, show_model
from router.routing.plan import Plan
from router.wire.calls import OPENAI_VOICES
from router.wire.errors import InvalidCall, UnknownModel
from tests.plans import VENDORS, choose, plan_from, speech

SPEECH = "routes: {m: {targets: [openai/tts-1, elevenlabs/eleven_v3, {target: local/espeak-ng, last_resort: true}]}}\n"
HEARING = "routes: {m: {targets: [groq/whisper-large-v3-turbo, deepgram/nova-3]}}\n"


def plan(routes: str, *keys: str) -> Plan:
    """All five vendors; those whose names are given have a key, and `local` needs none."""
    return plan_from(VENDORS + routes, {f"{key.upper()}_API_KEY": "k" for key in keys})


def plain(listed: Any) -> Any:
    """As a client reads it."""
    return msgspec.json.decode(msgspec.json.encode(listed))


def model(routes: str, *keys: str, name: str = "m") -> ListedModel:
    return show_model(plan(routes, *keys), name, created=1)


def voices(routes: str, *keys: str, **asked: str) -> Mapping[str, ListedVoice]:
    listed = list_voices(plan(routes, *keys), **asked).voices
    found = {voice.id: voice for voice in listed}
    assert len(found) == len(listed), "each once"
    return found


# ------------------------------------------------------------------ models


def test_a_route_tells_its_chain_its_formats_and_its_prices() -> None:
    """OpenAI's own keys first; targets in order, with what is configured, what it costs and when it ends."""
    assert plain(model(SPEECH, "elevenlabs")) == {
        "id": "m",
        "object": "model",
        "created": 1,
        "owned_by": "audio-router",
        "shutdown_date": None,
        "kinds": ["speech"],
        "targets": [
            {"target": "openai/tts-1", "configured": False, "last_resort": False, "shutdown_date": "2027-01-06"},
            {"target": "elevenlabs/eleven_v3", "configured": True, "last_resort": False, "shutdown_date": None},
            {"target": "local/espeak-ng", "configured": True, "last_resort": True, "shutdown_date": None},
        ],
        "formats": {"native": ["mp3", "pcm"], "transcoded": ["opus", "aac", "flac", "wav"]},
        "gives": None,
        "prices": [
            {
                "target": "openai/tts-1",
                "kind": "speech",
                "usd": {"per_1m_characters": 15.0},
                "minimum_seconds": 0.0,
                "is_estimate": False,
            },
            {
                "target": "elevenlabs/eleven_v3",
                "kind": "speech",
                "usd": {"per_1m_characters": 80.0},
                "minimum_seconds": 0.0,
                "is_estimate": False,
            },
            {
                "target": "local/espeak-ng",
                "kind": "speech",
                "usd": {"per_request": 0.0},
                "minimum_seconds": 0.0,
                "is_estimate": False,
            },
        ],
    }


def test_only_who_may_answer_counts_for_what_is_possible() -> None:
    """Formats are those of configured targets, and of a last resort only when it is the last."""
    alone = model(SPEECH).formats
    keyed = model(SPEECH, "openai", "elevenlabs").formats

    assert alone
    assert (alone.native, len(alone.transcoded)) == ([], 6)
    assert keyed
    assert (len(keyed.native), keyed.transcoded) == (6, [])


def test_what_a_transcript_can_hold_is_what_some_target_gives() -> None:
    """Together, and segments also where a vendor only gives words."""
    assert model(HEARING, "groq").gives == ["segments", "words"]
    assert model(HEARING, "groq", "deepgram").gives == ["segments", "speakers", "words"]
    assert model(HEARING, name="local/pocketsphinx").gives == ["segments", "words"]
    assert model(SPEECH, "openai").gives is None


def test_a_model_that_is_named_directly_has_its_vendors_last_day() -> None:
    """A route goes on when a target of its ends; the target does not."""
    listed = model(SPEECH, "openai", name="openai/whisper-1")

    assert (listed.owned_by, listed.shutdown_date) == ("openai", "2027-02-26")
    assert listed.kinds == ["transcription", "translation"]
    assert [(price.kind, price.usd) for price in listed.prices] == [
        ("transcription", {"per_minute": 0.006}),
        ("translation", {"per_minute": 0.006}),
    ]


def test_a_price_tells_its_minimum_and_whether_it_is_a_guess() -> None:
    """What is not known is not there."""
    (turbo,) = model(HEARING, "groq", name="groq/whisper-large-v3-turbo").prices
    (mini,) = model(HEARING, "openai", name="openai/gpt-4o-mini-transcribe").prices

    assert (turbo.usd, turbo.minimum_seconds, turbo.is_estimate) == ({"per_hour": 0.04}, 10, False)
    mini_usd = {"per_1m_input_tokens": 1.25, "per_1m_output_tokens": 5}
    assert (mini.usd, mini.minimum_seconds, mini.is_estimate) == (mini_usd, 0, False)
    assert model(HEARING, "deepgram", name="deepgram/nova-2").prices == []


def test_a_chat_model_makes_translations_of_transcriptions() -> None:
    """A route whose targets only write down can be asked for a translation where one stands by."""
    route = "routes: {m: {targets: [deepgram/nova-3], translate_with: [openai/gpt-5-mini]}}\n"

    assert model(route, "deepgram", "openai").kinds == ["transcription", "translation"]
    assert model(route, "deepgram").kinds == ["transcription"]


def test_a_route_that_nobody_can_answer_can_nothing() -> None:
    """It is not in the list; asked for by name, it says who is missing."""
    silent = plan(HEARING)
    listed = show_model(silent, "m", created=1)

    assert "m" not in model_ids(silent)
    assert (listed.kinds, listed.formats, listed.gives) == ([], None, None)
    assert [target.configured for target in listed.targets] == [False, False]


def test_every_model_that_is_listed_can_be_shown() -> None:
    """Routes first, then what each configured vendor's file names."""
    everything = plan(SPEECH, "openai", "elevenlabs", "deepgram", "groq")
    ids = model_ids(everything)

    assert ids[0] == "m"
    assert {"openai/gpt-4o-mini-tts", "deepgram/aura-2", "elevenlabs/eleven_flash_v2_5", "local/pocketsphinx"} <= {*ids}
    assert all(show_model(everything, name, created=1).kinds for name in ids)


def test_what_cannot_be_asked_for_directly_is_not_listed() -> None:
    """`server.direct: false`: routes alone, in the list and by name."""
    shut = plan(SPEECH + "server: {direct: false}\n", "openai")

    assert model_ids(shut) == ["m"]
    assert show_model(shut, "m", created=1).kinds == ["speech"]
    with pytest.raises(UnknownModel):
        show_model(shut, "openai/tts-1", created=1)


def test_a_price_in_credits_is_told_in_dollars() -> None:
    """What a credit is worth is the table's own affair."""
    priced = "routes: {m: {targets: [{target: openai/tts-1, price: {per_request: 20, credit: 0.001}}]}}\n"

    assert [price.usd for price in model(priced, "openai").prices] == [{"per_request": 0.02}]


@pytest.mark.parametrize("name", ["nope", "nobody/x", "elevenlabs/eleven_v3", "openai/", "local/tts-1"])
def test_what_does_not_exist_is_unknown(name: str) -> None:
    """Neither a route nor a model of a configured vendor that may have it."""
    with pytest.raises(UnknownModel) as one:
        model(SPEECH, "openai", name=name)
    with pytest.raises(UnknownModel) as its_voices:
        voices(SPEECH, "openai", model=name)

    for refused in (one, its_voices):
        assert (refused.value.param, refused.value.code) == ("model", "model_not_found")


# ------------------------------------------------------------------ voices


def test_openais_names_come_first_with_what_they_are_called_at_each_vendor() -> None:
    """Then the vendors' own voices, as their files know them."""
    listed = voices(HEARING, "elevenlabs", "groq")

    assert [*listed][:13] == sorted(OPENAI_VOICES)
    assert plain(listed["fable"]) == {
        "id": "fable",
        "name": "fable",
        "language": None,
        "gender": None,
        "vendor": None,
        "vendors": {"elevenlabs": "JBFqnCBsd6RMkjVDRZzb", "groq": "troy", "local": "+m4"},
    }
    assert plain(listed["JBFqnCBsd6RMkjVDRZzb"]) == {
        "id": "JBFqnCBsd6RMkjVDRZzb",
        "name": "George",
        "language": "en-GB",
        "gender": "male",
        "vendor": "elevenlabs",
        "vendors": {"elevenlabs": "JBFqnCBsd6RMkjVDRZzb"},
    }
    assert "aura-2-thalia-en" not in listed
    assert "fahad" in listed


def test_a_name_is_told_apart_where_it_sounds_the_same_everywhere() -> None:
    """Language and gender, as far as all its vendors agree."""
    one = voices(HEARING, "elevenlabs", vendor="elevenlabs")["fable"]
    several = voices(HEARING, "elevenlabs", "deepgram")

    assert (one.language, one.gender) == ("en-GB", "male")
    assert (several["fable"].language, several["fable"].gender) == (None, "male")
    assert several["marin"].gender == "female"


def test_personas_and_a_targets_own_names_are_voices_too() -> None:
    """A persona where its vendors are; a target's own name only for its model."""
    text = (
        "voices: {narrator: {deepgram: aura-2-draco-en}}\n"
        "routes: {m: {targets: [{target: deepgram/aura-2, voices: {guide: aura-2-zeus-en}}]}}\n"
    )
    general, of_model = voices(text, "deepgram"), voices(text, "deepgram", model="m")

    assert general["narrator"].vendors == {"deepgram": "aura-2-draco-en"}
    assert (general["narrator"].language, general["narrator"].gender) == ("en-GB", "male")
    assert "guide" not in general
    assert of_model["guide"].vendors == {"deepgram": "aura-2-zeus-en"}
    assert "narrator" not in voices(text, "elevenlabs")


def test_an_own_voice_that_means_another_here_is_what_it_means() -> None:
    """The table's word goes over the vendor's: listed once, as a call would resolve."""
    text = (
        "voices: {diana: {groq: autumn}, austin: {groq: austin}}\n"
        "routes: {m: {targets: [{target: groq/canopylabs/orpheus-v1-english, voices: {troy: daniel}}]}}\n"
    )
    listed = voices(text, "groq", model="m")

    assert {name: listed[name].vendors["groq"] for name in ("troy", "diana", "austin", "hannah")} == {
        "troy": "daniel",
        "diana": "autumn",
        "austin": "austin",
        "hannah": "hannah",
    }
    assert [listed[name].vendor for name in ("troy", "diana", "austin", "hannah")] == [None, None, None, "groq"]


def test_a_model_lists_what_it_can_speak() -> None:
    """Of the chain's configured targets, as a call would resolve: another model's voices are not among them."""
    route = voices(SPEECH, "elevenlabs", "deepgram", model="m")
    direct = voices(SPEECH, "elevenlabs", "deepgram", model="deepgram/aura-2")

    assert {vendor for voice in route.values() for vendor in voice.vendors} == {"elevenlabs"}
    assert {voice.vendor for voice in direct.values()} == {None, "deepgram"}
    assert "aura-2-celeste-es" in direct
    assert "aura-asteria-en" not in direct
    assert "flux-kit-en" not in direct
    assert "fahad" not in voices(HEARING, "groq", model="groq/canopylabs/orpheus-v1-english")


def test_a_last_resort_speaks_when_nobody_else_does() -> None:
    """Its voices are listed for a model only then."""
    assert "+f1" in voices(SPEECH, model="m")
    assert "+f1" not in voices(SPEECH, "openai", model="m")


def test_a_model_that_does_not_speak_has_no_voices() -> None:
    """An empty list, not an error."""
    assert voices(HEARING, "groq", model="m") == {}


def test_a_voice_of_two_outlets_is_listed_once() -> None:
    """With both of them."""
    text = (
        "vendors: {a: {like: elevenlabs, api_key: k}, b: {like: elevenlabs, api_key: k}}\n"
        "routes: {m: {targets: [a/scribe_v2]}}\n"
    )
    found = [voice for voice in list_voices(plan_from(text)).voices if voice.id == "JBFqnCBsd6RMkjVDRZzb"]

    assert [(voice.vendor, [*voice.vendors]) for voice in found] == [("a", ["a", "b"])]


def test_an_unknown_vendor_is_refused_and_one_without_a_key_has_nothing_to_say() -> None:
    """A name that the table does not have is a mistake of the client; a missing key is not."""
    with pytest.raises(InvalidCall, match=r"no vendor 'nobody'.*known are openai") as refused:
        voices(HEARING, vendor="nobody")

    assert refused.value.param == "vendor"
    assert voices(HEARING, vendor="elevenlabs") == {}
    assert voices(SPEECH, "elevenlabs", "deepgram", model="m", vendor="deepgram") == {}


def test_every_voice_that_is_listed_for_a_model_is_taken_by_it() -> None:
    """Each id, asked for with that model, becomes at each vendor what the list says."""
    everything = plan(SPEECH, "openai", "elevenlabs", "deepgram", "groq")
    for name in ("m", "groq/canopylabs/orpheus-arabic-saudi", "deepgram/flux", "openai/tts-1"):
        listed = list_voices(everything, model=name).voices

        assert {voice.id for voice in listed} >= OPENAI_VOICES
        for voice in listed:
            assert spoken(everything, name, voice.id) == voice.vendors


def spoken(everything: Plan, name: str, voice: str) -> Mapping[str, str]:
    """What each vendor would be asked to speak with."""
    selection = choose(everything, speech(model=name, voice=voice))
    return {fitted.target.outlet.name: fitted.ask.voice for fitted in selection.able}
