"""The simulated day: the same for a seed, complete, and fair to whoever routes it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from bench.simulate.__main__ import main
from bench.simulate.engine import simulate
from bench.simulate.page import table, with_results, with_world
from bench.simulate.rules import RULES, at_random, fixed_chain, lowest_token_price, one_at_random
from bench.simulate.tally import Tally, percentile
from bench.simulate.traffic import Arrival, arrivals
from bench.simulate.vendors import SimulatedVendor, opened
from bench.simulate.world import DAY_S, HOURS, VENDORS, Incident, Profile, compiled, table_of
from router.routing.plan import Target
from router.wire.faults import Kind

PAGE = Path(__file__).parents[2] / "docs" / "ROUTING.md"
CALLS, SEED = 1_000, 7


@pytest.fixture(scope="module")
def tallies() -> Mapping[str, Tally]:
    return {key: simulate(rule, CALLS, SEED) for key, rule in RULES.items()}


@pytest.fixture(scope="module")
def targets() -> tuple[Target, ...]:
    return compiled(table_of()).routes["order"].targets


# ------------------------------------------------------------------ the day


def test_a_seed_gives_the_same_day_again(tallies: Mapping[str, Tally]) -> None:
    """Every figure of the table is the same, of a rule with chance in it as of one without."""
    again = {key: simulate(RULES[key], CALLS, SEED) for key in ("hedged-quick", "weight")}

    assert table(again) == table({key: tallies[key] for key in again})
    assert again["weight"].usd == tallies["weight"].usd
    assert again["weight"].slots == tallies["weight"].slots


def test_another_seed_gives_another_day(tallies: Mapping[str, Tally]) -> None:
    """Chance is the seed's."""
    assert simulate(RULES["order"], CALLS, SEED + 1).usd != tallies["order"].usd


@pytest.mark.parametrize("key", RULES)
def test_every_call_ends_once(tallies: Mapping[str, Tally], key: str) -> None:
    """It succeeds, fails or is interrupted; whoever succeeds has waited for first audio, within the deadline."""
    tally = tallies[key]

    assert tally.calls == CALLS
    assert len(tally.first_s()) == tally.outcomes["ok"]
    assert 0 < tally.first_s()[0] <= tally.first_s()[-1] <= 8.0


@given(st.integers(1, 300), st.integers(0, 10**6))
def test_calls_come_in_order_and_all_of_them_within_the_day(calls: int, seed: int) -> None:
    """As many as were asked for."""
    came = [arrival.at for arrival in arrivals(calls, seed)]

    assert len(came) == calls
    assert came == sorted(came)
    assert 0 <= came[0] <= came[-1] < DAY_S


def test_an_hour_is_as_busy_as_the_world_says() -> None:
    """Within what chance does to a Poisson process: five times its deviation."""
    calls = 20_000
    by_hour = [0] * len(HOURS)
    for arrival in arrivals(calls, SEED):
        by_hour[int(arrival.at // 3_600)] += 1

    for count, share in zip(by_hour, HOURS, strict=True):
        expected = calls * share / sum(HOURS)
        assert abs(count - expected) < 5 * expected**0.5


# ------------------------------------------------------------------ vendors


def _vendor(**facts: object) -> SimulatedVendor:
    profile = {"name": "x", "price": {"per_1m_characters": 10}, "wait_s": 0.5, "per_character_s": 0.0, "errors": 0.0}
    return SimulatedVendor(Profile(**{**profile, **facts}), 0, 1_000_000, SEED)  # type: ignore[arg-type]


def _call(number: int) -> Arrival:
    return Arrival(number, 0.0, 100, "alloy", 0.5)


def test_all_rules_meet_the_same_luck() -> None:
    """What becomes of a request depends on the call and how often it asks there, not on who was asked before."""
    early, late = opened(1_000_000, SEED), opened(1_000_000, SEED)
    for number in range(50):
        early[1].asked(_call(number), 1, 10.0)
        early[1].waiting -= 1

    assert early[1].asked(_call(99), 1, 20.0).after_s == late[1].asked(_call(99), 1, 90.0).after_s
    assert early[1].asked(_call(99), 2, 20.0).after_s != late[1].asked(_call(99), 1, 90.0).after_s


@pytest.mark.parametrize(
    ("kind", "fault"),
    [("refused", Kind.CONNECT), ("key", Kind.KEY), ("silent", None)],
    ids=["refused", "key", "silent"],
)
def test_an_incident_lasts_as_long_as_it_is_said_to(kind: str, fault: Kind | None) -> None:
    """From its first second to its last; who is silent says nothing, ever."""
    vendor = _vendor(incidents=(Incident(kind, hour=1, minutes=10),))  # type: ignore[arg-type]
    before, within, after = (vendor.asked(_call(0), 1, at) for at in (3_599.0, 3_600.0, 4_200.0))

    assert before.fault is after.fault is None
    assert before.after_s == after.after_s < 10
    assert (within.fault.kind if within.fault else None) == fault
    assert within.after_s == float("inf") or within.fault


def test_a_slow_vendor_takes_eight_times_as_long() -> None:
    """The same request would otherwise have been answered in an eighth."""
    vendor = _vendor(incidents=(Incident("slow", hour=1, minutes=10),))
    number = next(number for number in range(100) if vendor.asked(_call(number), 1, 3_700.0).fault is None)
    vendor.waiting = 0

    slow, quick = (vendor.asked(_call(number), 1, at).after_s for at in (3_700.0, 1.0))

    assert slow == pytest.approx(8 * quick)


def test_a_limit_counts_the_requests_of_the_last_minute() -> None:
    """The next one is told how long to wait, in whole seconds, and then there is room."""
    vendor = _vendor(a_minute=2)
    taken = [vendor.asked(_call(number), 1, at) for number, at in enumerate((0.0, 30.0))]
    refused = vendor.asked(_call(2), 1, 50.5)

    assert [answer.fault for answer in taken] == [None, None]
    assert refused.fault
    assert (refused.fault.kind, refused.fault.retry_after_s) == (Kind.BUSY, 10.0)
    assert vendor.asked(_call(3), 1, 60.5).fault is None


def test_a_crowd_is_served_more_slowly() -> None:
    """Beyond the vendor's places those who wait share them."""
    vendor = _vendor()
    alone = vendor.asked(_call(0), 1, 1.0)
    vendor.waiting = 119

    assert vendor.asked(_call(0), 1, 1.0).after_s == pytest.approx(2 * alone.after_s)


def test_what_is_charged_is_the_vendors_own_price() -> None:
    """A hundred characters at $10 for a million; an error is free, also where the router cannot know a price."""
    assert _vendor().asked(_call(0), 1, 1.0).usd == pytest.approx(0.001)
    assert _vendor(has_told=False).asked(_call(0), 1, 1.0).usd == pytest.approx(0.001)
    assert _vendor(errors=1.0).asked(_call(0), 1, 1.0).usd == 0.0


# ------------------------------------------------------------------ rules


def _names(targets: object) -> list[str]:
    return [target.outlet.name for target in targets]  # type: ignore[attr-defined]


def test_the_fixed_chain_is_the_chain_as_written(targets: tuple[Target, ...]) -> None:
    """Whatever has happened."""
    assert _names(fixed_chain(targets, 0.9)) == [vendor.name for vendor in VENDORS]


@given(draw=st.floats(0, 1, exclude_max=True))
def test_a_random_chain_has_everybody_once(targets: tuple[Target, ...], draw: float) -> None:
    """And without fallback only its first."""
    order = _names(at_random(targets, draw))

    assert sorted(order) == sorted(_names(targets))
    assert _names(one_at_random(targets, draw)) == order[:1]


def test_random_orders_are_equally_likely(targets: tuple[Target, ...]) -> None:
    """Draws spread evenly over 0 to 1 make each of the 120 orders as often."""
    orders = [tuple(_names(at_random(targets, (draw + 0.5) / 1_200))) for draw in range(1_200)]

    assert {orders.count(order) for order in set(orders)} == {10}
    assert len(set(orders)) == 120


def test_the_lowest_token_price_takes_what_is_not_priced_in_tokens_for_free(targets: tuple[Target, ...]) -> None:
    """All others tie at nothing, in written order, and the one honest price comes last."""
    assert _names(lowest_token_price(targets, 0.0)) == ["alpha", "charlie", "delta", "echo", "bravo"]


def test_the_router_and_the_strangers_route_over_the_same_targets() -> None:
    """Every rule's route has them in the same order, at the same prices and with the same time to wait."""
    routes = compiled(table_of()).routes.values()
    names = [[target.name for target in route.targets] for route in routes]
    prices = [[target.abilities["speech"].price for target in route.targets] for route in routes]
    waits = {target.timing["speech"].first_byte_s for route in routes for target in route.targets}

    assert all(found == names[0] for found in names)
    assert all(found == prices[0] for found in prices)
    assert [price is None for price in prices[0]] == [not vendor.has_told for vendor in VENDORS]
    assert waits == {4.0}


def test_hedging_is_the_hedged_rules_alone(tallies: Mapping[str, Tally]) -> None:
    """And costs attempts."""
    hedged = {key for key, tally in tallies.items() if tally.hedged}

    assert hedged == {"hedged", "hedged-quick"}
    assert tallies["hedged"].attempts > tallies["order"].attempts


def test_who_learns_loses_fewer_calls_to_an_outage_than_a_fixed_chain(tallies: Mapping[str, Tally]) -> None:
    """Two vendors are silent at once for half an hour, and the deadline leaves no time for a third."""
    assert tallies["order"].outcomes["failed"] * 2 < tallies["chain"].outcomes["failed"]


def test_the_cheapest_first_costs_less_than_any_stranger(tallies: Mapping[str, Tally]) -> None:
    """By the true prices, the one included that the table does not say."""
    strangers = [tally.usd for key, tally in tallies.items() if RULES[key].stranger]

    assert tallies["cost"].usd < min(strangers) / 2


# ------------------------------------------------------------------ the page


def test_a_rule_that_does_not_exist_is_told() -> None:
    """With those that do, and before a day is played."""
    told = CliRunner().invoke(main, ["--rules", "order,cheapest"])

    assert told.exit_code == 2
    assert "no rule cheapest; there are order, hedged" in told.output


def test_the_page_has_the_vendors_of_the_world() -> None:
    """A figure that changes without `make simulate` fails here."""
    page = PAGE.read_text(encoding="utf-8")

    assert with_world(page) == page


def test_results_go_between_their_marks(tallies: Mapping[str, Tally]) -> None:
    """What is written around them stays."""
    page = "before\n<!-- results: written by bench/simulate -->\nold\n<!-- end of results -->\nafter\n"
    written = with_results(page, tallies)

    assert written.startswith("before\n")
    assert written.endswith("\nafter\n")
    assert "old" not in written
    assert table(tallies) in written
    assert with_results(written, tallies) == written


def test_a_page_without_marks_is_told() -> None:
    """Nothing is written over it."""
    with pytest.raises(ValueError, match="no place for its vendors"):
        with_world("a page")


def test_a_percentile_is_the_nearest_rank() -> None:
    """A value that was measured, never one between two."""
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.5) == 2.0
    assert percentile([1.0, 2.0, 3.0, 4.0], 0.99) == 4.0
