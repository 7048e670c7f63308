"""Which targets may serve a call, in which order, and why the others may not. Pure; the clock is an argument."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from router.routing.fit import Cannot, Fitted, fit, fit_to_translate
from router.routing.health import Health
from router.routing.plan import Plan, Target, target_at, why_no_model
from router.wire.calls import Call, ListenCall
from router.wire.errors import UnknownModel, Unsupported

__all__ = ["Excluded", "Selection", "select"]


class Excluded(Struct, frozen=True):
    """A target that may not serve this call; `reason` completes "<target>: …"."""

    target: str
    reason: str


class Selection(Struct, frozen=True):
    """`able` is the chain to try, in order. `is_direct`: the client named `vendor/model` itself.

    `translators`: who translates what a target of the chain has only written down, in order.
    """

    able: Sequence[Fitted]
    excluded: Sequence[Excluded]
    is_direct: bool
    translators: Sequence[Target] = ()


def select(plan: Plan, call: Call, health: Health, now: float) -> Selection:
    """The chain for a call. Raises `UnknownModel`, or `Unsupported` when no target is able."""
    route = plan.routes.get(call.model)
    targets = route.targets if route else (_direct(plan, call.model),)
    translators = _on_duty(route.translators if route else plan.translators, health, now)
    able: list[Fitted] = []
    excluded: list[Excluded] = []
    for target in targets:
        try:
            _check_presence(target, targets)
            able.append(_fit(call, target, plan, translators))
        except Cannot as reason:
            excluded.append(Excluded(target.name, str(reason)))
    if not able:
        raise Unsupported(_why_nobody(call, excluded), code="no_able_target")
    able.sort(key=lambda fitted: fitted.is_to_translate)  # who translates by itself comes first
    return Selection(_by_health(able, excluded, health, now), excluded, route is None, translators)


def _fit(call: Call, target: Target, plan: Plan, translators: Sequence[Target]) -> Fitted:
    """The call as the target does it, or as far as it does it, where somebody is there to translate the rest."""
    only_writes_down = call.kind not in target.abilities and "transcription" in target.abilities
    if call.kind != "translation" or not isinstance(call, ListenCall) or not only_writes_down:
        return fit(call, target, plan)
    if not translators:
        raise Cannot("does not do translation, and no chat model that could is configured under translate_with")
    return fit_to_translate(call, target, plan)


def _on_duty(translators: Sequence[Target], health: Health, now: float) -> Sequence[Target]:
    """Those that are configured, the resting ones last."""
    present = [target for target in translators if not target.outlet.absent]
    return sorted(present, key=lambda target: health.rests_until(target, now) or 0.0)


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
