"""A chain that is tried as it is written: made as far as it is read, and the same as if it had been made at once."""

from __future__ import annotations

import random
import sys

import pytest

from router.routing.health import Blame
from router.routing.history import History
from router.routing.in_turn import InTurn
from router.routing.select import Selection, select, survey
from router.wire.audio import SPEECH_FORMATS
from tests.plans import VENDORS, listen, plan_from, speech

OPUS = SPEECH_FORMATS["opus"]
TARGETS = [
    "openai/tts-1",
    "deepgram/aura-2",
    "elevenlabs/eleven_v3",
    "openai/whisper-1",
    "groq/playai-tts",
    "deepgram/nova-3",
]
CALLS = [speech(), speech(voice="voice_1"), speech(format=OPUS), listen(), listen(wants="words")]


def table(rng: random.Random) -> str:
    chain = [
        f"{{target: {name}{', last_resort: true' if rng.random() < 0.2 else ''}}}"
        for name in rng.sample(TARGETS, rng.randint(1, len(TARGETS)))
    ]
    return VENDORS + f"routes: {{m: {{targets: [{', '.join(chain)}]}}}}"


def history(rng: random.Random) -> History:
    """Some of the targets rest."""
    known = History()
    plan = plan_from(VENDORS + f"routes: {{m: {{targets: [{', '.join(TARGETS)}]}}}}")
    for target in plan.routes["m"].targets:
        if rng.random() < 0.4:
            known.health.failed(target, rng.choice([Blame.COOL, Blame.REST, Blame.EJECT]), 0.0, 0.0, None)
    return known


def survey_of(plan, call, known) -> Selection:
    return survey(plan, call, known, 1.0, 0.5)


@pytest.mark.parametrize("seed", range(300))
def test_it_is_the_chain_that_would_have_been_made_at_once(seed: int) -> None:
    """Whoever is able, absent, resting or the last resort; and the others are told as left out."""
    rng = random.Random(seed)
    plan, known, call = plan_from(table(rng)), history(rng), rng.choice(CALLS)
    whole = survey_of(plan, call, known)
    if not whole.able:
        return

    chosen = select(plan, call, known, 1.0, 0.5)

    assert list(chosen.able) == list(whole.able)
    assert chosen.able[0] == whole.able[0]
    assert len(chosen.able) == len(whole.able)
    if isinstance(chosen.able, InTurn):
        assert {one.target for one in chosen.excluded} == {one.target for one in whole.excluded}
    assert (chosen.is_direct, chosen.cache, chosen.resumes) == (whole.is_direct, whole.cache, whole.resumes)


def test_only_what_is_read_is_made() -> None:
    """Who answers first is looked at, and nobody behind."""
    made = []

    def each():
        for number in range(5):
            made.append(number)
            yield number

    able = InTurn(each())  # type: ignore[arg-type]  # anything can be in turn

    assert (made, able[0]) == ([0], 0)
    walk = iter(able)
    assert (next(walk), next(walk), made) == (0, 1, [0, 1])
    assert (list(able), list(walk), made) == ([0, 1, 2, 3, 4], [2, 3, 4], [0, 1, 2, 3, 4])
    assert (able[1:3], len(able)) == ([1, 2], 5)


def test_nobody_is_no_chain() -> None:
    with pytest.raises(StopIteration):
        InTurn(iter(()))


def calls_of(count: int) -> int:
    """How many functions a decision calls, of a route with so many targets that answers by the first."""
    chain = ", ".join(["openai/tts-1", "openai/tts-1-hd"] * (count // 2))
    plan, known, call = plan_from(VENDORS + f"routes: {{m: {{targets: [{chain}]}}}}"), History(), speech()
    select(plan, call, known, 1.0, 0.5)
    called = 0

    def count_calls(_frame, event, _argument) -> None:
        nonlocal called
        called += event == "call"

    sys.setprofile(count_calls)
    try:
        select(plan, call, known, 1.0, 0.5)
    finally:
        sys.setprofile(None)
    return called


def test_what_more_targets_cost_a_decision_is_a_look_at_each() -> None:
    """Whether it rests, and whether it may be hedged; what the call would be there, only the first is asked."""
    assert calls_of(30) - calls_of(4) <= 2 * 26
