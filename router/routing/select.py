"""Which targets may serve a call, in which order, and why the others may not.

Pure: the clock is an argument, and so is chance. The same code decides for a live call and explains a hypothetical one.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from router.config import CacheEntry, Duration, PolicyEntry, TargetEntry
from router.routing.fit import Cannot, Fitted, fit, fit_to_translate
from router.routing.health import Health
from router.routing.history import History
from router.routing.plan import Plan, Target, why_no_model
from router.routing.policies import Costs, ordered
from router.routing.pricing import Cost, estimate
from router.vendors.spec import ListenAsk
from router.wire.audio import PCM
from router.wire.calls import AskedRoute, AskedTarget, Call, ListenCall, SpeechCall
from router.wire.errors import Forbidden, InvalidCall, UnknownModel, Unsupported

__all__ = ["Excluded", "Selection", "chosen", "is_length_needed", "select", "survey"]


LEAST_BYTES_PER_SECOND = 500
"""Of speech in any codec that vendors take: 4 kbit/s, a little less than AMR's lowest."""


class Excluded(Struct, frozen=True):
    """A target that may not serve this call; `reason` completes "<target>: …"."""

    target: str
    reason: str


class Selection(Struct, frozen=True):
    """`able` is the chain to try, in order. `is_direct`: the client named `vendor/model` itself.

    `translators`: who translates what a target of the chain has only written down, in order. `cache`: how long what is
    spoken is kept, and for whom.
    """

    able: Sequence[Fitted]
    excluded: Sequence[Excluded]
    is_direct: bool
    translators: Sequence[Target] = ()
    cache: CacheEntry | None = None
    policy: PolicyEntry = PolicyEntry()
    resumes: bool = False


class Choice(Struct, frozen=True):
    """The targets a call may go to, before anybody has asked whether they can: a route's, or the client's own."""

    targets: Sequence[Target]
    translators: Sequence[Target]
    policy: PolicyEntry
    is_direct: bool
    cache: CacheEntry | None = None
    resumes: bool = False


def chosen(plan: Plan, call: Call) -> Choice:
    """Raises `UnknownModel`, `Forbidden` or, for what is wrong with a chain of the client's own, `InvalidCall`."""
    asked = call.route
    if asked and not plan.table.server.client_routes:
        raise Forbidden(
            "Routes of a client's own are switched off here (server.client_routes); leave `route` out.",
            param="route",
            code="client_routes_off",
        )
    if asked and asked.targets:
        _check_repeats(asked.targets)
        targets = [_own_target(plan, one, index) for index, one in enumerate(asked.targets)]
        return Choice(targets, plan.translators, _policy(PolicyEntry(), asked), is_direct=True)
    if route := plan.routes.get(call.model):
        policy = _policy(route.policy, asked) if asked else route.policy
        return Choice(
            route.targets, route.translators, policy, is_direct=False, cache=route.cache, resumes=route.resumes
        )
    policy = _policy(PolicyEntry(), asked) if asked else PolicyEntry()
    return Choice((_direct(plan, call.model),), plan.translators, policy, is_direct=True)


def is_length_needed(plan: Plan, call: ListenCall) -> bool:
    """Whether a decision about this call depends on how long its audio is. Raises as `chosen` does.

    Not where a target takes longer audio than a file of that size can hold.
    """
    choice = chosen(plan, call)
    if choice.policy.by == "cost" or choice.policy.max_cost is not None:
        return True
    present = (target for target in choice.targets if not target.outlet.absent)
    abilities = (ability for target in present for ability in target.abilities.values())
    longest = (getattr(ability, "longest_s", None) for ability in abilities)
    return any(one is not None and call.audio.size > one * LEAST_BYTES_PER_SECOND for one in longest)


def select(plan: Plan, call: Call, history: History, now: float, draw: float, begun_at: str | None = None) -> Selection:
    """The chain for a call; `draw` is chance, from 0 to 1. Raises as `chosen` does, or `Unsupported` for nobody.

    `begun_at`: the target that has the job already, from another life: it comes first, or nobody may.
    """
    selection = survey(plan, call, history, now, draw)
    if not selection.able:
        raise Unsupported(_why_nobody(call, selection.excluded), code="no_able_target")
    return selection if begun_at is None else _with_first(selection, begun_at)


def _with_first(selection: Selection, name: str) -> Selection:
    able = sorted(selection.able, key=lambda fitted: fitted.target.name != name)
    if able[0].target.name != name:
        raise Unsupported(f"It was begun at {name}, which may not serve it any more.", code="target_gone")
    return replace(selection, able=able)


def survey(plan: Plan, call: Call, history: History, now: float, draw: float) -> Selection:
    """The same, where nobody may be able. Raises as `chosen` does."""
    choice = chosen(plan, call)
    if choice.resumes and isinstance(call, SpeechCall) and not call.turns:
        call = replace(call, format=PCM)  # pieces of whoever speaks them are joined as samples
    translators = _on_duty(choice.translators, history.health, now)
    costs = _estimates()
    able: list[Fitted] = []
    excluded: list[Excluded] = []
    for target in choice.targets:
        try:
            _check_presence(target, choice.targets)
            fitted = _fit(call, target, plan, translators)
            _check_cost(fitted, choice.policy.max_cost, costs)
            able.append(fitted)
        except Cannot as reason:
            excluded.append(Excluded(target.name, str(reason)))
    healthy = _by_health(able, excluded, history.health, now)
    order = healthy or sorted(able, key=lambda fitted: history.health.rests_until(fitted.target, now) or 0.0)
    if healthy:
        order = ordered(healthy, choice.policy, costs, history.latency, now, draw)
    order.sort(key=lambda fitted: fitted.is_to_translate)  # who translates by itself comes first
    return Selection(
        order, excluded, choice.is_direct, translators, choice.cache, choice.policy, resumes=choice.resumes
    )


def _estimates() -> Costs:
    """Estimates, each made once: a text may be long."""
    known: dict[int, Cost | None] = {}

    def cost(fitted: Fitted) -> Cost | None:
        key = id(fitted.target)  # a chain may name one twice
        if key not in known:
            known[key] = estimate(fitted)
        return known[key]

    return cost


def _policy(own: PolicyEntry, asked: AskedRoute) -> PolicyEntry:
    """The route's, and over it what the client wants; how much may be spent both decide."""
    return PolicyEntry(
        by=asked.policy or own.by,
        max_latency=own.max_latency if asked.max_latency_s is None else Duration(asked.max_latency_s),
        max_cost=min((one for one in (own.max_cost, asked.max_cost) if one is not None), default=None),
    )


def _fit(call: Call, target: Target, plan: Plan, translators: Sequence[Target]) -> Fitted:
    """The call as the target does it, or as far as it does it, where somebody is there to translate the rest."""
    only_writes_down = call.kind not in target.abilities and "transcription" in target.abilities
    if call.kind != "translation" or not isinstance(call, ListenCall) or not only_writes_down:
        return fit(call, target, plan)
    if not translators:
        raise Cannot("does not do translation, and no chat model that could is configured under translate_with")
    return fit_to_translate(call, target, plan)


def _check_cost(fitted: Fitted, most: float | None, costs: Costs) -> None:
    if most is None:
        return
    cost = costs(fitted)
    if cost is None:
        is_listened = isinstance(fitted.ask, ListenAsk) and fitted.operation.price and fitted.seconds is None
        why = "the file's length cannot be told, and so its cost" if is_listened else "costs nobody knows what"
        raise Cannot(f"{why}, and at most ${most:g} may be spent (max_cost)")
    if cost.usd > most:
        raise Cannot(f"costs about ${cost}, and at most ${most:g} may be spent (max_cost)")


def _on_duty(translators: Sequence[Target], health: Health, now: float) -> Sequence[Target]:
    """Those that are configured, the resting ones last."""
    present = [target for target in translators if not target.outlet.absent]
    return sorted(present, key=lambda target: health.rests_until(target, now) or 0.0)


# ------------------------------------------------------------------ what clients name themselves


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
    if not plan.table.server.direct:
        raise Forbidden(
            f"The model {model!r} is no route, and `vendor/model` is switched off here (server.direct). "
            "GET /v1/models lists the routes.",
            param="model",
            code="direct_off",
        )
    if why := why_no_model(outlet, own):
        raise UnknownModel(f"The model {model!r} does not exist here: {why}.", param="model", code="model_not_found")
    return plan.direct(outlet, own)


def _check_repeats(targets: Sequence[AskedTarget]) -> None:
    """Each target is asked once: how often the same one may be is the table's to say."""
    names = [one.target for one in targets]
    for index, name in enumerate(names):
        if name in names[:index]:
            param = f"route.targets[{index}]"
            raise InvalidCall(
                f"Invalid value for '{param}': {name!r} is there already.", param=param, code="invalid_value"
            )


def _own_target(plan: Plan, asked: AskedTarget, index: int) -> Target:
    vendor, slash, own = asked.target.partition("/")
    outlet = plan.outlets.get(vendor)
    param = f"route.targets[{index}]"
    if not (vendor and slash and own):
        raise InvalidCall(
            f"Invalid value for '{param}': {asked.target!r} is no target, such as openai/tts-1 (vendor/model).",
            param=param,
            code="invalid_value",
        )
    if outlet is None:
        known = ", ".join(plan.outlets)
        raise InvalidCall(
            f"Invalid value for '{param}': there is no vendor {vendor!r} here; there are {known}.",
            param=param,
            code="invalid_value",
        )
    if why := why_no_model(outlet, own):
        raise InvalidCall(f"Invalid value for '{param}': {why}.", param=param, code="invalid_value")
    entry = TargetEntry(target=asked.target, weight=asked.weight, voices=dict(asked.voices))
    return plan.direct(outlet, own, entry)


# ------------------------------------------------------------------ who is left out


def _check_presence(target: Target, targets: Sequence[Target]) -> None:
    if target.outlet.absent:
        raise Cannot(target.outlet.absent)
    if target.last_resort and any(not other.last_resort and not other.outlet.absent for other in targets):
        raise Cannot("is the last resort, and a vendor of this route is configured")


def _by_health(able: Sequence[Fitted], excluded: list[Excluded], health: Health, now: float) -> list[Fitted]:
    """The healthy ones; nobody where all are resting, who are then tried all the same."""
    rests = [health.rests_until(fitted.target, now) for fitted in able]
    healthy = [fitted for fitted, until in zip(able, rests, strict=True) if until is None]
    if healthy:
        excluded.extend(
            Excluded(fitted.target.name, f"is resting for {until - now:.0f} s {health.why(fitted.target, now)}")
            for fitted, until in zip(able, rests, strict=True)
            if until is not None
        )
    return healthy


def _why_nobody(call: Call, excluded: Sequence[Excluded]) -> str:
    reasons = "; ".join(f"{one.target}: {one.reason}" for one in excluded)
    return f"No vendor of {call.model!r} can serve this {call.kind}. {reasons}."
