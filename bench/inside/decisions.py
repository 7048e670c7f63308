"""What one decision takes: by how many routes the table has, and by how many targets the route.

What lives here: figures of `router.routing.select`, of which `bench.simulate` decides about routes by the thousand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from time import process_time

from bench.simulate.decisions import timed
from router.config import parse
from router.routing.compiling import compile_plan
from router.routing.history import History
from router.routing.plan import Plan
from router.routing.select import select
from router.vendors import find_vendor, vendor_names
from router.wire.audio import MP3
from router.wire.calls import SpeechCall

__all__ = ["CALL", "POLICIES", "by_routes", "by_targets", "plan_of"]

POLICIES = ("order", "cost", "latency", "weight")
CALL = SpeechCall(model="m", text="Nobody who waits for a voice cares whose it is.", voice="alloy", format=MP3)
A_ROUND = 200


def by_routes(counts: Sequence[int], seed: int = 1) -> Mapping[int, float]:
    """Microseconds a decision, with so many routes in the table of which ten are called; five targets each."""
    return {count: timed(count, seed).hot_us for count in counts}


def by_targets(counts: Sequence[int], rounds: int) -> Mapping[int, Mapping[str, float]]:
    """Microseconds of the processor a decision, with so many targets on the route, by policy: the least of rounds."""
    plans = {(count, policy): plan_of(count, policy) for count in counts for policy in POLICIES}
    least = {key: min(_us(plan, at) for at in range(rounds)) for key, plan in plans.items()}
    return {count: {policy: least[count, policy] for policy in POLICIES} for count in counts}


def plan_of(targets: int, policy: str) -> Plan:
    """One route `m` with so many targets at vendors of their own, each with a price."""
    vendors = [f'  v{at}: {{like: openai, base_url: "http://v{at}.invalid/v1"}}' for at in range(targets)]
    chain = [
        f"      - {{target: v{at}/tts, price: {{per_1m_characters: {targets - at}}}, weight: {1 + at % 3}}}"
        for at in range(targets)
    ]
    table = "\n".join(["vendors:", *vendors, "routes:", "  m:", f"    policy: {policy}", "    targets:", *chain])
    return compile_plan(parse(table, "bench.yaml", {}), find_vendor, vendor_names(), is_installed=lambda _name: True)


def _us(plan: Plan, seed: int) -> float:
    history = History()
    draws = [(seed * 31 + at * 17) % 97 / 97 for at in range(A_ROUND)]
    began = process_time()
    for draw in draws:
        select(plan, CALL, history, 1.0, draw)
    return (process_time() - began) / A_ROUND * 1e6
