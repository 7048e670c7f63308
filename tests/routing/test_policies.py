"""Order, cost, latency, weight and their bounds: the right target first, and nobody lost."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.routing.history import History
from router.routing.plan import Plan
from router.routing.policies import EXPLORE, STALE_S
from router.routing.pricing import estimate
from router.wire.calls import AskedRoute, AskedTarget
from router.wire.errors import Forbidden, InvalidCall, UnknownModel, Unsupported
from router.wire.faults import Fault, Kind
from tests.plans import VENDORS, choose, listen, names, plan_from, speech

A, B, C = "openai/tts-1", "deepgram/aura-2", "elevenlabs/eleven_v3"
NOW_AND_THEN = EXPLORE / 2


def plan_of(policy: str, *targets: str, more: str = "") -> Plan:
    return plan_from(VENDORS + f"routes: {{m: {{policy: {policy}, targets: [{', '.join(targets)}]}}}}\n{more}")


def priced(name: str, usd: float | None, weight: float = 1) -> str:
    """A target and what each call of it costs; None: what is in no list of anybody's."""
    model = name if usd is not None else f"{name}-unheard-of"
    return f"{{target: {model}, weight: {weight}{'' if usd is None else f', price: {{per_request: {usd:.6f}}}'}}}"


def learnt(plan: Plan, *seconds: float, now: float = 0) -> History:
    """What is known after each target of the route has spoken once."""
    history = History()
    for fitted, one in zip(choose(plan, speech()).able, seconds, strict=True):
        history.began(fitted, now)
        history.spoke(fitted, now, now + one)
    return history


# ------------------------------------------------------------------ cost


def test_the_cheapest_for_this_very_call_goes_first() -> None:
    """By the character for a short text, by the request for a long one; ties stay as they are written."""
    plan = plan_of(
        "cost",
        f"{{target: {A}, price: {{per_request: 0.001}}}}",
        f"{{target: {B}, price: {{per_1m_characters: 10}}}}",
        f"{{target: {C}, price: {{per_request: 0.001}}}}",
    )

    assert names(choose(plan, speech(text="Hi"))) == [B, A, C]
    assert names(choose(plan, speech(text="Hi " * 100))) == [A, C, B]


def test_what_has_no_price_comes_after_all_that_has_one() -> None:
    """Unpriced is not free."""
    plan = plan_of("cost", priced(A, None), priced(B, 5.0), priced(C, 0.0))

    assert names(choose(plan, speech())) == [C, B, f"{A}-unheard-of"]


def test_max_cost_leaves_out_what_is_dearer_and_what_nobody_knows() -> None:
    """Under every policy, with the reason; where nobody is left the client is told."""
    plan = plan_of("{by: order, max_cost: 0.01}", priced(A, 0.02), priced(B, 0.01), priced(C, None))

    selection = choose(plan, speech())

    assert names(selection) == [B]
    assert [(one.target, one.reason) for one in selection.excluded] == [
        (A, "costs about $0.02, and at most $0.01 may be spent (max_cost)"),
        (f"{C}-unheard-of", "costs nobody knows what, and at most $0.01 may be spent (max_cost)"),
    ]
    with pytest.raises(Unsupported, match="at most"):
        choose(plan_of("{max_cost: 0.001}", priced(A, 0.02)), speech())


def test_a_file_is_priced_by_its_length() -> None:
    """Ten seconds are cheaper by the request, an hour by the minute."""
    plan = plan_of(
        "cost",
        "{target: openai/whisper-1, price: {per_request: 0.05}}",
        "{target: deepgram/nova-3, price: {per_minute: 0.006}}",
    )

    assert names(choose(plan, listen(seconds=10)))[0] == "deepgram/nova-3"
    assert names(choose(plan, listen(seconds=3600)))[0] == "openai/whisper-1"


PRICES = st.lists(st.none() | st.floats(0, 100), min_size=3, max_size=3)


@given(PRICES)
def test_the_first_is_never_dearer_than_another(prices: list[float | None]) -> None:
    """Cheapest is cheapest, whatever the prices; all targets are there, and none after an unpriced one has a price."""
    plan = plan_of("cost", *(priced(name, usd) for name, usd in zip((A, B, C), prices, strict=True)))

    costs = [estimate(fitted) for fitted in choose(plan, speech()).able]

    assert len(costs) == 3
    dollars = [float("inf") if cost is None else cost.usd for cost in costs]
    assert dollars == sorted(dollars)


# ------------------------------------------------------------------ weight


def test_weights_are_shares_of_the_calls() -> None:
    """Three to one: three quarters of all draws; the rest of the chain follows."""
    plan = plan_of("weight", priced(A, 1, weight=3), priced(B, 1, weight=1))

    orders = [names(choose(plan, speech(), draw=number / 1000)) for number in range(1000)]

    assert Counter(order[0] for order in orders) == {A: 750, B: 250}
    assert all(sorted(order) == sorted([A, B]) for order in orders)


def test_who_comes_second_is_chosen_by_weight_too() -> None:
    """Where the first fails its calls go to the others in proportion, not all to the next in the list."""
    plan = plan_of("weight", priced(A, 1, weight=8), priced(B, 1, weight=1), priced(C, 1, weight=1))

    orders = [names(choose(plan, speech(), draw=number / 10_000)) for number in range(10_000)]

    seconds = Counter(second for first, second, _ in orders if first == A)
    assert seconds[B] == pytest.approx(4000, rel=0.01)


@given(st.lists(st.floats(0.001, 1e6), min_size=3, max_size=3), st.floats(0, 1, exclude_max=True))
def test_no_draw_loses_a_target(weights: list[float], draw: float) -> None:
    """Whatever the weights and the chance."""
    plan = plan_of("weight", *(priced(name, 1, weight) for name, weight in zip((A, B, C), weights, strict=True)))

    assert sorted(names(choose(plan, speech(), draw=draw))) == sorted([A, B, C])


# ------------------------------------------------------------------ latency


def test_the_quickest_of_late_goes_first() -> None:
    """By the time to the first byte, per target."""
    plan = plan_of("latency", A, B, C)

    assert names(choose(plan, speech(), learnt(plan, 0.9, 0.2, 0.5))) == [B, C, A]


def test_who_was_never_asked_is_asked() -> None:
    """An unknown target counts as quick until it has been waited for once."""
    plan = plan_of("latency", A, B)
    history = History()
    first = choose(plan, speech()).able[0]
    history.began(first, 0)
    history.spoke(first, 0, 0.1)

    assert names(choose(plan, speech(), history)) == [B, A]


def test_a_voice_has_an_average_of_its_own() -> None:
    """Some voices are slower than others of the same vendor; one that was not heard yet is taken to be as the rest."""
    plan = plan_of("latency", A, B)
    history = learnt(plan, 0.5, 0.4)
    slow = choose(plan, speech(voice="nova")).able[0]
    other = choose(plan, speech(voice="nova")).able[1]
    history.spoke(slow, 0, 0.1)
    history.spoke(other, 0, 0.9)

    assert names(choose(plan, speech(voice="nova"), history)) == [A, B]
    assert names(choose(plan, speech(), history)) == [B, A]


def test_a_vendor_that_was_slow_is_found_again() -> None:
    """Now and then the one without news goes first, and what it does then counts; not while there is news."""
    plan = plan_of("latency", A, B)
    history = learnt(plan, 0.2, 5.0)
    later = STALE_S + 1

    assert names(choose(plan, speech(), history, now=1, draw=NOW_AND_THEN)) == [A, B]
    assert names(choose(plan, speech(), history, now=later, draw=EXPLORE)) == [A, B]
    found = choose(plan, speech(), history, now=later, draw=NOW_AND_THEN)
    assert names(found) == [B, A]
    history.began(found.able[0], later)
    history.spoke(found.able[0], later, later + 0.1)
    for more in range(12, 180, 12):
        history.spoke(found.able[0], later + more, later + more + 0.1)
    assert names(choose(plan, speech(), history, now=later + 180)) == [B, A]


def test_a_slow_voice_is_found_again_while_others_keep_the_target_busy() -> None:
    """News of one voice is none of another."""
    plan = plan_of("latency", A, B)
    history = learnt(plan, 0.2, 0.3)
    alloy, other = choose(plan, speech()).able
    for _ in range(20):
        history.spoke(alloy, 0, 9.0)
    history.began(choose(plan, speech(voice="nova")).able[0], 100)

    assert names(choose(plan, speech(), history, now=101)) == [B, A]
    assert names(choose(plan, speech(), history, now=101, draw=NOW_AND_THEN)) == [A, B]
    assert other.target.name == B


def test_who_was_too_slow_to_be_heard_is_known_to_be_slow() -> None:
    """A hedge's loser and a failure count by how long they kept silent, but never make anybody quicker."""
    plan = plan_of("latency", A, B)
    history = learnt(plan, 0.2, 0.3)
    first = choose(plan, speech()).able[0]

    history.abandoned(first, began=100, now=100.1, is_late=True)
    assert history.latency.expected(first) == pytest.approx(0.2)
    history.blamed(first, Fault(Kind.FAILED, "at once"), began=110, now=110.001)
    assert history.latency.expected(first) == pytest.approx(0.2)
    history.blamed(first, Fault(Kind.TIMEOUT, "no answer in time"), began=200, now=210)

    assert names(choose(plan, speech(), history, now=210)) == [B, A]


def test_who_leaves_early_makes_nobody_quick() -> None:
    """A client that went after 20 ms says nothing of a vendor that was never heard."""
    plan = plan_of("latency", A, B)
    history = History()
    first, second = choose(plan, speech()).able
    history.spoke(second, 0, 0.5)

    history.abandoned(first, began=0, now=0.02, is_late=False)
    assert history.latency.expected(first) is None
    history.abandoned(first, began=0, now=2.0, is_late=True)

    assert names(choose(plan, speech(), history)) == [B, A]


def test_the_cheapest_of_those_that_are_quick_enough() -> None:
    """Beyond `max_latency` a target comes after all others, cheap or not, and is tried now and then."""
    plan = plan_of("{by: cost, max_latency: 500ms}", priced(A, 0.1), priced(B, 0.3), priced(C, 0.2))
    history = learnt(plan, 0.9, 0.1, 0.1)  # in the order of the costs: A, C, B

    assert names(choose(plan, speech(), history)) == [C, B, A]
    assert names(choose(plan, speech(), history, now=STALE_S + 1, draw=NOW_AND_THEN)) == [A, C, B]
    assert names(choose(plan, speech())) == [A, C, B]


def test_averages_are_bounded_in_number() -> None:
    """Clients can name any voice: old ones are forgotten."""
    plan = plan_of("latency", C)
    history = History()
    for number in range(10_500):
        one = choose(plan, speech(voice=f"{number:020d}")).able[0]
        history.spoke(one, 0, 1)

    assert len(history.latency._averages) <= 10_000


POLICIES = st.sampled_from(["order", "cost", "latency", "weight", "{by: cost, max_latency: 1s}"])
EVENTS = st.lists(
    st.tuples(st.integers(0, 2), st.sampled_from(["spoke", "abandoned", *Kind]), st.floats(0, 30)), max_size=40
)


@given(POLICIES, EVENTS, st.floats(0, 1, exclude_max=True))
def test_no_able_target_is_lost(policy: str, events: list[tuple[int, Any, float]], draw: float) -> None:
    """Whatever has happened there is somebody to try, nobody twice, and who is left out is named with a reason."""
    plan = plan_of(policy, priced(A, 1), priced(B, 2), priced(C, 3))
    history, now = History(), 0.0
    able = {fitted.target.name: fitted for fitted in choose(plan, speech()).able}
    for index, event, seconds in events:
        fitted = able[(A, B, C)[index]]
        history.began(fitted, now)
        now += seconds
        match event:
            case "spoke":
                history.spoke(fitted, now - seconds, now)
                history.succeeded(fitted, now - seconds, now)
            case "abandoned":
                history.abandoned(fitted, now - seconds, now, is_late=seconds > 10)
            case Kind():
                history.blamed(fitted, Fault(event, "so it went"), now - seconds, now)

    selection = choose(plan, speech(), history, now, draw)

    tried = names(selection)
    assert tried
    assert sorted([*tried, *(one.target for one in selection.excluded)]) == sorted([A, B, C])


# ------------------------------------------------------------------ a client's own


def own(*targets: Any, **rest: Any) -> AskedRoute:
    return AskedRoute(
        targets=tuple(one if isinstance(one, AskedTarget) else AskedTarget(one) for one in targets), **rest
    )


def test_a_call_brings_its_own_chain() -> None:
    """Targets at vendors of the table, with shares and voices of their own; what the model would be is not asked."""
    plan = plan_of("order", A)
    voiced = AskedTarget(C, voices={"alloy": "EXAVITQu4vr4xnSDxMaL"})

    selection = choose(plan, speech("anything", route=own(voiced, B)))

    assert names(selection) == [C, B]
    assert selection.able[0].ask.voice == "EXAVITQu4vr4xnSDxMaL"
    assert selection.is_direct


def test_a_call_brings_its_own_policy() -> None:
    """For the model's own route, over what the table says."""
    plan = plan_of("{by: order, max_cost: 9}", priced(A, 3), priced(B, 1), priced(C, 2))

    assert names(choose(plan, speech(route=own(policy="cost")))) == [B, C, A]
    assert names(choose(plan, speech(route=own(policy="cost", max_cost=2)))) == [B, C]
    with pytest.raises(Unsupported, match=r"at most \$9 may be spent"):
        choose(plan_of("{max_cost: 9}", priced(A, 10)), speech(route=own(max_cost=1000)))
    assert names(choose(plan, speech(route=own()))) == [A, B, C]


def test_what_the_table_says_of_a_target_holds_wherever_it_is_named() -> None:
    """A price is not a route's: a direct call, a chain of a client's and a second route have it too."""
    said = f"{{target: {A}, price: {{per_request: 7}}, concurrency: 2}}"
    plan = plan_from(VENDORS + f"routes: {{m: {{targets: [{said}]}}, n: {{targets: [{A}]}}}}")

    for call in (speech("n"), speech(A), speech(route=own(A))):
        target = choose(plan, call).able[0].target
        cost = estimate(choose(plan, call).able[0])
        assert cost is not None
        assert cost.usd == 7
        assert target.concurrency is not None
        assert target.concurrency.limit == 2


@pytest.mark.parametrize(
    ("target", "param", "why"),
    [
        ("tts-1", "route.targets[1]", "no target, such as"),
        ("/x", "route.targets[1]", "no target, such as"),
        ("nobody/tts-1", "route.targets[1]", "there is no vendor 'nobody' here; there are openai, "),
        ("local/typo", "route.targets[1]", "local has no model 'typo'"),
        (A, "route.targets[1]", "is there already"),
    ],
)
def test_a_strange_target_is_told_where_it_stands(target: str, param: str, why: str) -> None:
    """The client's mistake, with its place in the chain."""
    with pytest.raises(InvalidCall) as mistake:
        choose(plan_of("order", A), speech(route=own(A, target)))

    assert mistake.value.param == param
    assert why in mistake.value.message


def test_both_doors_can_be_closed() -> None:
    """`client_routes: false` and `direct: false`: a 403 that says which; routes stay, an unknown name is a 404."""
    plan = plan_of("order", A, more="server: {client_routes: false, direct: false}")

    with pytest.raises(Forbidden) as no_route:
        choose(plan, speech(route=own(policy="cost")))
    with pytest.raises(Forbidden) as no_direct:
        choose(plan, speech(A))
    with pytest.raises(UnknownModel):
        choose(plan, speech("nope"))

    assert (no_route.value.status, no_route.value.param) == (403, "route")
    assert (no_direct.value.status, no_direct.value.param) == (403, "model")
    assert names(choose(plan, speech())) == [A]
