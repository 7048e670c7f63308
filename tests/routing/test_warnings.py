"""Warnings: what is valid and works in vain is told once, at its line; what may be meant is not told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from router.config import parse
from router.routing.compiling import compile_plan
from router.routing.warnings import warnings_of
from router.vendors import find_vendor, vendor_names
from router.vendors.spec import Format, Vendor
from tests.plans import ALL_KEYS, VENDORS

SHIPPED = Path(__file__).parents[2] / "routes.yaml"
TABLE = VENDORS + '  own: {like: openai, base_url: "http://127.0.0.1:8880/v1"}\n'
FIRST = TABLE.count("\n") + 1
"""The line on which what a test writes begins."""
LONG_AGO = date(2026, 6, 1)


def told(
    text: str, environment: Mapping[str, str] = ALL_KEYS, *, today: date = LONG_AGO, find=find_vendor, is_installed=True
) -> list[str]:
    loaded = parse(text, "routes.yaml", environment)
    plan = compile_plan(loaded, find, vendor_names(), is_installed=lambda _name: is_installed)
    return [str(warning) for warning in warnings_of(plan, loaded.source, today)]


def routes(*targets: str, more: str = "", rest: str = "") -> str:
    """A table of one route, `m`, whose first target stands on the line `FIRST + 3` or, with `more`, one below."""
    lines = [f"      - {target}\n" for target in targets]
    return f"{TABLE}routes:\n  m:\n{f'    {more}{chr(10)}' if more else ''}    targets:\n{''.join(lines)}{rest}"


CASES = {
    "a persona without a voice somewhere": (
        TABLE + "voices:\n  narrator: {elevenlabs: JBFqnCBsd6RMkjVDRZzb}\n"
        "routes: {m: {targets: [elevenlabs/eleven_v3, openai/tts-1, deepgram/aura-2, openai/tts-1-hd]}}\n",
        [
            f"{FIRST + 1}: voices.narrator: has no voice at openai/tts-1, deepgram/aura-2, openai/tts-1-hd: "
            "skipped by calls that ask for it"
        ],
        TABLE + "voices:\n  narrator: {elevenlabs: JBFqnCBsd6RMkjVDRZzb, openai: fable}\n  alloy: {openai: nova}\n"
        'routes: {m: {targets: [elevenlabs/eleven_v3, openai/tts-1, {target: deepgram/aura-2, voices: {"*": '
        "aura-2-draco-en}}, {target: local/espeak-ng, last_resort: true}]}, n: {targets: [own/x, deepgram/nova-3]}}",
    ),
    "several personas on one line": (
        TABLE + "voices: {one: {openai: nova}, other: {openai: nova}}\nroutes: {m: {targets: [deepgram/aura-2]}}\n",
        [
            f"{FIRST}: voices.one: has no voice at deepgram/aura-2: skipped by calls that ask for it",
            f"{FIRST}: voices.other: has no voice at deepgram/aura-2: skipped by calls that ask for it",
        ],
        TABLE + "voices: {one: {deepgram: aura-2-draco-en}}\nroutes: {m: {targets: [deepgram/aura-2]}}\n",
    ),
    "an unpriced target under cost": (
        routes("openai/tts-1", "own/x", more="policy: cost"),
        [
            f"{FIRST + 5}: routes.m.targets[1]: own/x has no price and comes last under policy cost; "
            "what is free says price: {per_request: 0}"
        ],
        routes("openai/tts-1", "{target: own/x, price: {per_request: 0}}", more="policy: cost")
        + "  n: {policy: cost, targets: [openai/tts-1, {target: own/y, price: {per_1m_characters: 5}}]}\n",
    ),
    "an unpriced target under max_cost": (
        routes("own/x", more="policy: {max_cost: 0.01}"),
        [
            f"{FIRST + 4}: routes.m.targets[0]: own/x has no price and is left out by max_cost; "
            "what is free says price: {per_request: 0}"
        ],
        routes("own/x", "openai/tts-1"),
    ),
    "a cost that is known too late": (
        routes("openai/tts-1", "{target: elevenlabs/eleven_v3, price: {credit: 0.0002}}", more="policy: {by: cost}"),
        [
            f"{FIRST + 5}: routes.m.targets[1]: what elevenlabs/eleven_v3 costs is only known afterwards, and it comes "
            "last under policy cost"
        ],
        routes("openai/tts-1", "{target: elevenlabs/eleven_v3, price: {per_1m_characters: 1000000, credit: 0.0002}}")
        + "    policy: {by: cost}\n",
    ),
    "a price of the wrong kind": (
        routes(
            "{target: deepgram/nova-3, price: {per_1m_characters: 30}}",
            "{target: openai/whisper-1, price: {per_1m_bytes: 30, per_request: 1}}",
        ),
        [
            f"{FIRST + 3}: routes.m.targets[0].price.per_1m_characters: cannot be counted of transcription: "
            "calls have no cost",
            f"{FIRST + 4}: routes.m.targets[1].price.per_1m_bytes: cannot be counted of transcription or translation: "
            "calls have no cost",
        ],
        routes(
            "{target: deepgram/nova-3, price: {per_hour: 1}}",
            "{target: own/x, price: {per_1m_characters: 30}}",
            "{target: openai/whisper-1, price: {per_1m_input_tokens: 3, per_request: 1}}",
        ),
    ),
    "steps that nobody counts": (
        routes("{target: own/x, price: {per_step: 0.001}}"),
        [
            f"{FIRST + 3}: routes.m.targets[0].price.per_step: nobody says how many steps a call takes: "
            "expected steps under options"
        ],
        routes("{target: own/x, price: {per_step: 0.001}, options: {steps: 20}}"),
    ),
    "credits that nobody reports": (
        routes("{target: openai/tts-1, price: {credit: 0.1}}"),
        [f"{FIRST + 3}: routes.m.targets[0].price.credit: openai reports no credits: expected another figure as well"],
        routes("{target: openai/tts-1, price: {per_generation: 2, credit: 0.1}}")
        + "  n: {targets: [{target: elevenlabs/eleven_v3, price: {credit: 0.1}}]}\n"
        + "  o: {targets: [{target: elevenlabs/scribe_v2, price: {credit: 0.1}}]}\n",
    ),
    "a policy with nothing to order": (
        routes("openai/tts-1", "{target: local/espeak-ng, last_resort: true}", more="policy: {max_latency: 1s}")
        + "  n:\n    policy: latency\n    targets: [openai/tts-1]\n",
        [
            f"{FIRST + 2}: routes.m.policy: max_latency has nothing to order: "
            "no two targets of the route serve the same calls",
            f"{FIRST + 7}: routes.n.policy: latency has nothing to order: "
            "no two targets of the route serve the same calls",
        ],
        routes("openai/tts-1", "openai/tts-1-hd", more="policy: {by: latency, max_latency: 1s}")
        + "  n: {policy: {max_cost: 1}, targets: [openai/tts-1]}\n",
    ),
    "a weight that does not count": (
        routes("{target: openai/tts-1, weight: 3}", "openai/tts-1-hd", more="policy: cost"),
        [f"{FIRST + 4}: routes.m.targets[0].weight: counts under policy weight alone, and here it is cost"],
        routes("{target: openai/tts-1, weight: 3}", "openai/tts-1-hd", more="policy: {by: weight}"),
    ),
    "a stand-in that does something else": (
        routes("openai/tts-1", "groq/whisper-large-v3", more="translate_with: [groq/x]"),
        [
            f"{FIRST + 5}: routes.m.targets[1]: groq/whisper-large-v3 does transcription and translation, "
            "the first target speech: it can never stand in for it"
        ],
        routes("own/x", "openai/tts-1", "groq/whisper-large-v3"),
    ),
    "a target twice": (
        routes("openai/tts-1", "openai/tts-1-hd", "openai/tts-1"),
        [
            f"{FIRST + 5}: routes.m.targets[2]: the same as targets[0]: it fails as that does; "
            "for further tries there is retries"
        ],
        routes("{target: openai/tts-1, first_byte_timeout: 2s}", "openai/tts-1"),
    ),
    "a last resort that is never needed": (
        routes("own/x", "{target: local/espeak-ng, last_resort: true}"),
        [f"{FIRST + 4}: routes.m.targets[1].last_resort: never considered: own/x needs no key; expected always"],
        routes("own/x", "{target: local/espeak-ng, last_resort: always}")
        + "  n: {targets: [openai/tts-1, {target: local/espeak-ng, last_resort: true}]}\n",
    ),
    "a hedge without a next target": (
        routes("openai/tts-1", "{target: openai/tts-1-hd, hedge_after: 2s}")
        + "  n:\n    targets: [{target: own/x, hedge_after: 2s}, {target: openai/whisper-1, last_resort: true}]\n",
        [
            f"{FIRST + 4}: routes.m.targets[1].hedge_after: there is no next target to start",
            f"{FIRST + 6}: routes.n.targets[0].hedge_after: there is no next target to start",
            f"{FIRST + 6}: routes.n.targets[1].last_resort: never considered: own/x needs no key; expected always",
        ],
        routes("{target: openai/tts-1, hedge_after: 2s}", "openai/tts-1-hd")
        + "  n: {policy: weight, targets: [openai/tts-1, {target: openai/tts-1-hd, hedge_after: 2s}]}\n"
        + "  o: {translate_with: [groq/x], targets: [deepgram/nova-3, {target: openai/whisper-1, hedge_after: 2s}]}\n"
        + "defaults: {speech: {hedge_after: 3s}}\n",
    ),
    "a default hedge without a next target": (
        routes("openai/whisper-1", "deepgram/nova-3")
        + "  n: {policy: weight, targets: [openai/gpt-transcribe]}\ndefaults:\n  translation: {hedge_after: 2s}\n",
        [
            f"{FIRST + 5}: routes.n.policy: weight has nothing to order: "
            "no two targets of the route serve the same calls",
            f"{FIRST + 7}: defaults.translation.hedge_after: there is no next target to start",
        ],
        routes("openai/whisper-1", "deepgram/nova-3") + "defaults: {hedge_after: 2s}\n",
    ),
    "a hedge of one that is drawn": (
        routes("{target: openai/tts-1, hedge_after: 2s}", more="policy: weight"),
        [
            f"{FIRST + 2}: routes.m.policy: weight has nothing to order: "
            "no two targets of the route serve the same calls",
            f"{FIRST + 4}: routes.m.targets[0].hedge_after: there is no next target to start",
        ],
        routes("openai/tts-1", "{target: openai/tts-1-hd, hedge_after: 2s}", more="policy: weight"),
    ),
    "a hedge that comes too late": (
        routes("{target: openai/tts-1, hedge_after: 10s}", "openai/tts-1-hd")
        + "defaults: {transcription: {hedge_after: 5m}}\n",
        [
            f"{FIRST + 3}: routes.m.targets[0].hedge_after: never comes: the attempt is over after 10 s "
            "(first_byte_timeout)"
        ],
        routes("{target: openai/tts-1, first_byte_timeout: 2s}", "openai/tts-1-hd", "own/x")
        + "defaults: {hedge_after: 5s}\n",
    ),
    "a first byte that is never waited for": (
        routes("{target: openai/tts-1, timeout: 5s}", "{target: openai/tts-1-hd, timeout: 5s}")
        + "defaults:\n  first_byte_timeout: 6s\n",
        [f"{FIRST + 6}: defaults.first_byte_timeout: never comes: the attempt is over after 5 s (timeout)"],
        routes("{target: openai/tts-1, timeout: 5s}", "{target: openai/tts-1-hd, timeout: 6s}")
        + "defaults: {first_byte_timeout: 6s}\n",
    ),
    "a deadline before the second target": (
        routes("openai/tts-1", "{target: openai/tts-1-hd, first_byte_timeout: 2s}")
        + "  n: {targets: [deepgram/nova-3, elevenlabs/scribe_v2]}\ndefaults:\n  deadline: 10s\n",
        [
            f"{FIRST + 7}: defaults.deadline: over before a silent target is given up (speech 10 s, transcription "
            "300 s): then no other one is tried"
        ],
        routes("openai/tts-1", "openai/tts-1-hd", more="policy: weight")
        + "  n: {targets: [{target: deepgram/nova-3, hedge_after: 4s}, elevenlabs/scribe_v2]}\n"
        + "  o: {targets: [openai/gpt-transcribe]}\n  p: {targets: [{target: openai/tts-1, timeout: 3s}, own/x]}\n"
        + "  q: {policy: cost, targets: [openai/tts-1, {target: openai/tts-1-hd, first_byte_timeout: 3s}]}\n"
        + "defaults: {deadline: 11s}\n",
    ),
    "retries without a budget": (
        routes("{target: openai/tts-1, hedge_after: 1s}", "openai/tts-1-hd")
        + "defaults:\n  retries: 2\n  retry_budget: 0\n",
        [f"{FIRST + 7}: defaults.retry_budget: a share of 0 switches off retries and hedge_after"],
        routes("openai/tts-1") + "defaults: {retry_budget: 0}\n",
    ),
    "a door that is half closed": (
        routes("openai/tts-1") + "server:\n  direct: false\n",
        [
            f"{FIRST + 5}: server.direct: a call's own chain may still name vendor/model: "
            "expected client_routes: false too"
        ],
        routes("openai/tts-1") + "server: {direct: false, client_routes: false}\n",
    ),
    "a cache of what is no speech": (
        routes("openai/whisper-1", more="cache: {ttl: 1h}"),
        [f"{FIRST + 2}: routes.m.cache: only speech is kept, and no target of the route speaks"],
        routes("openai/tts-1", more="cache: {ttl: 1h}"),
    ),
}


@pytest.mark.parametrize(("wrong", "warnings", "right"), CASES.values(), ids=CASES)
def test_what_works_in_vain_is_told_and_its_neighbour_is_not(wrong: str, warnings: list[str], right: str) -> None:
    """One sentence at the line and the path of the mistake; a table that is nearly the same has none."""
    assert told(wrong) == [f"routes.yaml:{warning}" for warning in warnings]
    assert told(right) == []


def test_formats_that_no_target_can_give_are_named() -> None:
    """What cannot be transcoded cannot be asked for, unless somebody else of the route speaks."""
    openai = find_vendor("openai")
    assert openai
    assert openai.speech
    telephone = replace(openai, speech=replace(openai.speech, formats={Format("mulaw", 8_000): "mulaw"}))

    def find(name: str) -> Vendor | None:
        return telephone if name == "openai" else find_vendor(name)

    assert told(routes("openai/tts-1"), find=find) == [
        f"routes.yaml:{FIRST + 2}: routes.m.targets: no target can give mp3, opus, aac, flac, wav, pcm: "
        "such calls get a 400"
    ]
    assert told(routes("openai/tts-1", "local/espeak-ng"), find=find) == []


@pytest.mark.parametrize(
    ("today", "says"),
    [
        (date(2026, 10, 7), []),
        (date(2026, 10, 8), ["ends on 2027-01-06 (in 90 days)"]),
        (date(2027, 1, 5), ["ends on 2027-01-06 (in 1 day)"]),
        (date(2027, 1, 6), ["ends on 2027-01-06 (in 0 days)"]),
        (date(2027, 1, 7), ["ended on 2027-01-06"]),
    ],
)
def test_a_model_near_its_end_is_told_from_90_days_before(today: date, says: list[str]) -> None:
    """With the date and the days that are left; and after it, that it is over."""
    place = f"routes.yaml:{FIRST + 4}: routes.m.targets[1]: openai/tts-1"

    assert told(routes("deepgram/aura-2", "openai/tts-1"), today=today) == [f"{place} {one}" for one in says]


@pytest.mark.parametrize(
    ("targets", "keys", "then"),
    [
        (["openai/whisper-1"], ALL_KEYS, ", and nobody configured is left for transcription and translation"),
        (["openai/whisper-1", "deepgram/nova-3"], ALL_KEYS, ", and nobody configured is left for translation"),
        (
            ["openai/whisper-1", "openai/gpt-4o-transcribe"],
            ALL_KEYS,
            ", and nobody configured is left for transcription and translation",
        ),
        (["openai/whisper-1", "groq/whisper-large-v3"], ALL_KEYS, ""),
        (
            ["openai/whisper-1", "groq/whisper-large-v3", "{target: local/pocketsphinx, last_resort: true}"],
            {"OPENAI_API_KEY": "k"},
            ", and nobody configured is left for transcription and translation",
        ),
        (["openai/whisper-1", "groq/whisper-large-v3", "deepgram/nova-3"], {"DEEPGRAM_API_KEY": "k"}, ""),
    ],
)
def test_an_end_that_leaves_nobody_says_so(targets: list[str], keys: Mapping[str, str], then: str) -> None:
    """Of those that answer today: who is not configured, and a last resort, do not help."""
    first = told(routes(*targets), keys, today=date(2027, 2, 1))[0]

    assert (
        first == f"routes.yaml:{FIRST + 3}: routes.m.targets[0]: openai/whisper-1 ends on 2027-02-26 (in 25 days){then}"
    )


def test_a_translator_is_left_where_a_transcriber_is() -> None:
    """What the one writes down the other puts into English."""
    text = routes("openai/whisper-1", "deepgram/nova-3", more="translate_with: [groq/some-chat-model]")

    assert told(text, today=date(2027, 2, 1))[0].endswith("(in 25 days)")


def test_the_routes_of_a_vendor_without_credentials_are_told_in_one_line() -> None:
    """Where they end early; a vendor in the middle of a chain, or behind a last resort, shortens no end."""
    text = TABLE + (
        "routes:\n  one: {targets: [openai/tts-1, groq/canopylabs/orpheus-v1-english]}\n"
        "  other: {targets: [openai/whisper-1, groq/whisper-large-v3]}\n"
        "  third: {targets: [openai/whisper-1, groq/whisper-large-v3, own/x]}\n"
        "  last: {targets: [openai/whisper-1, {target: groq/whisper-large-v3, last_resort: true}]}\n"
        "  nobody: {targets: [groq/whisper-large-v3, elevenlabs/scribe_v2]}\n"
    )

    assert told(text, {"OPENAI_API_KEY": "k"}) == [
        "routes.yaml:6: vendors.groq: GROQ_API_KEY is not set: the last target of one, other is left out",
        f"routes.yaml:{FIRST + 5}: routes.nobody: no vendor of it is configured, calls get a 400",
    ]
    assert told(text) == []


def test_a_table_that_nobody_answers_is_told_once() -> None:
    """A newcomer without keys reads one sentence, not one for each route."""
    text = VENDORS + "routes: {one: {targets: [openai/tts-1]}, other: {targets: [groq/whisper-large-v3]}}\n"

    assert told(text, {}) == ["routes.yaml:2: vendors: no vendor of any route is configured, all calls get a 400"]


def test_what_an_alias_repeats_is_told_once() -> None:
    """There is one place to mend."""
    text = TABLE + "routes:\n  m: &m\n    targets: [{target: openai/tts-1, weight: 2}, own/x]\n  n: *m\n"

    assert [warning.partition(": counts")[0] for warning in told(text)] == [
        f"routes.yaml:{FIRST + 2}: routes.m.targets[0].weight"
    ]


@pytest.mark.parametrize("keys", [ALL_KEYS, {}, {"OPENAI_API_KEY": "k"}, {"GROQ_API_KEY": "k"}])
@pytest.mark.parametrize("is_installed", [True, False])
def test_the_shipped_table_is_warned_of_for_the_ends_of_models_alone(
    keys: Mapping[str, str], is_installed: bool
) -> None:
    """Whoever has which keys; but for the one sentence that nobody at all is there, or nobody for sounds and music.

    No embedded engine makes those.
    """
    early = _but_for_sounds(told(SHIPPED.read_text(), keys, is_installed=is_installed))
    late = _but_for_sounds(told(SHIPPED.read_text(), keys, today=date(2027, 2, 1), is_installed=is_installed))

    nobody = 0 if keys or is_installed else 1
    assert len(early) == sum("no vendor of any route" in warning for warning in early) == nobody
    assert [warning for warning in late if " end" not in warning and "no vendor of any route" not in warning] == []
    assert sum(" end" in warning for warning in late) == 7  # models; two routes are aliases of others


def _but_for_sounds(warnings: Sequence[str]) -> Sequence[str]:
    silent = ("routes.sound-effects: no vendor of it", "routes.music: no vendor of it")
    last = ("STABILITY_API_KEY is not set", "FAL_KEY is not set", "REPLICATE_API_TOKEN is not set")
    return [warning for warning in warnings if not any(one in warning for one in (*silent, *last))]
