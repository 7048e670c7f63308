"""The plan: what a target can do, where it is, and the times that hold for it."""

from __future__ import annotations

import pytest

from router.routing.plan import Timing
from tests.plans import VENDORS, plan_from


def test_one_vendor_may_stand_under_several_names() -> None:
    """`like:` without a base is a second account of the same company, with one it is another server."""
    plan = plan_from(
        """
vendors:
  openai: {api_key: a}
  second: {like: openai, api_key: b}
  kokoro: {like: openai, base_url: "http://127.0.0.1:8880/v1/"}
routes: {m: {targets: [openai/tts-1, second/tts-1, kokoro/kokoro]}}
"""
    )
    first, second, kokoro = (target.outlet for target in plan.routes["m"].targets)

    assert first.facts.base_url == second.facts.base_url == "https://api.openai.com/v1"
    assert (first.settings["api_key"], second.settings["api_key"]) == ("a", "b")
    assert (kokoro.facts.base_url, kokoro.absent) == ("http://127.0.0.1:8880/v1", None)


@pytest.mark.parametrize(
    ("defaults", "target", "expected"),
    [
        ("{}", "local/espeak-ng", Timing(60, 10, None)),
        ("{connect_timeout: 1s, hedge_after: 2s}", "local/espeak-ng", Timing(60, 10, None, 1, 2)),
        (
            "{connect_timeout: 1s, speech: {hedge_after: 4s}}",
            "{target: local/espeak-ng, connect_timeout: 3s}",
            Timing(60, 10, None, 3, 4),
        ),
        ("{timeout: 5s, deadline: 9s}", "local/espeak-ng", Timing(5, 10, 9)),
        ("{timeout: 5s, speech: {timeout: 7s}}", "local/espeak-ng", Timing(7, 10, None)),
        (
            "{speech: {timeout: 7s}}",
            "{target: local/espeak-ng, timeout: 3s, first_byte_timeout: 500ms}",
            Timing(3, 0.5),
        ),
    ],
)
def test_the_nearest_word_about_time_wins(defaults: str, target: str, expected: Timing) -> None:
    """Target, then the kind's default, then the flat default, then what is built in."""
    plan = plan_from(f"vendors: {{local: {{}}}}\ndefaults: {defaults}\nroutes: {{m: {{targets: [{target}]}}}}")

    assert plan.routes["m"].targets[0].timing["speech"] == expected


@pytest.mark.parametrize(
    ("target", "kinds"),
    [
        ("openai/whisper-1", {"transcription", "translation"}),
        ("openai/gpt-4o-transcribe", {"transcription"}),
        ("openai/tts-1", {"speech"}),
        ("openai/gpt-next", {"speech", "transcription", "translation"}),
        ("groq/whisper-large-v3-turbo", {"transcription"}),
        ("elevenlabs/scribe_v9", {"transcription"}),
        ("local/pocketsphinx", {"transcription"}),
    ],
)
def test_a_model_does_what_it_is_known_to_do(target: str, kinds: set[str]) -> None:
    """One with a row does what it has rows for; a new one is given the benefit of the doubt."""
    plan = plan_from(VENDORS + f"routes: {{m: {{targets: [{target}]}}}}")

    assert set(plan.routes["m"].targets[0].abilities) == kinds
