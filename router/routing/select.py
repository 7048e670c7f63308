"""Which targets may serve a call, in which order, and why the others may not. Pure; the clock is an argument."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from router.routing.fit import Cannot, Fitted, fit
from router.routing.health import Health
from router.routing.plan import Plan, Target, target_at, why_no_model
from router.wire.calls import Call
from router.wire.errors import UnknownModel, Unsupported

__all__ = ["Excluded", "Selection", "select"]


class Excluded(Struct, frozen=True):
    """A target that may not serve this call; `reason` completes "<target>: …"."""

    target: str
    reason: str


class Selection(Struct, frozen=True):
    """`able` is the chain to try, in order. `is_direct`: the client named `vendor/model` itself."""

    able: Sequence[Fitted]
    excluded: Sequence[Excluded]
    is_direct: bool


def select(plan: Plan, call: Call, health: Health, now: float) -> Selection:
    """The chain for a call. Raises `UnknownModel`, or `Unsupported` when no target is able."""
    route = plan.routes.get(call.model)
    targets = route.targets if route else (_direct(plan, call.model),)
    able: list[Fitted] = []
    excluded: list[Excluded] = []
    for target in targets:
        try:
            _check_presence(target, targets)
            able.append(fit(call, target, plan))
        except Cannot as reason:
            excluded.append(Excluded(target.name, str(reason)))
    if not able:
        raise Unsupported(_why_nobody(call, excluded), code="no_able_target")
    return Selection(_by_health(able, excluded, health, now), excluded, is_direct=route is None)


def _direct(plan: Plan, model: str) -> Target:
    vendor, slash, own = model.partition("/")
    outlet = plan.outlets.get(vendor)
    if not (slash and own and outlet):
        raise UnknownModel(
            f"The model {model!r} does not exist here: it is neither a route nor `vendor/model` of a vendor in the "
            "table. GET /v1/models lists the routes.",
            param="model",
            code="model_not_found",
        )
    if why := why_no_model(outlet, own):
        raise UnknownModel(f"The model {model!r} does not exist here: {why}.", param="model", code="model_not_found")
    return target_at(outlet, own, plan.table)


def _check_presence(target: Target, targets: Sequence[Target]) -> None:
    if target.outlet.absent:
        raise Cannot(target.outlet.absent)
    if target.last_resort and any(not other.last_resort and not other.outlet.absent for other in targets):
        raise Cannot("is the last resort, and a vendor of this route is configured")


def _by_health(able: list[Fitted], excluded: list[Excluded], health: Health, now: float) -> list[Fitted]:
    """The healthy ones; when all are resting, all of them, the one back soonest first: never nobody."""
    rests = [health.rests_until(fitted.target, now) for fitted in able]
    healthy = [fitted for fitted, until in zip(able, rests, strict=True) if until is None]
    if not healthy:
        order = sorted(range(len(able)), key=lambda index: rests[index] or 0.0)
        return [able[index] for index in order]
    excluded.extend(
        Excluded(fitted.target.name, f"is resting for {until - now:.0f} s after failures")
        for fitted, until in zip(able, rests, strict=True)
        if until is not None
    )
    return healthy


def _why_nobody(call: Call, excluded: Sequence[Excluded]) -> str:
    reasons = "; ".join(f"{one.target}: {one.reason}" for one in excluded)
    return f"No vendor of {call.model!r} can serve this {call.kind}. {reasons}."
