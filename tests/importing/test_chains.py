"""A group shares its calls as in LiteLLM, and its fallbacks come after it."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.importing.test_litellm import entry, from_entries, plan, table, told
from tests.plans import choose, names, plan_from, speech

GROUP = (
    entry("speech", "openai/tts-1", weight=3),
    entry("speech", "elevenlabs/eleven_v3", weight=1),
    entry("backup", "deepgram/aura-2", weight=500),
    entry("last", "groq/canopylabs/orpheus-v1-english"),
)
FALLBACKS = {"fallbacks": [{"speech": ["backup", "last"]}]}
KEYS = dict.fromkeys(("OPENAI_API_KEY", "ELEVENLABS_API_KEY", "DEEPGRAM_API_KEY", "GROQ_API_KEY"), "k")


def route(*entries: dict[str, Any], name: str = "speech", **router: Any) -> dict[str, Any]:
    return table(from_entries(*entries, router_settings=router))["routes"][name]


def test_a_group_goes_before_its_fallbacks_and_shares_its_calls() -> None:
    """Whatever chance draws, the first two are the group's, three to one, and the fallbacks come in their order."""
    routed = plan_from(from_entries(*GROUP, router_settings=FALLBACKS).text, KEYS)

    orders = [names(choose(routed, speech("speech"), draw=draw / 997)) for draw in range(997)]

    assert {tuple(order[2:]) for order in orders} == {("deepgram/aura-2", "groq/canopylabs/orpheus-v1-english")}
    assert Counter(order[0] for order in orders)["openai/tts-1"] == pytest.approx(0.75 * 997, abs=2)


def test_a_group_without_shares_shares_evenly() -> None:
    """LiteLLM shuffles a group about which nothing is said."""
    assert route(entry("speech", "openai/tts-1"), entry("speech", "deepgram/aura-2")) == {
        "policy": "weight",
        "targets": ["openai/tts-1", "deepgram/aura-2"],
    }


@pytest.mark.parametrize(
    ("first", "second", "weights"),
    [
        ({"weight": 9, "rpm": 1}, {"weight": 1, "rpm": 9}, [9, 1]),
        ({"rpm": 900}, {"rpm": 100, "tpm": 5}, [900, 100]),
        ({"tpm": 5_000_000}, {"tpm": 10_000_000}, [500_000, 1_000_000]),
        ({"weight": 2}, {"rpm": 100}, [2, 2e-06]),
        ({"weight": 2}, {"weight": 0}, [2, 2e-06]),
    ],
)
def test_shares_are_taken_as_litellm_takes_them(first: dict[str, Any], second: dict[str, Any], weights: Any) -> None:
    """Weight before rpm before tpm; who has none of what the others have is picked last."""
    found = route(entry("speech", "openai/tts-1", **first), entry("speech", "deepgram/aura-2", **second))

    assert [target["weight"] for target in found["targets"]] == weights


def test_the_same_target_twice_has_both_shares() -> None:
    """It stands once in the chain."""
    found = route(*GROUP[:2], entry("speech", "openai/tts-1", weight=2))

    assert [target["weight"] for target in found["targets"]] == [5, 1]


@pytest.mark.parametrize("strategy", ["cost-based-routing", "latency-based-routing"])
def test_cost_and_latency_choose_within_a_group_alone(strategy: str) -> None:
    """A cheap or quick fallback would go before the group: so it is in order then, and that is told."""
    alone = from_entries(*GROUP, router_settings={"routing_strategy": strategy})
    followed = from_entries(*GROUP, router_settings={"routing_strategy": strategy, **FALLBACKS})

    assert table(alone)["routes"]["speech"]["policy"] == strategy.partition("-")[0]
    assert "policy" not in table(followed)["routes"]["speech"]
    assert "in the order written" in told(followed)["model_list[0]"]


def test_a_strategy_of_litellms_own_is_told() -> None:
    """The calls are shared by weight then."""
    result = from_entries(*GROUP, router_settings={"routing_strategy": "least-busy"})

    assert table(result)["routes"]["speech"]["policy"] == "weight"
    assert "least-busy" in told(result)["router_settings.routing_strategy"]


def test_a_fallback_for_other_calls_is_left_out() -> None:
    """A model that hears cannot stand in for one that speaks; of a default for all, that goes without saying."""
    ears = entry("ears", "deepgram/nova-3")

    named = from_entries(*GROUP[:1], ears, router_settings={"fallbacks": [{"speech": ["ears"]}]})
    default = from_entries(*GROUP[:1], ears, litellm_settings={"default_fallbacks": ["ears"]})

    assert table(named)["routes"]["speech"] == {"targets": ["openai/tts-1"]}
    assert "router_settings.fallbacks[0].speech[0]" in told(named)
    assert table(default)["routes"] == table(named)["routes"]
    assert told(default) == {}


def test_default_fallbacks_are_for_those_without_their_own() -> None:
    """As LiteLLM documents it."""
    result = from_entries(
        *GROUP[1:], router_settings={"fallbacks": [{"speech": ["backup"]}], "default_fallbacks": ["last"]}
    )

    routes = table(result)["routes"]
    assert routes["speech"]["targets"] == ["elevenlabs/eleven_v3", "deepgram/aura-2"]
    assert routes["backup"]["targets"] == ["deepgram/aura-2", "groq/canopylabs/orpheus-v1-english"]


def test_an_alias_has_the_fallbacks_of_its_group() -> None:
    """Both names are answered alike."""
    result = from_entries(*GROUP, router_settings={**FALLBACKS, "model_group_alias": {"tts-1": "speech"}})

    assert table(result)["routes"]["tts-1"] == table(result)["routes"]["speech"]


def test_a_fallback_may_be_one_deployment_by_its_id() -> None:
    """LiteLLM takes the id of an entry for a model's name there."""
    one = entry("backup", "deepgram/aura-2", {"id": "that-one"})

    found = route(GROUP[0], GROUP[3] | {"model_name": "backup"}, one, fallbacks=[{"speech": ["that-one"]}])

    assert found["targets"] == ["openai/tts-1", "deepgram/aura-2"]


def test_many_fallbacks_still_have_a_weight() -> None:
    """However deep a chain is, its table can be served."""
    tail = [entry(f"m{index}", f"openai/own-{index}", {"mode": "audio_speech"}) for index in range(70)]
    router = {"fallbacks": [{"speech": [one["model_name"] for one in tail]}]}

    assert len(plan(from_entries(*GROUP, *tail, router_settings=router)).routes["speech"].targets) == 72


def test_a_limit_for_all_is_every_targets_own() -> None:
    """Unless it says another."""
    found = route(
        entry("speech", "openai/tts-1", max_parallel_requests=3),
        entry("speech", "deepgram/aura-2"),
        default_max_parallel_requests=7,
    )

    assert [target["concurrency"] for target in found["targets"]] == [3, 7]


def test_the_table_explains_its_small_weights() -> None:
    """Nobody has to guess what a millionth is for; where there is none, nothing is said."""
    quick = [entry("speech", "openai/tts-1", rpm=900), entry("speech", "elevenlabs/eleven_v3", rpm=100)]

    assert "makes a fallback" in from_entries(*GROUP, router_settings=FALLBACKS).text
    assert "makes a fallback" in from_entries(*quick, *GROUP[2:], router_settings=FALLBACKS).text
    assert "makes a fallback" not in from_entries(*quick).text


def test_a_model_has_one_price_and_one_bound_however_often_it_is_named() -> None:
    """A table takes no two: the first holds, and what the others said is told with its place."""
    imported = from_entries(
        entry("a", "openai/tts-1", input_cost_per_character=0.00001, max_parallel_requests=3),
        entry("b", "openai/tts-1", input_cost_per_character=0.00002, max_parallel_requests=3),
    )

    target = {"target": "openai/tts-1", "price": {"per_1m_characters": 10}, "concurrency": 3}
    assert [one["targets"] for one in table(imported)["routes"].values()] == [[target], [target]]
    assert [remark.message for remark in imported.remarks if "elsewhere" in remark.message] == [
        "openai/tts-1 has another price elsewhere: that one holds for both"
    ]
    plan_from(imported.text, KEYS)
