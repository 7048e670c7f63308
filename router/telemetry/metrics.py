"""Figures for Prometheus: counted as calls are told, and gauges that are read when somebody looks.

What lives here: names, labels and buckets. A label is a name that the table has, or one of our own words; whatever
clients make up is `other`, so that nobody can fill the memory of whoever collects this.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from router.routing.health import Health
from router.routing.plan import Plan, Target
from router.telemetry.records import AttemptRecord, CallRecord

__all__ = ["CONTENT_TYPE", "OTHER", "Metrics", "resting"]

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
OTHER = "other"
PREFIX = "audio_router_"
BUCKETS_S = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Of speech that is spoken at once, and of songs that are waited for."""


class Metrics:
    """The figures of one house, in a registry of its own."""

    def __init__(self) -> None:
        self._routes: set[str] = set()
        self._targets: set[str] = set()
        self._calls = _Counts("calls", "Calls that have ended.", ["kind", "route", "outcome"])
        self._attempts = _Counts("attempts", "Tries at targets.", ["target", "outcome"])
        self._waited = _Waits(
            "call_first_byte_seconds",
            "From a call's beginning to the first byte of its reply, whatever was tried before.",
            ["kind", "route"],
        )
        self._first_byte = _Waits(
            "first_byte_seconds",
            "From an attempt's beginning to the target's first audio, first words or whole transcript.",
            ["kind", "target"],
        )
        self._cost = _Counts("cost_dollars", "US dollars, as far as prices are known.", ["target"])
        self._bytes = _Counts("sent_bytes", "Audio and text sent to clients.", ["kind"])
        self._registry = CollectorRegistry()
        for own in (self._calls, self._attempts, self._waited, self._first_byte, self._cost, self._bytes):
            self._registry.register(own)
        ProcessCollector(registry=self._registry)

    def learn(self, plan: Plan) -> None:
        """Let the names of a table be labels; those of tables before it stay, for calls that were begun by them."""
        self._routes.update(plan.routes)
        self._targets.update(target.name for target in _targets(plan))

    def watch(self, name: str, says: str, label: str | None, read: Callable[[], Mapping[str, float]]) -> None:
        """A gauge that is asked for when somebody looks; `read` gives its figures by the value of `label`."""
        self._registry.register(_Gauge(name, says, label, read))

    def tell(self, record: CallRecord) -> None:
        """Count a call; a sink."""
        route = record.model if record.model in self._routes else OTHER
        self._calls.of[record.kind, route, record.outcome] += 1
        if record.first_byte_ms is not None:
            self._waited.add((record.kind, route), record.first_byte_ms / 1000)
        if record.bytes_out:
            self._bytes.of[record.kind,] += record.bytes_out
        for attempt in record.attempts:
            self._tell_attempt(record.kind, attempt)
        self._tell_cost(record)

    def collect(self) -> Iterable[Metric]:
        """All of it, to be merged with the figures of other processes."""
        return self._registry.collect()

    def text(self) -> bytes:
        """All of it, as Prometheus reads it."""
        return generate_latest(self._registry)

    def _tell_attempt(self, kind: str, attempt: AttemptRecord) -> None:
        target = self._known(attempt.target)
        self._attempts.of[target, attempt.outcome] += 1
        if attempt.outcome == "ok":
            self._first_byte.add((kind, target), attempt.ms / 1000)

    def _tell_cost(self, record: CallRecord) -> None:
        """What was given up has cost its own target; all else is whose who answered."""
        rest = record.cost_usd or 0.0
        for attempt in record.attempts:
            if attempt.cost_usd:
                self._cost.of[self._known(attempt.target),] += attempt.cost_usd
                rest -= attempt.cost_usd
        if rest > 0.0:
            self._cost.of[self._known(record.target),] += rest

    def _known(self, target: str | None) -> str:
        return target if target is not None and target in self._targets else OTHER


class _Figure(Collector):
    """One figure by the values of its labels. The library's own take a lock and six calls for each that is counted."""

    def __init__(self, name: str, says: str, labels: Sequence[str]) -> None:
        self._about = f"{PREFIX}{name}", says
        self._labels = labels


class _Counts(_Figure):
    """What only grows. `of`: how much, by the values of its labels."""

    def __init__(self, name: str, says: str, labels: Sequence[str]) -> None:
        super().__init__(name, says, labels)
        self.of: defaultdict[tuple[str, ...], float] = defaultdict(float)

    def collect(self) -> Iterator[Metric]:
        family = CounterMetricFamily(*self._about, labels=self._labels)
        for values, count in tuple(self.of.items()):
            family.add_metric(values, count)
        yield family


class _Waits(_Figure):
    """How long was waited, in seconds, by buckets."""

    def __init__(self, name: str, says: str, labels: Sequence[str]) -> None:
        super().__init__(name, says, labels)
        self._of: dict[tuple[str, ...], tuple[list[int], list[float]]] = {}
        """How many fell into each bucket, the last for what is longer than all; and their sum."""

    def add(self, values: tuple[str, ...], seconds: float) -> None:
        """One more."""
        if (found := self._of.get(values)) is None:
            found = self._of[values] = [0] * (len(BUCKETS_S) + 1), [0.0]
        counts, total = found
        counts[bisect_left(BUCKETS_S, seconds)] += 1
        total[0] += seconds

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(*self._about, labels=self._labels)
        bounds = [*map(str, BUCKETS_S), "+Inf"]
        for values, (counts, total) in tuple(self._of.items()):
            family.add_metric(values, list(zip(bounds, accumulate(counts), strict=True)), total[0])
        yield family


class _Gauge(_Figure):
    """What is at the moment."""

    def __init__(self, name: str, says: str, label: str | None, read: Callable[[], Mapping[str, float]]) -> None:
        super().__init__(name, says, [label] if label else [])
        self._read = read

    def collect(self) -> Iterator[Metric]:
        family = GaugeMetricFamily(*self._about, labels=self._labels)
        for value, figure in self._read().items():
            family.add_metric([value] if self._labels else [], figure)
        yield family


def resting(plan: Plan, health: Health, now: float) -> Mapping[str, float]:
    """1 for each configured target of a table that is out at the moment, 0 for the others."""
    present = (target for target in _targets(plan) if not target.outlet.absent)
    return {target.name: float(health.rests_until(target, now) is not None) for target in present}


def _targets(plan: Plan) -> Iterator[Target]:
    """All that the table names, the chat models included."""
    for route in plan.routes.values():
        yield from route.targets
        yield from route.translators
    yield from plan.translators
