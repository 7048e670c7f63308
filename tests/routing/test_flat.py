"""What a decision costs, in calls of functions: the same for any table, in proportion for a chain."""

from __future__ import annotations

import sys

import pytest
from msgspec.structs import replace

from bench.inside.decisions import CALL, POLICIES, plan_of
from router.routing.history import History
from router.routing.plan import Plan
from router.routing.select import select
from router.wire.calls import SpeechCall

FEW, MANY = 10, 10_000


def calls_of(plan: Plan, call: SpeechCall) -> int:
    """Functions called by the second decision: the first may keep what it has found."""
    history, count = History(), 0

    def counted(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    select(plan, call, history, 1.0, 0.5)
    before = sys.getprofile()
    sys.setprofile(counted)
    try:
        select(plan, call, history, 1.0, 0.5)
    finally:
        sys.setprofile(before)
    return count


def test_ten_thousand_routes_cost_a_decision_as_much_as_ten():
    """The route is looked up, whichever it is, and nothing else of the table is touched."""
    few = plan_of(5, "cost")
    route = few.routes["m"]
    few = replace(few, routes={**few.routes, **{f"route-{at}": route for at in range(FEW - 1)}})
    many = replace(few, routes={**{f"route-{at}": route for at in range(MANY - 1)}, **few.routes})

    assert (len(few.routes), len(many.routes)) == (FEW, MANY)
    assert calls_of(few, CALL) == calls_of(many, CALL) > 0


@pytest.mark.parametrize("policy", POLICIES)
def test_a_chain_costs_in_proportion_to_its_length(policy: str):
    """No more for each target from 10 to 30 than from 3 to 10, but for the odd one of sorting's."""
    three, ten, thirty = (calls_of(plan_of(count, policy), CALL) for count in (3, 10, 30))

    assert ten > three
    assert (thirty - ten) / 20 <= 1.1 * (ten - three) / 7
