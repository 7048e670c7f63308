"""Which targets may serve a call, in which order, and why the others may not.

Pure: the clock is an argument, and so is chance. The same code decides for a live call and explains a hypothetical one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from router.config import CacheEntry, PolicyEntry
from router.routing.choosing import chosen
from router.routing.fit import Cannot, Fitted, fit, fit_to_translate
from router.routing.health import Health
from router.routing.history import History
from router.routing.in_turn import InTurn
from router.routing.plan import Plan, Target
from router.routing.policies import Costs, ordered
from router.routing.pricing import Cost, estimate
from router.vendors.spec import ListenAsk
from router.wire.audio import PCM
from router.wire.calls import Call, ListenCall, SpeechCall
from router.wire.errors import Unsupported

__all__ = ["Excluded", "Selection", "select", "survey"]


class Excluded(Struct, frozen=True):
    """A target that may not serve this call; `reason` completes "<target>: …"."""

    target: str
    reason: str


class Selection(Struct, frozen=True):
    """`able` is the chain to try, in order. `is_direct`: the client named `vendor/model` itself.

    `translators`: who translates what a target of the chain has only written down, in order. `cache`: how long what is
    spoken is kept, and for whom. `may_hedge`: as in `Chain`.
    """

    able: Sequence[Fitted]
    excluded: Sequence[Excluded]
    is_direct: bool
    translators: Sequence[Target] = ()
    cache: CacheEntry | None = None
    policy: PolicyEntry = PolicyEntry()
    resumes: bool = False
    may_hedge: bool = True


def select(plan: Plan, call: Call, history: History, now: float, draw: float, begun_at: str | None = None) -> Selection:
    """The chain for a call; `draw` is chance, from 0 to 1. Raises as `chosen` does, or `Unsupported` for nobody.

    `begun_at`: the target that has the job already, from another life: it comes first, or nobody may.
    """
    if begun_at is None and (as_written := _as_written(plan, call, history.health, now)):
        return as_written
    selection = survey(plan, call, history, now, draw)
    if not selection.able:
        raise Unsupported(_why_nobody(call, selection.excluded), code="no_able_target")
    return selection if begun_at is None else _with_first(selection, begun_at)


def _as_written(plan: Plan, call: Call, health: Health, now: float) -> Selection | None:
    """What `survey` gives of a chain that nothing puts in another order, made as far as it is needed.

    None for any other, and where nobody who is well is able. `excluded` grows with those who are found to be.
    """
    choice = chosen(plan, call)
    policy = choice.policy
    if policy.by != "order" or not (policy.max_cost is None is policy.max_latency) or call.kind == "translation":
        return None
    call = _as_pieces(call) if choice.resumes else call
    excluded: list[Excluded] = []
    rests = [(target, health.rests_until(target, now)) for target in choice.targets]  # as they are by now

    def each() -> Iterator[Fitted]:
        for target, until in rests:
            try:
                _check_presence(target, choice.targets)
                if until is None:
                    yield fit(call, target, plan)
                else:
                    excluded.append(_resting(target, until, health, now))
            except Cannot as reason:
                excluded.append(Excluded(target.name, str(reason)))

    try:
        able = InTurn(each())
    except StopIteration:
        return None
    return Selection(
        able,
        excluded,
        choice.is_direct,
        cache=choice.cache,
        policy=policy,
        resumes=choice.resumes,
        may_hedge=any(target.timing[call.kind].hedge_after_s is not None for target in choice.targets),
    )


def _with_first(selection: Selection, name: str) -> Selection:
    able = sorted(selection.able, key=lambda fitted: fitted.target.name != name)
    if able[0].target.name != name:
        raise Unsupported(f"It was begun at {name}, which may not serve it any more.", code="target_gone")
    return replace(selection, able=able)


def survey(plan: Plan, call: Call, history: History, now: float, draw: float) -> Selection:
    """The same, where nobody may be able. Raises as `chosen` does."""
    choice = chosen(plan, call)
    call = _as_pieces(call) if choice.resumes else call
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


def _as_pieces(call: Call) -> Call:
    """Pieces of whoever speaks them are joined as samples."""
    return replace(call, format=PCM) if isinstance(call, SpeechCall) and not call.turns else call


def _estimates() -> Costs:
    """Estimates, each made once: a text may be long."""
    known: dict[int, Cost | None] = {}

    def cost(fitted: Fitted) -> Cost | None:
        key = id(fitted.target)  # a chain may name one twice
        if key not in known:
            known[key] = estimate(fitted)
        return known[key]

    return cost


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
            _resting(fitted.target, until, health, now)
            for fitted, until in zip(able, rests, strict=True)
            if until is not None
        )
    return healthy


def _resting(target: Target, until: float, health: Health, now: float) -> Excluded:
    return Excluded(target.name, f"is resting for {until - now:.0f} s {health.why(target, now)}")


def _why_nobody(call: Call, excluded: Sequence[Excluded]) -> str:
    reasons = "; ".join(f"{one.target}: {one.reason}" for one in excluded)
    return f"No vendor of {call.model!r} can serve this {call.kind}. {reasons}."
