"""Who is asked, in which order: the router's policies, and what else is done about it.

What lives here: for each rule the chain of a call. The router's are its own `select`; the others, which know nothing of
the past, are as short as they are usually written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from router.routing.fit import Fitted, fit
from router.routing.history import History
from router.routing.plan import Plan, Target
from router.routing.select import select
from router.wire.calls import SpeechCall

__all__ = ["RULES", "STRANGERS", "Decide", "Rule", "decider"]

Stranger = Callable[[Sequence[Target], float], Sequence[Target]]
Decide = Callable[[SpeechCall, History, float, float], Sequence[Fitted]]
"""A call, what is known of the past, now, chance from 0 to 1 -> the chain to try."""


class Rule(Struct, frozen=True):
    """`name`: as the results call it. `route`: whose targets and times it goes by. `stranger`: not the router's own."""

    name: str
    route: str
    stranger: Stranger | None = None


# ------------------------------------------------------------------ what else is done


def fixed_chain(targets: Sequence[Target], _draw: float) -> Sequence[Target]:
    """As written; the next one after a failure."""
    return targets


def at_random(targets: Sequence[Target], draw: float) -> Sequence[Target]:
    """Any, and after a failure any of the others."""
    left, order = list(targets), []
    while left:
        index, draw = divmod(draw * len(left), 1)
        order.append(left.pop(int(index)))
    return order


def one_at_random(targets: Sequence[Target], draw: float) -> Sequence[Target]:
    """Any, and nobody else."""
    return at_random(targets, draw)[:1]


def lowest_token_price(targets: Sequence[Target], _draw: float) -> Sequence[Target]:
    """The lowest price per token first; where none is stated it is 0, and such targets stay as written."""

    def per_token(target: Target) -> float:
        price = target.abilities["speech"].price
        stated = price.stated if price else {}
        return stated.get("per_1m_input_tokens", 0.0) + stated.get("per_1m_output_tokens", 0.0)

    return sorted(targets, key=per_token)


STRANGERS: Mapping[str, Rule] = {
    "chain": Rule("fixed chain", "order", fixed_chain),
    "random": Rule("random choice", "order", at_random),
    "random-once": Rule("random choice, no fallback", "order", one_at_random),
    "token-price": Rule("lowest token price", "order", lowest_token_price),
}
RULES: Mapping[str, Rule] = {
    "order": Rule("`order`", "order"),
    "hedged": Rule("`order`, `hedge_after: 1s`", "hedged"),
    "hedged-quick": Rule("`{by: order, max_latency: 1500ms}`, `hedge_after: 1s`", "hedged-quick"),
    "cost": Rule("`cost`", "cost"),
    "cost-quick": Rule("`{by: cost, max_latency: 1500ms}`", "cost-quick"),
    "latency": Rule("`latency`", "latency"),
    "weight": Rule("`weight`", "weight"),
    **STRANGERS,
}


def decider(rule: Rule, plan: Plan) -> Decide:
    """How the rule decides about a call."""
    stranger = rule.stranger
    if stranger is None:
        return lambda call, history, now, draw: select(plan, call, history, now, draw).able
    targets = plan.routes[rule.route].targets
    return lambda call, _history, _now, draw: [fit(call, target, plan) for target in stranger(targets, draw)]
