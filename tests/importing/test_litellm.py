"""LiteLLM configurations, written in its documented format, become tables that this router serves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from router.app import compiled
from router.config import ConfigError, parse
from router.importing.litellm import Imported, import_litellm
from router.routing.plan import Plan

FIXTURES = Path(__file__).parent / "fixtures"
ALL = sorted(path.name for path in FIXTURES.iterdir())
SECRETS = ("sk-", "secret", "hunter2")


def imported(name: str) -> Imported:
    return import_litellm((FIXTURES / name).read_text(), "config.yaml")


def from_entries(*entries: dict[str, Any], **sections: Any) -> Imported:
    return import_litellm(yaml.safe_dump({"model_list": [*entries], **sections}), "config.yaml")


def entry(name: str, model: str, info: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
    return {"model_name": name, "litellm_params": {"model": model, **params}, "model_info": info or {}}


def table(result: Imported) -> dict[str, Any]:
    return yaml.safe_load(result.text)


def plan(result: Imported) -> Plan:
    return compiled(parse(result.text, "routes.yaml", {}))


def told(result: Imported) -> dict[str, str]:
    """Place -> remark."""
    return {remark.path: remark.message for remark in result.remarks}


@pytest.mark.parametrize("name", ALL)
def test_what_comes_out_is_a_table_that_can_be_served(name: str) -> None:
    """It is read and compiled as it stands, with no variable set."""
    result = imported(name)

    assert len(plan(result).routes) == result.routes


@pytest.mark.parametrize("name", ALL)
def test_no_secret_gets_into_the_table_or_its_remarks(name: str) -> None:
    """Keys, a password in a URL, the database's: none of them is repeated, whatever they are needed for."""
    result = imported(name)

    said = result.text + "\n".join(map(str, result.remarks))
    assert [secret for secret in SECRETS if secret in said] == []


@pytest.mark.parametrize("name", ALL)
def test_the_table_ends_with_all_remarks(name: str) -> None:
    """Who finds the file later finds what is missing in it, too."""
    result = imported(name)

    comments = " ".join(line.removeprefix("# ").strip() for line in result.text.splitlines() if line.startswith("#"))
    assert [remark for remark in result.remarks if str(remark) not in comments] == []


def test_the_documented_entries() -> None:
    """Chat is named and left out; a vendor that is not here is told; the caller's key goes on."""
    result = imported("documented.yaml")

    assert table(result) == {
        "vendors": {"openai": {"api_key": "${OPENAI_API_KEY}"}},
        "routes": {"tts": {"targets": ["openai/tts-1"]}, "whisper": {"targets": ["openai/whisper-1"]}},
        "keys": {"default": {"key": "${AUDIO_ROUTER_KEY}"}},
    }
    remarks = told(result)
    assert remarks.keys() == {
        "model_list",
        "model_list[4].litellm_params.model",
        "litellm_settings.success_callback",
        "general_settings.master_key",
    }
    assert "gpt-4o, text-embedding-ada-002" in remarks["model_list"]
    assert "no vendor 'nobody' here" in remarks["model_list[4].litellm_params.model"]
    assert "set AUDIO_ROUTER_KEY to it" in remarks["general_settings.master_key"]


def test_a_remark_names_its_line() -> None:
    """File, line and place, as every other problem of this program."""
    assert any(
        str(remark).startswith("config.yaml:34: litellm_settings.success_callback: ")
        for remark in imported("documented.yaml").remarks
    )


def test_groups_keys_and_settings() -> None:
    """Two keys are two vendors, aliases are routes, settings are defaults; and each thing that is lost is told."""
    result = imported("balanced.yaml")

    assert table(result)["vendors"] == {
        "openai": {"api_key": "${OPENAI_API_KEY_2}"},  # OPENAI_API_KEY is that of gpt-4o, and may be another one
        "openai-2": {"like": "openai", "api_key": "${OPENAI_2_API_KEY}"},
        "elevenlabs": {"api_key": "${ELEVENLABS_API_KEY}"},
        "groq": {"api_key": "${GROQ_API_KEY}"},
        "deepgram": {"api_key": "${DEEPGRAM_API_KEY}"},  # where LiteLLM looks for a key that is not said
    }
    assert table(result)["defaults"] == {"retries": 5, "timeout": "30s"}
    assert table(result)["keys"] == {"default": {"key": "${LITELLM_MASTER_KEY}"}}
    routes = table(result)["routes"]
    assert routes.keys() == {"speech", "backup-speech", "transcripts", "tts-1", "tts-1-hd"}
    assert routes["tts-1"] == routes["speech"]
    assert {
        "model_list[0].litellm_params.api_key",
        "model_list[0].model_info.access_groups",
        "model_list[2].litellm_params.rpm",
        "model_list[2].litellm_params.tpm",
        "router_settings.num_retries",
        "router_settings.redis_host",
        "router_settings.model_group_alias.tts-1-hd",
        "router_settings.fallbacks[0].speech[1]",
        "litellm_settings.request_timeout",
        "litellm_settings.cache",
        "general_settings.database_url",
    } <= told(result).keys()


def test_servers_of_ones_own_and_wildcards() -> None:
    """A base URL makes a vendor that speaks like the named one; a wildcard its known models, unless they are named."""
    result = imported("self_hosted.yaml")

    assert table(result)["vendors"] == {
        "kokoro": {"like": "openai", "base_url": "http://kokoro:8880/v1", "api_key": "${KOKORO_API_KEY}"},
        "openai-2": {"like": "openai", "base_url": "http://127.0.0.1:8000/v1"},
        "deepgram-2": {"like": "deepgram", "base_url": "https://api.eu.deepgram.com", "api_key": "${DEEPGRAM_EU_KEY}"},
        "elevenlabs": {"api_key": "${ELEVENLABS_API_KEY}"},
        "openai": {"api_key": "${OPENAI_API_KEY}"},
    }
    routes = table(result)["routes"]
    assert routes["whisper-local"] == {"targets": ["openai-2/Systran/faster-distil-whisper-large-v3"]}
    assert routes["openai/tts-1"] == {"targets": ["elevenlabs/eleven_v3"]}
    assert routes["openai/whisper-1"] == {"targets": ["openai/whisper-1"]}
    assert "broken" not in routes
    assert "without a password" in told(result)["model_list[5].litellm_params.api_base"]


def test_prices() -> None:
    """In the table's words, from both places; what would bill the same again is told; zero is free."""
    result = imported("priced.yaml")

    routes = table(result)["routes"]
    assert routes["speech"] == {
        "policy": "cost",
        "targets": [
            {"target": "openai/tts-1", "price": {"per_1m_characters": 12.5}},
            {"target": "openai/gpt-4o-mini-tts", "price": {"per_1m_input_tokens": 0.6, "per_1m_output_tokens": 12}},
        ],
    }
    heard, quick = (target["price"] for target in routes["transcripts"]["targets"])
    assert heard == {"per_1m_input_text_tokens": 2.5, "per_1m_input_audio_tokens": 2, "per_1m_output_tokens": 10}
    assert quick == {"per_second": 3.083e-05}
    assert routes["free"]["targets"] == [{"target": "openai-2/whisper-1", "price": {"per_request": 0}}]
    assert {name for name in told(result) if "cost" in name} == {
        "model_list[1].model_info.output_cost_per_token",
        "model_list[1].model_info.output_cost_per_second",
    }


def test_priorities_and_circles() -> None:
    """Lower orders first, those without one last; a circle of fallbacks ends where it began."""
    result = imported("ordered.yaml")

    routes = table(result)["routes"]
    assert routes["transcripts"]["targets"] == ["groq/whisper-large-v3", "deepgram/nova-3", "elevenlabs/scribe_v2"]
    assert routes["a"]["targets"] == ["openai/tts-1", "elevenlabs/eleven_v3", "deepgram/aura-2"]
    assert routes["c"]["targets"] == ["deepgram/aura-2", "openai/tts-1", "elevenlabs/eleven_v3"]
    assert told(result).keys() == {"router_settings.routing_strategy"}


def test_one_key_in_the_file_is_one_variable_wherever_it_stands() -> None:
    """And never the variable of somebody else's key."""
    result = from_entries(
        entry("a", "openai/tts-1", api_key="hunter2"),
        entry("b", "openai/tts-1", api_key="hunter2", api_base="http://tts:1/v1"),
        entry("c", "openai/tts-1-hd"),
        entry("d", "openai/tts-1", api_key="os.environ/TTS_API_KEY"),
    )

    assert table(result)["vendors"] == {
        "openai": {"api_key": "${OPENAI_API_KEY_2}"},
        "tts": {"like": "openai", "base_url": "http://tts:1/v1", "api_key": "${OPENAI_API_KEY_2}"},
        "openai-2": {"like": "openai", "api_key": "${OPENAI_API_KEY}"},
        "openai-3": {"like": "openai", "api_key": "${TTS_API_KEY}"},
    }


@pytest.mark.parametrize(
    ("model", "info", "is_audio"),
    [
        ("tts-1", {}, True),
        ("openai/gpt-4o", {}, False),
        ("openai/my-own", {}, False),
        ("openai/my-own", {"mode": "audio_speech"}, True),
        ("openai/tts-1", {"mode": "chat"}, False),
        ("nobody/tts-1", {}, False),
        ("nobody/*", {}, False),
        ("groq/*", {}, True),
        ("*", {}, True),
    ],
)
def test_what_is_about_audio(model: str, info: dict[str, Any], is_audio: bool) -> None:
    """Who says a mode is believed; else a model is audio where its vendor is known to have it for that."""
    result = from_entries(entry("name-*" if "*" in model else "name", model, info), entry("speech", "openai/tts-1"))

    assert ("model_list" not in told(result)) is is_audio


@pytest.mark.parametrize(
    "params",
    [
        {"tpm": 5},
        {"stream_timeout": 5},
        {"organization": "org"},
        {"timeout": "os.environ/TIMEOUT"},
        {"weight": "much"},
        {"max_parallel_requests": 0.5},
        {"input_cost_per_second": "cheap"},
        {"input_cost_per_character": 2},
        {"an_unheard_of_field": {"a": 1}},
        {"mode": "audio_speech"},
    ],
)
def test_nothing_of_an_entry_is_lost_silently(params: dict[str, Any]) -> None:
    """What is not carried over has a remark at its place."""
    (name,) = params

    assert f"model_list[0].litellm_params.{name}" in told(from_entries(entry("a", "openai/tts-1", **params)))


def test_what_is_said_beside_or_twice_is_told() -> None:
    """LiteLLM reads a model's facts from three places; here each thing has one."""
    written = entry("a", "openai/tts-1", {"weight": 1, "input_cost_per_character": 1e-5}, input_cost_per_character=2e-5)

    result = from_entries(written | {"tpm": 5})

    assert told(result).keys() == {
        "model_list[0].tpm",
        "model_list[0].model_info.weight",
        "model_list[0].model_info.input_cost_per_character",
    }
    assert table(result)["routes"]["a"]["targets"][0]["price"] == {"per_1m_characters": 20}


@pytest.mark.parametrize(
    "sections",
    [
        {"router_settings": {"cooldown_time": 5}},
        {"router_settings": {"num_retries": "many"}},
        {"router_settings": {"timeout": 0}},
        {"router_settings": {"default_max_parallel_requests": -1}},
        {"router_settings": {"model_group_alias": ["b"]}},
        {"router_settings": {"model_group_alias": {"a": "a"}}},
        {"router_settings": {"fallbacks": "b"}},
        {"litellm_settings": {"fallbacks": [{"a": "b"}]}},
        {"litellm_settings": {"drop_params": False}},
        {"general_settings": {"alerting": ["slack"]}},
        {"environment_variables": {"A": "b"}},
        {"include": ["more.yaml"]},
        {"a_new_section": 1},
    ],
)
def test_nothing_of_the_settings_is_lost_silently(sections: dict[str, Any]) -> None:
    """What is not carried over has a remark at its place."""
    ((section, fields),) = sections.items()
    place = f"{section}.{next(iter(fields))}" if isinstance(fields, dict) and section.endswith("settings") else section

    assert any(path.startswith(place) for path in told(from_entries(entry("a", "openai/tts-1"), **sections)))


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "config.yaml: model_list: expected LiteLLM's configuration"),
        ("- a\n", "config.yaml:1: model_list: expected"),
        ("router_settings: {}\n", "config.yaml:1: model_list: expected"),
        ("model_list: [\n", "config.yaml:2: not valid YAML: "),
        ("model_list:\n- a\n", "config.yaml:2: model_list[0]: expected a mapping with model_name and litellm_params"),
        ("model_list:\n- {litellm_params: {model: x}}\n", "config.yaml:2: model_list[0].model_name: expected text"),
        (
            "model_list:\n- {model_name: x}\n",
            "config.yaml:2: model_list[0].litellm_params: expected a mapping with model",
        ),
        ("model_list: []\nrouter_settings: [a]\n", "config.yaml:2: router_settings: expected a mapping"),
        ("model_list: []\n", "config.yaml:1: model_list: no entry is about audio"),
        (
            "model_list:\n- {model_name: x, litellm_params: {model: nobody/w}, model_info: {mode: audio_speech}}\n",
            "'nobody'",
        ),
    ],
)
def test_a_file_of_which_nothing_comes_says_why(text: str, problem: str) -> None:
    """Line, place and what was expected there."""
    with pytest.raises(ConfigError) as raised:
        import_litellm(text, "config.yaml")

    assert problem in str(raised.value)


NAMES = st.sampled_from(["tts", "a b", "${x}", "*", "no", "1e6", "x\u2028routes: {}", "#", "stt", "ü:", "007", "a: {b"])
MODELS = st.sampled_from(["tts-1", "openai/*", "*", "openai/a b", "openai/", "openai/${x}", "openai/\u2028x: y"]) | (
    st.sampled_from(["groq/whisper-large-v3", "deepgram/nova-3", "elevenlabs/eleven_v3", "local/espeak-ng", "azure/x"])
)
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-9, 9_000_000),
    st.floats(0, 1e7),
    st.just("os.environ/X"),
    NAMES,
    st.lists(NAMES),
)
BASES = st.sampled_from(
    ["os.environ/B", "http://h", "https://h:99999/v1", "http://[", "http://a b", "https://h/${x}", "//"]
)
PARAMS = st.fixed_dictionaries(
    {"model": MODELS},
    optional={
        "api_key": st.sampled_from(["hunter2", "os.environ/K", "os.environ/no name"]),
        "api_base": BASES,
        **dict.fromkeys(["weight", "rpm", "order", "timeout", "max_parallel_requests", "tags"], VALUES),
        **dict.fromkeys(["input_cost_per_second", "output_cost_per_token", "input_cost_per_audio_token"], VALUES),
    },
)
ENTRIES = st.fixed_dictionaries(
    {"model_name": NAMES, "litellm_params": PARAMS},
    optional={"model_info": st.fixed_dictionaries({}, optional={"mode": st.just("audio_speech"), "id": NAMES})},
)
ROUTER = st.fixed_dictionaries(
    {},
    optional={
        "fallbacks": st.lists(st.dictionaries(NAMES, st.one_of(VALUES, st.lists(NAMES)))),
        "model_group_alias": st.dictionaries(NAMES, NAMES),
        "default_fallbacks": st.lists(NAMES),
        "routing_strategy": st.sampled_from(["cost-based-routing", "latency-based-routing", "least-busy"]),
        **dict.fromkeys(["num_retries", "timeout", "default_max_parallel_requests"], VALUES),
    },
)


@given(st.lists(ENTRIES, max_size=6), ROUTER)
def test_whatever_the_file_says_a_table_can_be_served(entries: list[dict[str, Any]], router: dict[str, Any]) -> None:
    """Odd names, hosts and figures included: either nothing comes of it and that is told, or a table that compiles."""
    document = yaml.safe_dump({"model_list": entries, "router_settings": router})
    try:
        result = import_litellm(document, "config.yaml")
    except ConfigError as error:
        said = str(error)
    else:
        assert plan(result).routes
        said = result.text
    assert "hunter2" not in said
