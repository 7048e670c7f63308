"""In which order able targets are tried: as written, by cost, by latency, by chance.

Pure: the clock is an argument, and so is chance, one number `draw` from 0 to 1 (1 itself excluded) a call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from router.config import PolicyEntry
from router.routing.fit import Fitted
from router.routing.latency import Latency
from router.routing.pricing import Cost

__all__ = ["ordered"]

EXPLORE = 0.03
"""The share of calls that first try a target of which there was no news for `STALE_S`: in turn the one that is quick as
a rule, and the one that was asked the longest time ago. A vendor that was slow is found again in minutes."""
STALE_S = 10.0

Costs = Callable[[Fitted], Cost | None]
Order = Callable[[Sequence[Fitted], Costs, Latency, float], list[Fitted]]


def ordered(
    able: Sequence[Fitted], policy: PolicyEntry, costs: Costs, latency: Latency, now: float, draw: float
) -> list[Fitted]:
    """The same targets in the policy's order; those that are slower than it allows come after all others.

    Where time matters, now and then one goes first of which there has been no news: it may be quick again.
    """
    order = ORDERS[policy.by](able, costs, latency, draw)
    doubtful = order[1:] if policy.by == "latency" else []
    if (limit := policy.max_latency) is not None:
        slow = [fitted for fitted in order if (latency.expected(fitted) or 0.0) > limit]
        order.sort(key=lambda fitted: (latency.expected(fitted) or 0.0) > limit)
        doubtful = doubtful or slow
    stale = [fitted for fitted in doubtful if now - latency.asked_at(fitted) >= STALE_S]
    if stale and draw < EXPLORE:
        explored = min(stale, key=latency.usual if draw < EXPLORE / 2 else latency.asked_at)
        order.remove(explored)
        order.insert(0, explored)
    return order


def _as_written(able: Sequence[Fitted], _costs: Costs, _latency: Latency, _draw: float) -> list[Fitted]:
    return list(able)


def _by_cost(able: Sequence[Fitted], costs: Costs, _latency: Latency, _draw: float) -> list[Fitted]:
    """The cheapest first; whose cost nobody knows after all others."""

    def key(fitted: Fitted) -> tuple[bool, float]:
        cost = costs(fitted)
        return cost is None, 0.0 if cost is None else cost.usd

    return sorted(able, key=key)


def _by_latency(able: Sequence[Fitted], _costs: Costs, latency: Latency, _draw: float) -> list[Fitted]:
    """The quickest first, where an unknown one is the quickest until it is known."""
    return sorted(able, key=lambda fitted: latency.expected(fitted) or 0.0)


def _by_weight(able: Sequence[Fitted], _costs: Costs, _latency: Latency, draw: float) -> list[Fitted]:
    """Each in turn by chance, in proportion to its weight among those left; what is left of the draw is as random."""
    left, order = list(able), []
    weights = [fitted.target.weight for fitted in left]
    while left:
        mark, below = draw * sum(weights), 0.0
        index = 0
        while index < len(left) - 1 and mark >= below + weights[index]:
            below += weights[index]
            index += 1
        draw = min(max((mark - below) / weights.pop(index), 0.0), 1.0)
        order.append(left.pop(index))
    return order


ORDERS: Mapping[str, Order] = {
    "order": _as_written,
    "cost": _by_cost,
    "latency": _by_latency,
    "weight": _by_weight,
}
