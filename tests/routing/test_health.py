"""Resting and returning, with a clock in the hand."""

from __future__ import annotations

from msgspec.structs import replace

from router.routing.health import COOL_DOWN_S, FAILURES_TO_REST, MOST_NAMES, OUT_S, REST_S, Blame, Health
from router.routing.plan import Target
from tests.plans import VENDORS, plan_from


def targets() -> tuple[Target, ...]:
    return plan_from(VENDORS + "routes: {m: {targets: [openai/tts-1, openai/tts-1-hd]}}").routes["m"].targets


def test_a_throttled_target_rests_as_long_as_the_vendor_says() -> None:
    """Its neighbour at the same vendor does not; without a word it rests for the default."""
    one, neighbour = targets()
    health = Health()

    health.failed(one, Blame.COOL, now=100, retry_after_s=7)
    health.failed(neighbour, Blame.COOL, now=100)

    assert health.rests_until(one, 106.9) == 107
    assert health.rests_until(one, 107) is None
    assert health.rests_until(neighbour, 100) == 100 + COOL_DOWN_S


def test_failures_in_a_row_rest_a_target_and_one_more_rests_it_again() -> None:
    """A success in between starts the count anew; after the rest the first call is the probe."""
    one, _ = targets()
    health = Health()
    for _ in range(FAILURES_TO_REST - 1):
        health.failed(one, Blame.COUNT, now=0)
    health.succeeded(one)
    for _ in range(FAILURES_TO_REST - 1):
        health.failed(one, Blame.COUNT, now=0)
    assert health.rests_until(one, 0) is None

    health.failed(one, Blame.COUNT, now=0)
    assert health.rests_until(one, 1) == REST_S
    assert health.rests_until(one, REST_S) is None
    health.failed(one, Blame.COUNT, now=REST_S)
    assert health.rests_until(one, REST_S) == 2 * REST_S


def test_a_refused_key_rests_the_whole_vendor() -> None:
    """All its targets, for long; nobody's fault rests nobody."""
    one, neighbour = targets()
    health = Health()

    health.failed(one, Blame.NONE, now=0)
    assert health.rests_until(one, 0) is None
    health.failed(one, Blame.EJECT, now=0)

    assert health.rests_until(neighbour, 1) == OUT_S


def test_what_is_held_against_made_up_names_is_bounded() -> None:
    """Clients can name any model: old names are forgotten before they fill the memory."""
    one, _ = targets()
    health = Health()

    for number in range(MOST_NAMES + 10):
        health.failed(replace(one, name=f"openai/{number}"), Blame.COUNT, now=0)
        health.failed(replace(one, name=f"openai/{number}"), Blame.COOL, now=number, retry_after_s=1)

    assert len(health._failures) <= MOST_NAMES + 1
    assert len(health._until) <= MOST_NAMES + 1
