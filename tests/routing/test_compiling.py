"""Compiling a table: everything that needs the vendors' facts to be seen, told with line and path."""

from __future__ import annotations

import pytest

from router.config import ConfigError
from router.vendors import vendor_names
from tests.plans import VENDORS, plan_from


def test_all_problems_that_need_facts_come_in_one_run() -> None:
    """Unknown vendors, settings, targets and voices: each with its line and its full path."""
    text = """
vendors:
  openai: {api_key: k, regoin: x}
  nobody: {api_key: k}
  mine: {like: nothing, base_url: "http://127.0.0.1/v1"}
  deepgram: {api_key: k}
  groq: {base_url: "http://127.0.0.1/v1"}
voices:
  narrator: {deepgram: nobody-at-all, missing: x}
routes:
  m:
    targets:
      - absent/tts-1
      - {target: deepgram/aura-2, voices: {alloy: thalia en}}
      - {target: deepgram/nova-3, voices: {alloy: aura-2-thalia-en}}
"""
    with pytest.raises(ConfigError) as invalid:
        plan_from(text)

    known = ", ".join(vendor_names())
    assert [str(problem) for problem in invalid.value.problems] == [
        "routes.yaml:3: vendors.openai.regoin: unknown key; expected api_key, base_url or like",
        f"routes.yaml:4: vendors.nobody: unknown vendor 'nobody'; known are {known}; a server that speaks OpenAI's "
        "wire is written {like: openai, base_url: …}",
        f"routes.yaml:5: vendors.mine.like: unknown vendor 'nothing'; known are {known}",
        "routes.yaml:7: vendors.groq: api_key is missing: expected api_key: ${…_API_KEY}",
        "routes.yaml:9: voices.narrator.deepgram: deepgram has no voice 'nobody-at-all'",
        "routes.yaml:9: voices.narrator.missing: no such vendor in this table",
        "routes.yaml:13: routes.m.targets[0]: absent/tts-1: no vendor 'absent' in this table",
        "routes.yaml:14: routes.m.targets[1].voices.alloy: deepgram has no voice 'thalia en'",
        "routes.yaml:15: routes.m.targets[2].voices.alloy: deepgram/nova-3 does not speak",
    ]


def test_a_vendor_without_its_variable_is_absent_not_wrong() -> None:
    """An unset variable names itself as the reason; a missing package names what to install."""
    plan = plan_from(VENDORS + "routes: {m: {targets: [openai/tts-1, local/espeak-ng]}}", {}, is_installed=False)

    assert plan.outlets["openai"].absent == "OPENAI_API_KEY is not set"
    assert "pip install 'audio-router[local]'" in (plan.outlets["local"].absent or "")


@pytest.mark.parametrize(
    ("vendors", "problem"),
    [
        ('{openai: {api_key: "sk-secret\\nX: y"}}', "vendors.openai.api_key: holds a line break or control character"),
        ('{openai: {api_key: "sk-secret\\x7f"}}', "vendors.openai.api_key: holds a line break or control character"),
        ("{second: {like: openai}}", "vendors.second: expected api_key, or base_url of your own server"),
        *(
            (
                f"{{mine: {{like: openai, base_url: '{url}'}}}}",
                "vendors.mine.base_url: expected a host that can exist and a port from 1 to 65535",
            )
            for url in (
                "http://..",
                "http://a..b/v1",
                "http://127.0.0.1:99999/v1",
                "http://127.0.0.1:port/v1",
                "http://127.0.0.1:0/v1",
                "http://[::1/v1",
                "http://:8080/v1",
                f"http://{'a' * 64}.example/v1",
            )
        ),
        (
            '{mine: {like: openai, base_url: "http://a\\x7fb/v1"}}',
            "vendors.mine.base_url: expected a host that can exist and a port from 1 to 65535",
        ),
    ],
)
def test_what_could_never_be_called_is_a_problem(vendors: str, problem: str) -> None:
    """A key that no header can hold, an address that cannot be, a company without a key; no message shows a value."""
    with pytest.raises(ConfigError) as invalid:
        plan_from(f"vendors: {vendors}\nroutes: {{m: {{targets: [{vendors[1:].partition(':')[0]}/x]}}}}")

    assert [str(one) for one in invalid.value.problems] == [f"routes.yaml:1: {problem}"]


@pytest.mark.parametrize(
    "url",
    ["http://localhost/v1", "http://[::1]:8880/v1", "https://tts.example.com.:443", "http://ü.example", "http://a_b"],
)
def test_an_address_that_can_be_is_taken(url: str) -> None:
    """Names, numbers, underscores as containers have them."""
    plan = plan_from(f"vendors: {{mine: {{like: openai, base_url: '{url}'}}}}\nroutes: {{m: {{targets: [mine/x]}}}}")

    assert plan.outlets["mine"].facts.base_url == url


def test_a_model_that_its_vendor_cannot_have_is_a_problem() -> None:
    """Where all models are known a misspelt one is told with the right ones; nothing else is told about it."""
    text = VENDORS + "routes: {m: {targets: [openai/new, {target: local/typo, voices: {alloy: '?'}}]}}"

    with pytest.raises(ConfigError) as invalid:
        plan_from(text)

    assert [(problem.path, problem.message) for problem in invalid.value.problems] == [
        ("routes.m.targets[1]", "local has no model 'typo'; it has espeak-ng, pocketsphinx")
    ]


@pytest.mark.parametrize(
    ("price", "message"),
    [
        ("{per_minute: 1, per_hour: 2}", "per_hour bills again what another of the price's words bills"),
        ("{per_1m_input_tokens: 1, per_1m_input_audio_tokens: 2}", "per_1m_input_audio_tokens bills again"),
    ],
)
def test_a_price_that_bills_twice_is_told_where_it_stands(price: str, message: str) -> None:
    """Each of them at its line, beside every other problem, of targets and of translators."""
    bad = f"{{target: openai/gpt-5-mini, price: {price}}}"
    text = VENDORS + (
        f"routes:\n  m:\n    targets:\n      - openai/tts-1\n      - {bad.replace('gpt-5-mini', 'tts-1')}\n"
        f"      - {bad.replace('gpt-5-mini', 'tts-1')}\n    translate_with:\n      - {bad}\n"
    )

    with pytest.raises(ConfigError) as wrong:
        plan_from(text)

    assert [problem.path for problem in wrong.value.problems] == [
        "routes.m.targets[1].price",
        "routes.m.targets[2].price",
        "routes.m.translate_with[0].price",
    ]
    assert all(message in problem.message for problem in wrong.value.problems)


@pytest.mark.parametrize(
    ("one", "other", "is_refused"),
    [
        ("concurrency: 1", "concurrency: 2", True),
        ("concurrency: 1", "concurrency: {limit: 1}", False),
        ("price: {per_minute: 1}", "price: {per_minute: 2}", True),
        ("price: {per_minute: 1}", "price: {per_minute: 1}", False),
        ("price: {per_minute: 1}", "weight: 2", False),
    ],
)
def test_a_target_has_one_price_and_one_bound(one: str, other: str, is_refused: bool) -> None:
    """Two that differ are a mistake, wherever they stand: both hold for the same vendor and model."""
    text = VENDORS + "".join(
        f"{'routes:' if name == 'm' else ''}\n  {name}: {{targets: [{{target: openai/tts-1, {said}}}]}}"
        for name, said in (("m", one), ("n", other))
    )

    if not is_refused:
        plan_from(text)
        return
    with pytest.raises(ConfigError, match="already: expected one") as wrong:
        plan_from(text)
    assert [problem.path for problem in wrong.value.problems] == [f"routes.n.targets[0].{one.partition(':')[0]}"]
