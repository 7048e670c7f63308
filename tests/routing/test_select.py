"""The chain for a call: order, last resort, health, and words for the client when nobody is able."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.routing.choosing import is_length_needed
from router.routing.health import Blame
from router.routing.history import History
from router.wire.calls import Call
from router.wire.errors import UnknownModel, Unsupported
from tests.plans import ALL_KEYS, VENDORS, choose, listen, names, plan_from, speech

SHIPPED = (Path(__file__).parents[2] / "routes.yaml").read_text()
CHAIN = VENDORS + "routes: {m: {targets: [openai/tts-1, deepgram/aura-2, elevenlabs/eleven_v3]}}"


def test_order_is_as_written() -> None:
    """Policy `order`: the table's."""
    selection = choose(plan_from(CHAIN), speech())

    assert names(selection) == ["openai/tts-1", "deepgram/aura-2", "elevenlabs/eleven_v3"]


def test_the_unable_are_left_out_with_their_reasons() -> None:
    """A target that cannot, or is not configured, is skipped; the rest stay in order."""
    selection = choose(
        plan_from(CHAIN, {"DEEPGRAM_API_KEY": "k", "OPENAI_API_KEY": "k"}),
        speech(voice="voice_1"),
    )

    assert names(selection) == ["openai/tts-1"]
    assert [(one.target, one.reason.partition(";")[0]) for one in selection.excluded] == [
        ("deepgram/aura-2", "has no voice 'voice_1'"),
        ("elevenlabs/eleven_v3", "ELEVENLABS_API_KEY is not set"),
    ]


def routes() -> list[tuple[str, Call]]:
    plan = plan_from(SHIPPED)
    calls = {"speech": speech, "transcription": listen}
    return [
        (name, make(model=name))
        for name, route in plan.routes.items()
        for kind, make in calls.items()
        if kind in route.targets[0].abilities
    ]


@pytest.mark.parametrize(("name", "call"), routes())
@pytest.mark.parametrize("key", [None, *ALL_KEYS])
def test_the_last_resort_answers_only_where_nobody_is_configured(name: str, call: Call, key: str | None) -> None:
    """The shipped table: without keys the embedded engines answer each model; with any one key set they never do."""
    plan = plan_from(SHIPPED, {key: "sk-real"} if key else {})

    chain = names(choose(plan, call))

    assert [one.startswith("local/") for one in chain] == ([True] if key is None else [False] * len(chain))
    assert chain


def test_a_failed_vendor_does_not_call_the_last_resort() -> None:
    """Resting is not absent: a configured vendor that fails never hands over to the embedded engines."""
    plan = plan_from(SHIPPED, {"OPENAI_API_KEY": "k"})
    history = History()
    history.health.failed(plan.routes["tts-1"].targets[0], Blame.EJECT, 0, 0)

    assert names(choose(plan, speech(model="tts-1"), history, 1)) == ["openai/tts-1"]


def test_always_insists_on_the_last_resort() -> None:
    """`last_resort: always` is a target like any other."""
    plan = plan_from(VENDORS + "routes: {m: {targets: [openai/tts-1, {target: local/espeak-ng, last_resort: always}]}}")

    assert names(choose(plan, speech())) == ["openai/tts-1", "local/espeak-ng"]


def test_nobody_able_says_why_one_by_one() -> None:
    """A translation without a translator names each target's reason, and a recogniser is never asked."""
    plan = plan_from(SHIPPED, {})

    with pytest.raises(Unsupported) as nobody:
        choose(plan, listen(model="whisper-1", kind="translation"))

    assert nobody.value.message == (
        "No vendor of 'whisper-1' can serve this translation. openai/whisper-1: OPENAI_API_KEY is not set; "
        "groq/whisper-large-v3: GROQ_API_KEY is not set; deepgram/nova-3: DEEPGRAM_API_KEY is not set; "
        "elevenlabs/scribe_v2: ELEVENLABS_API_KEY is not set; local/pocketsphinx: does not do translation, "
        "and no chat model that could is configured under translate_with."
    )


@pytest.mark.parametrize("model", ["nope", "nobody/x", "openai/", "/x", "", "local/typo"])
def test_an_unknown_model_is_told(model: str) -> None:
    """Neither a route nor `vendor/model` of a vendor in the table, or one that this vendor cannot have."""
    with pytest.raises(UnknownModel):
        choose(plan_from(CHAIN), speech(model=model))


def test_the_resting_are_passed_over_but_never_all_of_them() -> None:
    """A resting target is left out with its reason; when all rest, the one back soonest is tried first."""
    plan, history = plan_from(CHAIN), History()
    first, second, third = plan.routes["m"].targets

    history.health.failed(first, Blame.COOL, 0, 0, retry_after_s=60)
    one_out = choose(plan, speech(), history, 10)
    history.health.failed(second, Blame.COOL, 0, 0, retry_after_s=30)
    history.health.failed(third, Blame.EJECT, 0, 0)
    all_out = choose(plan, speech(), history, 10)
    all_back = choose(plan, speech(), history, 601)

    assert names(one_out) == ["deepgram/aura-2", "elevenlabs/eleven_v3"]
    assert one_out.excluded[0].reason == "is resting for 50 s since it throttles us"
    assert names(all_out) == ["deepgram/aura-2", "openai/tts-1", "elevenlabs/eleven_v3"]
    assert names(all_back) == ["openai/tts-1", "deepgram/aura-2", "elevenlabs/eleven_v3"]


@pytest.mark.parametrize(
    ("chain", "size", "expected"),
    [
        ("[openai/gpt-4o-transcribe]", 20_000_000, True),
        ("[openai/gpt-4o-transcribe]", 600_000, False),
        ("[deepgram/nova-3]", 20_000_000, False),
        ("[deepgram/nova-3], policy: cost", 100, True),
        ("[deepgram/nova-3], policy: {max_cost: 1}", 100, True),
    ],
)
def test_a_files_length_is_read_only_where_it_decides(chain: str, size: int, expected: bool) -> None:
    """For a price, or for a vendor with a longest audio that a file of that size may exceed."""
    call = listen()
    call.audio.size = size

    assert is_length_needed(plan_from(VENDORS + f"routes: {{m: {{targets: {chain}}}}}"), call) is expected
