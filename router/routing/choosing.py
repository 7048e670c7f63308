"""The targets a call is about, before anybody asks whether they can: a route's, or those that the client names itself.

Pure. What lives here: names of calls, and what is wrong with them. Who of the targets may serve a call: `select`.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from router.config import CacheEntry, Duration, PolicyEntry, TargetEntry
from router.routing.plan import Plan, Target, why_no_model
from router.wire.calls import AskedRoute, AskedTarget, Call, ListenCall
from router.wire.errors import Forbidden, InvalidCall, UnknownModel

__all__ = ["Choice", "chosen", "is_length_needed"]

LEAST_BYTES_PER_SECOND = 500
"""Of speech in any codec that vendors take: 4 kbit/s, a little less than AMR's lowest."""


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


def _policy(own: PolicyEntry, asked: AskedRoute) -> PolicyEntry:
    """The route's, and over it what the client wants; how much may be spent both decide."""
    return PolicyEntry(
        by=asked.policy or own.by,
        max_latency=own.max_latency if asked.max_latency_s is None else Duration(asked.max_latency_s),
        max_cost=min((one for one in (own.max_cost, asked.max_cost) if one is not None), default=None),
    )


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
