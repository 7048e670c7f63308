"""What would become of a call, target by target: the decision itself, told instead of carried out.

What lives here: values for people and programs to read. Pure; whatever is decided is decided in `select`.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from router.routing.fit import Fitted
from router.routing.history import History
from router.routing.plan import Plan
from router.routing.pricing import Basis, basis_of, estimate
from router.routing.select import Excluded, Selection, survey
from router.vendors.spec import SpeechAsk
from router.wire.calls import Call, CallKind, PolicyName

__all__ = ["ExplainedPolicy", "ExplainedTarget", "Explanation", "explain"]

MIDDLE = 0.5  # of chance: nothing is explored


class ExplainedTarget(Struct, frozen=True):
    """One that would be tried. `share`: of all such calls, how many begin here, under `weight`.

    `voice`, `format` and `requests` are what the vendor is asked for: its own voice, a format that may still be
    transcoded, in how many pieces. `dropped`: what it cannot honour. `translated_by`: who puts its transcript into
    English. `cost_usd` is None where nobody knows; `first_byte_s`: on average, of late; None: not known yet. `rests_s`:
    seconds that it still rests, where all do and are tried all the same.
    """

    target: str
    share: float | None
    voice: str | None
    format: str | None
    is_transcoded: bool
    requests: int
    dropped: Sequence[str]
    translated_by: str | None
    cost_usd: float | None
    cost_basis: Basis
    first_byte_s: float | None
    rests_s: float | None


class ExplainedPolicy(Struct, frozen=True):
    """How the order came about. `max_latency_s`: seconds, `max_cost`: US dollars."""

    by: PolicyName
    max_latency_s: float | None
    max_cost: float | None


class Explanation(Struct, frozen=True):
    """`targets` in the order in which they would be tried; `excluded`: all others, each with its reason.

    `cache_s`: how long the answer would be kept (None: not).
    """

    model: str
    kind: CallKind
    policy: ExplainedPolicy
    targets: Sequence[ExplainedTarget]
    excluded: Sequence[Excluded]
    cache_s: float | None


def explain(plan: Plan, call: Call, history: History, now: float) -> Explanation:
    """What `select` decides for a call at the moment. Under `weight` the largest share comes first.

    Raises `UnknownModel`, `Forbidden`, or `InvalidCall` for a mistake in a route of the client's own.
    """
    selection = survey(plan, call, history, now, MIDDLE)
    able, policy = selection.able, selection.policy
    if policy.by == "weight":
        able = sorted(able, key=lambda fitted: (fitted.is_to_translate, -fitted.target.weight))
    return Explanation(
        model=call.model,
        kind=call.kind,
        policy=ExplainedPolicy(policy.by, _seconds(policy.max_latency), policy.max_cost),
        targets=[_told(fitted, selection, history, now) for fitted in able],
        excluded=selection.excluded,
        cache_s=selection.cache.ttl if selection.cache and call.kind == "speech" else None,
    )


def _seconds(duration: float | None) -> float | None:
    """As JSON has them: the table's durations are a type of their own."""
    return None if duration is None else float(duration)


def _told(fitted: Fitted, selection: Selection, history: History, now: float) -> ExplainedTarget:
    cost, until = estimate(fitted), history.health.rests_until(fitted.target, now)
    weights = sum(one.target.weight for one in selection.able)
    return ExplainedTarget(
        target=fitted.target.name,
        share=round(fitted.target.weight / weights, 4) if selection.policy.by == "weight" else None,
        voice=fitted.ask.voice if isinstance(fitted.ask, SpeechAsk) else None,
        format=str(fitted.source) if fitted.source else None,
        is_transcoded=fitted.source != fitted.wanted,
        requests=len(fitted.pieces()),
        dropped=fitted.dropped,
        translated_by=selection.translators[0].name if fitted.is_to_translate else None,
        cost_usd=None if cost is None else cost.usd,
        cost_basis=basis_of(cost),
        first_byte_s=history.latency.expected(fitted),
        rests_s=None if until is None else until - now,
    )
