"""Retries stay a share of the calls, however many fail."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from router.routing.budget import FREE, MOST_NAMES, Budgets


def test_a_few_are_free_and_then_a_share() -> None:
    """Ten in a row, then one for every five calls."""
    budgets = Budgets()
    assert [budgets.allows("a", 0.2) for _ in range(12)] == [True] * 10 + [False] * 2

    allowed = 0
    for _ in range(100):
        budgets.called("a", 0.2)
        allowed += budgets.allows("a", 0.2)

    assert 18 <= allowed <= 20
    assert budgets.allows("b", 0.2)


def test_no_share_is_no_retry() -> None:
    """`retry_budget: 0` switches retries and hedges off."""
    assert not Budgets().allows("a", 0)


@given(st.lists(st.booleans(), max_size=300), st.floats(0.01, 1))
def test_retries_never_exceed_the_share_and_the_free_ones(events: list[bool], share: float) -> None:
    """Whatever the order of calls and failures."""
    budgets, calls, retries = Budgets(), 0, 0
    for is_call in events:
        if is_call:
            budgets.called("a", share)
            calls += 1
        else:
            retries += budgets.allows("a", share)

    assert retries <= FREE + calls * share + 1e-6


def test_names_are_bounded() -> None:
    """Clients can invent targets."""
    budgets = Budgets()
    for number in range(MOST_NAMES + 10):
        budgets.called(str(number), 0.2)

    assert len(budgets._left) <= MOST_NAMES
