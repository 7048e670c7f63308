"""Resting and returning, with a clock in the hand."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from router.routing.health import (
    CALLS_TO_JUDGE,
    COOL_DOWN_S,
    FAILURES_TO_REST,
    LONGEST_REST_S,
    MOST_NAMES,
    OUT_S,
    PROBE_S,
    REST_S,
    WINDOW_S,
    Blame,
    Health,
)
from tests.plans import VENDORS, plan_from

ONE, NEIGHBOUR = plan_from(VENDORS + "routes: {m: {targets: [openai/tts-1, openai/tts-1-hd]}}").routes["m"].targets


def rested(now: float = 0) -> Health:
    """A health in which ONE has just been sent to rest."""
    health = Health()
    for _ in range(FAILURES_TO_REST):
        health.failed(ONE, Blame.COUNT, now, now)
    return health


def heard(health: Health, began: float, now: float) -> None:
    """A call to ONE that spoke, and went well to its end."""
    health.spoke(ONE, began)
    health.succeeded(ONE, began, now)


def test_a_throttled_target_rests_as_long_as_the_vendor_says() -> None:
    """Its neighbour at the same vendor does not; without a word it rests for the default."""
    health = Health()

    health.failed(ONE, Blame.COOL, 100, 100, retry_after_s=7)
    health.failed(NEIGHBOUR, Blame.COOL, 100, 100)

    assert health.rests_until(ONE, 106.9) == 107
    assert health.rests_until(ONE, 107) is None
    assert health.rests_until(NEIGHBOUR, 100) == 100 + COOL_DOWN_S


def test_failures_in_a_row_rest_a_target() -> None:
    """A success in between starts the count anew."""
    health = Health()
    for _ in range(FAILURES_TO_REST - 1):
        health.failed(ONE, Blame.COUNT, 0, 0)
    health.succeeded(ONE, began=0, now=0)
    health.failed(ONE, Blame.COUNT, 0, 0)
    assert health.rests_until(ONE, 0) is None

    for _ in range(FAILURES_TO_REST - 1):
        health.failed(ONE, Blame.COUNT, 0, 0)

    assert health.rests_until(ONE, 1) == REST_S


def test_every_other_call_failing_rests_a_target_too() -> None:
    """Never five in a row, but half of the last minute's calls; the same failures over hours do not count."""
    often, seldom = Health(), Health()

    for number in range(CALLS_TO_JUDGE):
        seldom.failed(ONE, Blame.COUNT, number * WINDOW_S, number * WINDOW_S)
        heard(seldom, number * WINDOW_S, number * WINDOW_S)
    for number in range(CALLS_TO_JUDGE // 2):
        often.failed(ONE, Blame.COUNT, number, number)
        heard(often, number, number)
    assert often.rests_until(ONE, CALLS_TO_JUDGE // 2) is None
    often.failed(ONE, Blame.COUNT, CALLS_TO_JUDGE, CALLS_TO_JUDGE)

    assert often.rests_until(ONE, CALLS_TO_JUDGE) == CALLS_TO_JUDGE + REST_S
    assert seldom.rests_until(ONE, CALLS_TO_JUDGE * WINDOW_S) is None


def test_few_failures_among_many_calls_rest_nobody() -> None:
    """One in ten is a vendor's bad day, not its end."""
    health = Health()

    for number in range(1_000):
        if number % 10 == 0:
            health.failed(ONE, Blame.COUNT, number / 10, number / 10)
        else:
            health.succeeded(ONE, began=number / 10, now=number / 10)

        assert health.rests_until(ONE, number / 10) is None


def test_after_a_rest_one_call_is_the_probe() -> None:
    """While it runs the others go elsewhere; it brings the target back, or rests it again, for longer."""
    health = rested()
    assert health.rests_until(ONE, REST_S) is None

    health.began(ONE, REST_S)
    assert health.rests_until(ONE, REST_S + 1) == REST_S + PROBE_S
    health.failed(ONE, Blame.COUNT, REST_S + 2, REST_S + 2)
    again = REST_S + 2 + 2 * REST_S
    assert health.rests_until(ONE, REST_S + 3) == again

    health.began(ONE, again)
    heard(health, again, again + 1)
    assert health.rests_until(ONE, again + 1) is None
    health.failed(ONE, Blame.COUNT, again + 2, again + 2)
    assert health.rests_until(ONE, again + 2) is None


def test_a_probe_that_says_nothing_is_followed_by_another() -> None:
    """At once where the vendor refused the request itself, else after a while: a client may have left."""
    health = rested()

    health.began(ONE, REST_S)
    health.failed(ONE, Blame.NONE, REST_S + 1, REST_S + 1)
    assert health.rests_until(ONE, REST_S + 1) is None

    health.began(ONE, REST_S + 2)
    assert health.rests_until(ONE, REST_S + 2 + PROBE_S) is None


def test_calls_from_before_a_rest_neither_end_nor_lengthen_it() -> None:
    """A hundred that were under way fail with it, and one that a throttled vendor had let in succeeds."""
    health = rested(now=10)
    throttled = Health()
    throttled.failed(ONE, Blame.COOL, 10, 10, retry_after_s=60)

    for _ in range(100):
        health.failed(ONE, Blame.COUNT, 11, 11)
    heard(throttled, 9, 12)

    assert health.rests_until(ONE, 12) == 10 + REST_S
    assert throttled.rests_until(ONE, 12) == 70


def test_a_failure_that_comes_late_is_not_the_probes() -> None:
    """A time-out of a call that began before the rest neither sends the target back nor makes its next rest longer."""
    health = rested(now=10)
    back = 10 + REST_S

    health.failed(ONE, Blame.COUNT, 9, back + 1)
    assert health.rests_until(ONE, back + 1) is None
    health.began(ONE, back + 2)
    health.failed(ONE, Blame.COUNT, 8, back + 3)
    heard(health, back + 2, back + 4)

    assert health.rests_until(ONE, back + 4) is None


def test_a_probe_that_is_given_up_lets_another_go() -> None:
    """At once: a client that leaves, and a hedge's loser, have found nothing out."""
    health = rested()

    health.began(ONE, REST_S)
    health.gave_up(ONE)

    assert health.rests_until(ONE, REST_S + 1) is None


def test_a_refusal_from_before_the_table_was_read_again_does_not_count() -> None:
    """A call under way with the old key is refused after the new one is here."""
    health = Health()
    health.forgive_refusals(10)

    health.failed(ONE, Blame.EJECT, 9, 11)
    health.failed(NEIGHBOUR, Blame.REST, 9, 11)
    assert health.rests_until(ONE, 12) is None
    assert health.rests_until(NEIGHBOUR, 12) is None
    health.failed(NEIGHBOUR, Blame.REST, 13, 14)
    assert health.rests_until(NEIGHBOUR, 15) == 14 + OUT_S
    health.forgive_refusals(16)

    assert health.rests_until(NEIGHBOUR, 17) is None


def test_a_rest_has_a_reason() -> None:
    """That a person understands."""
    throttled, refused, probed = Health(), Health(), rested()
    throttled.failed(ONE, Blame.COOL, 0, 0)
    refused.failed(ONE, Blame.EJECT, 0, 0)
    probed.began(ONE, REST_S)

    assert throttled.why(ONE, 1) == "since it throttles us"
    assert refused.why(ONE, 1) == "since it has refused our account"
    assert rested().why(ONE, 1) == "after failures"
    assert probed.why(ONE, REST_S + 1) == "while another call tries it"


def test_a_success_during_a_rest_ends_it() -> None:
    """Where all are resting one is tried all the same: then it is known to be back."""
    health = rested(now=10)

    heard(health, 15, 16)

    assert health.rests_until(ONE, 16) is None


def test_a_refused_key_rests_the_whole_vendor_until_the_table_is_read_again() -> None:
    """All its targets, for long; a target that is throttled stays so. Nobody's fault rests nobody."""
    health = Health()

    health.failed(ONE, Blame.NONE, 0, 0)
    assert health.rests_until(ONE, 0) is None
    health.failed(ONE, Blame.EJECT, 0, 0)
    health.failed(ONE, Blame.COOL, 0, 0, retry_after_s=60)
    assert health.rests_until(NEIGHBOUR, 1) == OUT_S
    health.forgive_refusals(2)

    assert health.rests_until(NEIGHBOUR, 1) is None
    assert health.rests_until(ONE, 1) == 60


def test_what_is_held_against_made_up_names_is_bounded() -> None:
    """Clients can name any model: old names are forgotten before they fill the memory."""
    health = Health()

    for number in range(MOST_NAMES + 10):
        health.failed(replace(ONE, name=f"openai/{number}"), Blame.COUNT, 0, 0)
        health.failed(replace(ONE, name=f"openai/{number}"), Blame.COOL, number, number, retry_after_s=1)

    assert len(health._states) <= MOST_NAMES


EVENTS = st.lists(
    st.tuples(
        st.floats(0, 40),
        st.sampled_from(["began", "succeeded", *Blame]),
        st.none() | st.floats(0, 86_400),
    ),
    max_size=80,
)


@given(EVENTS)
def test_nobody_rests_for_ever(events: list[tuple[float, str | Blame, float | None]]) -> None:
    """Whatever happens, a target may be tried again when its longest rest is over, and is back after a success."""
    health, now = Health(), 0.0
    for pause_s, event, retry_after_s in events:
        now += pause_s
        match event:
            case "began":
                health.began(ONE, now)
            case "succeeded":
                heard(health, now, now)
            case Blame():
                health.failed(ONE, event, now, now, retry_after_s)
        until = health.rests_until(ONE, now)
        assert until is None or now < until <= now + max(OUT_S, LONGEST_REST_S, 86_400)

    later = now + 86_400
    assert health.rests_until(ONE, later) is None
    heard(health, later, later)
    assert health.rests_until(ONE, later) is None


@given(st.integers(1, 400), st.floats(0.01, 5))
def test_a_dead_vendor_is_not_asked_more_often_the_more_calls_there_are(calls: int, pause_s: float) -> None:
    """No ejection storm: a run of failures rests it, then it is probed once a rest, and the rests grow."""
    health, now, asked = Health(), 0.0, 0
    for _ in range(calls):
        if health.rests_until(ONE, now) is None:
            health.began(ONE, now)
            health.failed(ONE, Blame.COUNT, now, now)
            asked += 1
        now += pause_s

    assert asked <= FAILURES_TO_REST + 3 + now / LONGEST_REST_S
