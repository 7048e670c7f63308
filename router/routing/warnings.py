"""What a valid table says in vain: what can never work, what soon will not, what works otherwise than it reads.

What lives here: places and sentences, by kind of mistake; what might be meant is not warned of. Pure: today is an
argument. A warning does not depend on what is configured, but for those of credentials and of ends.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain, combinations

from msgspec import Struct
from msgspec.structs import replace

from router.config import Problem, Source, TargetEntry
from router.media.paths import can_transcode
from router.routing.fit import Cannot, Fitted, voice_at
from router.routing.plan import KINDS, Plan, Route, Target, price_of_entry, serving
from router.routing.pricing import Bill, estimate, settle
from router.vendors.prices import Price, price_of
from router.vendors.spec import ListenAsk, Speech, SpeechAsk, Unit
from router.wire.audio import SPEECH_FORMATS
from router.wire.calls import CallKind
from router.wire.upload import Upload

__all__ = ["warnings_of"]

SOON = timedelta(days=90)
OF_TEXT = frozenset({Unit.CHARACTER, Unit.BYTE})  # a vendor that reports them does so of what it speaks

Place = tuple[str | int, ...]
Finding = tuple[Place, str]


class _Step(Struct, frozen=True):
    """A target of a chain, what is written of it, and where."""

    place: Place
    entry: TargetEntry
    target: Target
    route: Route

    @property
    def kinds(self) -> Sequence[CallKind]:
        """What can be asked of it there; a translator makes a translation of any transcription."""
        own = self.target.abilities
        is_translated = "transcription" in own and bool(self.route.translators)
        return [kind for kind in KINDS if kind in own or (kind == "translation" and is_translated)]

    def is_beside(self, other: _Step) -> bool:
        """Whether both may serve one call: a last resort never does beside those that are none."""
        return self.target.last_resort == other.target.last_resort and bool({*self.kinds} & {*other.kinds})


def warnings_of(plan: Plan, source: Source, today: date) -> Sequence[Problem]:
    """What to look at in a table that can be used, in the order of its lines; what an alias repeats is told once."""
    chains = {route.name: _steps(plan, route) for route in plan.routes.values()}
    steps = [*chain.from_iterable(chains.values())]
    findings = chain(
        _personas(plan, steps),
        *(_of_route(route, chains[route.name], source) for route in plan.routes.values()),
        _prices(steps),
        _times(plan, steps),
        _deadlines(plan, chains),
        _switches(plan, steps),
        *(_shutdown(step, today) for step in steps),
        _credentials(plan),
    )
    told: dict[tuple[int, Place, str], Problem] = {}
    for place, message in findings:
        problem = source.problem(place, message)
        told.setdefault((problem.line, place[2:] or place, message), problem)
    return sorted(told.values(), key=lambda problem: (problem.line, problem.path))


def _steps(plan: Plan, route: Route) -> Sequence[_Step]:
    written = plan.table.routes[route.name].targets
    entries = [TargetEntry(target=one) if isinstance(one, str) else one for one in written]
    return [
        _Step(("routes", route.name, "targets", index), entry, target, route)
        for index, (entry, target) in enumerate(zip(entries, route.targets, strict=True))
    ]


def _personas(plan: Plan, steps: Sequence[_Step]) -> Iterator[Finding]:
    """Personas that some target has no voice for; a last resort is not expected to."""
    asked = [step.target for step in steps if not step.target.last_resort]
    for persona in plan.table.voices:
        mute = dict.fromkeys(target.name for target in asked if _is_mute(target, persona, plan))
        if mute:
            yield ("voices", persona), f"has no voice at {', '.join(mute)}: skipped by calls that ask for it"


def _is_mute(target: Target, voice: str, plan: Plan) -> bool:
    speech = target.abilities.get("speech")
    try:
        return isinstance(speech, Speech) and not voice_at(target, speech, voice, plan)
    except Cannot:
        return True


def _of_route(route: Route, steps: Sequence[_Step], source: Source) -> Iterator[Finding]:
    yield from _policy(route, steps, source)
    yield from _fallbacks(steps)
    speech = [ability for step in steps if isinstance(ability := step.target.abilities.get("speech"), Speech)]
    natives = {native for one in speech for native in one.formats}
    missing = [
        name for name, one in SPEECH_FORMATS.items() if not any(can_transcode(native, one) for native in natives)
    ]
    if speech and missing:
        yield ("routes", route.name, "targets"), f"no target can give {', '.join(missing)}: such calls get a 400"
    if route.cache and not speech:
        yield ("routes", route.name, "cache"), "only speech is kept, and no target of the route speaks"


def _prices(steps: Sequence[_Step]) -> Iterator[Finding]:
    """Prices of the table by which no call of their target can be billed."""
    for step in steps:
        if step.entry.price is None or _is_countable(step.target, price_of_entry(step.entry.price)):
            continue
        figures, place = step.entry.price.figures, (*step.place, "price")
        if not figures:
            yield (*place, "credit"), f"{step.target.outlet.name} reports no credits: expected another figure as well"
        for word in figures:
            if word == "per_step":
                yield (*place, word), "nobody says how many steps a call takes: expected steps under options"
            elif not _is_countable(step.target, price_of({word: 1.0})):
                yield (*place, word), f"cannot be counted of {' or '.join(step.target.abilities)}: calls have no cost"


def _is_countable(target: Target, price: Price) -> bool:
    """Whether a call of some kind can be billed by that price, by all that an answer may report."""
    for fitted in _made_up(target, price):
        is_of_text = isinstance(fitted.ask, SpeechAsk)
        reported = {unit: 1.0 for unit in target.outlet.facts.billed if is_of_text or unit not in OF_TEXT}
        if settle(Bill(fitted, reported, seconds=1.0)) is not None:
            return True
    return False


def _made_up(target: Target, price: Price | None = None) -> Iterator[Fitted]:
    """A short call of each kind, at the price of the target or at another."""
    spoken = SpeechAsk(model=target.model, text="x", voice="x", format=None)
    heard = ListenAsk(model=target.model, audio=Upload("x", "", b"x"))
    for operation in target.abilities.values():
        priced = operation if price is None else replace(operation, price=price)
        ask = spoken if isinstance(operation, Speech) else heard
        yield Fitted(target, priced, ask, target.options, (), seconds=1.0)


def _policy(route: Route, steps: Sequence[_Step], source: Source) -> Iterator[Finding]:
    policy, place = route.policy, ("routes", route.name, "policy")
    has_rivals = any(one.is_beside(other) for one, other in combinations(steps, 2))
    if not has_rivals and (policy.by != "order" or policy.max_latency is not None):
        word = "max_latency" if policy.by == "order" else policy.by
        yield place, f"{word} has nothing to order: no two targets of the route serve the same calls"
    for step in steps:
        if policy.by != "weight" and (*step.place, "weight") in source.lines:
            yield (*step.place, "weight"), f"counts under policy weight alone, and here it is {policy.by}"
        if policy.max_cost is not None:
            yield from _unpriced(step, "is left out by max_cost")
        elif policy.by == "cost" and has_rivals:
            yield from _unpriced(step, "comes last under policy cost")


def _unpriced(step: _Step, consequence: str) -> Iterator[Finding]:
    """Whose cost is not known before the call; a price that bills nothing has its own warning."""
    target = step.target
    prices = [ability.price for ability in target.abilities.values() if ability.price]
    if not prices:
        yield step.place, f"{target.name} has no price and {consequence}; what is free says price: {{per_request: 0}}"
    elif _is_countable(target, prices[0]) and all(estimate(fitted) is None for fitted in _made_up(target)):
        yield step.place, f"what {target.name} costs is only known afterwards, and it {consequence}"


def _fallbacks(steps: Sequence[_Step]) -> Iterator[Finding]:
    """Targets that can never take over."""
    first = steps[0]
    regular = [step.target for step in steps if not step.target.last_resort]
    present = [one for one in regular if not (one.outlet.absent or one.outlet.settings or one.outlet.facts.requires)]
    for index, step in enumerate(steps):
        if not {*step.kinds} & {*first.kinds}:
            own, others = " and ".join(step.kinds), " and ".join(first.kinds)
            yield step.place, f"{step.target.name} does {own}, the first target {others}: it can never stand in for it"
        same = next((place for place, one in enumerate(steps[:index]) if one.target == step.target), None)
        if same is not None:
            yield step.place, f"the same as targets[{same}]: it fails as that does; for further tries there is retries"
        if step.target.last_resort and present:
            yield (*step.place, "last_resort"), f"never considered: {present[0].name} needs no key; expected always"


def _times(plan: Plan, steps: Sequence[_Step]) -> Iterator[Finding]:
    """Times that are written and never come, wherever they hold: a default may be meant for a few."""
    reasons: dict[Place, list[str | None]] = {}
    for step in steps:
        for kind in step.target.abilities:
            if place := _said_at("first_byte_timeout", step, kind, plan):
                time = step.target.timing[kind]
                reason = _over("timeout", time.timeout_s) if time.timeout_s < time.first_byte_s else None
                reasons.setdefault(place, []).append(reason)
            if place := _said_at("hedge_after", step, kind, plan):
                reasons.setdefault(place, []).append(_why_no_hedge(step, kind, steps))
    yield from ((place, told[0]) for place, told in reasons.items() if all(told) and told[0])


def _why_no_hedge(step: _Step, kind: CallKind, steps: Sequence[_Step]) -> str | None:
    if not any(_may_follow(step, other, kind) for other in steps if other.route is step.route):
        return "there is no next target to start"
    timing = step.target.timing[kind]
    ends = {"first_byte_timeout": timing.first_byte_s, "timeout": timing.timeout_s, "deadline": timing.deadline_s}
    after_s = timing.hedge_after_s or 0.0
    return next((_over(name, end_s) for name, end_s in ends.items() if end_s is not None and end_s <= after_s), None)


def _over(name: str, seconds: float) -> str:
    return f"never comes: the attempt is over after {seconds:g} s ({name})"


def _may_follow(step: _Step, other: _Step, kind: CallKind) -> bool:
    """Whether a call may find the other one after this one; who translates by itself is asked before who does not."""
    if other is step or kind not in other.kinds or not step.is_beside(other):
        return False
    is_earlier = kind in step.target.abilities and kind not in other.target.abilities
    return step.route.policy.by != "order" or other.place > step.place or is_earlier


def _said_at(name: str, step: _Step, kind: CallKind, plan: Plan) -> Place | None:
    """Where the time stands that holds for a target; None: it is built in."""
    defaults = plan.table.defaults
    of_kind: Struct | None = getattr(defaults, kind)
    layers = ((step.place, step.entry), (("defaults", kind), of_kind), (("defaults",), defaults))
    return next(((*place, name) for place, layer in layers if getattr(layer, name, None) is not None), None)


def _deadlines(plan: Plan, chains: Mapping[str, Sequence[_Step]]) -> Iterator[Finding]:
    """Deadlines that end a call while its first target is still waited for."""
    waits: dict[Place, dict[CallKind, float]] = {}
    for name, steps in chains.items():
        for kind in KINDS:
            able = [step for step in steps if kind in step.target.abilities and not step.target.last_resort]
            firsts = able[:1] if plan.routes[name].policy.by == "order" else able
            times = [step.target.timing[kind] for step in firsts]
            bounds = ((time.first_byte_s, time.timeout_s, time.hedge_after_s) for time in times)
            wait_s = min((bound for some in bounds for bound in some if bound is not None), default=0.0)
            place = _said_at("deadline", firsts[0], kind, plan) if len(able) > 1 else None
            if place and wait_s >= (times[0].deadline_s or 0.0):
                waits.setdefault(place, {}).setdefault(kind, wait_s)
    for place, by_kind in waits.items():
        given_up = ", ".join(f"{kind} {wait_s:g} s" for kind, wait_s in by_kind.items())
        yield place, f"over before a silent target is given up ({given_up}): then no other one is tried"


def _switches(plan: Plan, steps: Sequence[_Step]) -> Iterator[Finding]:
    defaults, server = plan.table.defaults, plan.table.server
    is_hedged = any(timing.hedge_after_s is not None for step in steps for timing in step.target.timing.values())
    asked = [word for word, is_said in (("retries", defaults.retries), ("hedge_after", is_hedged)) if is_said]
    if defaults.retry_budget == 0 and asked:
        yield ("defaults", "retry_budget"), f"a share of 0 switches off {' and '.join(asked)}"
    if server.client_routes and not server.direct:
        yield ("server", "direct"), "a call's own chain may still name vendor/model: expected client_routes: false too"


def _credentials(plan: Plan) -> Iterator[Finding]:
    """Routes that nobody can answer, and those whose end is missing: told by vendor, as that is what to mend."""
    nobody = [name for name, route in plan.routes.items() if not serving(route.targets)]
    if len(nobody) == len(plan.routes):
        yield ("vendors",), "no vendor of any route is configured, all calls get a 400"
        return
    yield from ((("routes", name), "no vendor of it is configured, calls get a 400") for name in nobody)
    cut: dict[str, list[str]] = {}
    for name, route in plan.routes.items():
        last = route.targets[-1]
        if name not in nobody and last.outlet.absent and not last.last_resort:
            cut.setdefault(last.outlet.name, []).append(name)
    for vendor, names in cut.items():
        yield ("vendors", vendor), f"{plan.outlets[vendor].absent}: the last target of {', '.join(names)} is left out"


def _shutdown(step: _Step, today: date) -> Iterator[Finding]:
    """A model that its vendor ends, and whether anybody is left for what it does."""
    target, route = step.target, step.route
    ends = {kind: ability.shutdown for kind, ability in target.abilities.items() if ability.shutdown}
    last = min(ends.values(), default=None)
    if last is None or (left := date.fromisoformat(last) - today) > SOON:
        return
    answering = serving(route.targets)
    others = [one for one in (answering if target in answering else route.targets) if one is not target]
    alone = [kind for kind, end in ends.items() if end == last and not _outlives(others, kind, last, route)]
    when = f"ended on {last}" if left.days < 0 else f"ends on {last} (in {left.days} day{'s' * (left.days != 1)})"
    then = f", and nobody configured is left for {' and '.join(alone)}" if alone else ""
    yield step.place, f"{target.name} {when}{then}"


def _outlives(targets: Sequence[Target], kind: CallKind, end: str, route: Route) -> bool:
    """Whether one of the targets does the same for longer, or writes down what a translator then translates."""
    kinds: list[CallKind] = [kind, "transcription"] if kind == "translation" and route.translators else [kind]
    abilities = (target.abilities.get(one) for target in targets for one in kinds)
    return any(ability.shutdown is None or ability.shutdown > end for ability in abilities if ability)
