"""What one decision takes, measured on this machine's clock: with ten routes, and with as many as are asked for.

What lives here: tables of many routes, a past of all their targets, rounds of decisions and how long they take.
"""

from __future__ import annotations

from itertools import cycle
from random import Random
from statistics import median
from time import perf_counter

from msgspec import Struct
from msgspec.structs import replace

from bench.simulate.engine import WORDS
from bench.simulate.traffic import MEDIAN_CHARACTERS
from bench.simulate.world import POLICIES, compiled, table_of
from router.routing.fit import fit
from router.routing.history import History
from router.routing.plan import Plan
from router.routing.select import select
from router.wire.audio import MP3
from router.wire.calls import SpeechCall

__all__ = ["FEW", "Timed", "timed"]

FEW = 10
ROUNDS, A_ROUND = 300, 100
A_TABLE = 1_000


class Timed(Struct, frozen=True):
    """Microseconds a decision, as the median of rounds: `few_us` with `FEW` routes, `many_us` with all of them.

    `hot_us`: with all of them in the table and `FEW` of them called: more work without more memory being touched.
    """

    few_us: float
    many_us: float
    hot_us: float


def timed(routes: int, seed: int) -> Timed:
    """Decisions about calls to routes drawn at random; round by round in turn, so that a busy machine slows both."""
    few, many = _Traffic(FEW), _Traffic(routes)
    chance = Random(f"{seed} routes")
    rounds = [(few.round_us(chance), many.round_us(chance), many.round_us(chance, FEW)) for _ in range(ROUNDS)]
    return Timed(*(median(column) for column in zip(*rounds, strict=True)))


class _Traffic:
    """A table whose routes have the simulation's policies in turn and models of their own, all of which have a past."""

    def __init__(self, routes: int) -> None:
        names = [f"route-{number}" for number in range(routes)]
        self._plan = _plan_of(names)
        self._calls = [
            SpeechCall(model=name, text=WORDS[:MEDIAN_CHARACTERS], voice="alloy", format=MP3) for name in names
        ]
        self._history = _past(self._plan, self._calls)

    def round_us(self, chance: Random, among: int | None = None) -> float:
        calls = self._calls[:among]
        drawn = [(chance.choice(calls), chance.random()) for _ in range(A_ROUND)]
        began = perf_counter()
        for call, draw in drawn:
            select(self._plan, call, self._history, 1.0, draw)
        return (perf_counter() - began) / A_ROUND * 1e6


def _plan_of(names: list[str]) -> Plan:
    """Routes by those names, compiled by the thousand: a single table may not hold as many values."""
    policies = dict(zip(names, cycle(POLICIES.values()), strict=False))
    models = {name: f"tts-{name}" for name in names}
    parts = [names[first : first + A_TABLE] for first in range(0, len(names), A_TABLE)]
    plans = [compiled(table_of({name: policies[name] for name in part}, models)) for part in parts]
    return replace(plans[0], routes={name: route for plan in plans for name, route in plan.routes.items()})


def _past(plan: Plan, calls: list[SpeechCall]) -> History:
    history = History()
    for call in calls:
        for target in plan.routes[call.model].targets:
            fitted = fit(call, target, plan)
            history.began(fitted, 0.0)
            history.spoke(fitted, 0.0, 0.5)
    return history
