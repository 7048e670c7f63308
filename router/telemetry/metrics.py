"""Figures for Prometheus: counted as calls are told, and gauges that are read when somebody looks.

What lives here: names, labels and buckets. A label is a name that the table has, or one of our own words; whatever
clients make up is `other`, so that nobody can fill the memory of whoever collects this.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from router.routing.health import Health
from router.routing.plan import Plan, Target
from router.telemetry.records import AttemptRecord, CallRecord

__all__ = ["CONTENT_TYPE", "OTHER", "Metrics", "resting"]

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
OTHER = "other"
BUCKETS_S = (0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)
"""Of speech that is spoken at once, and of songs that are waited for."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # a series beside each counter, which nobody reads


class Metrics:
    """The figures of one house, in a registry of its own."""

    def __init__(self) -> None:
        self._routes: set[str] = set()
        self._targets: set[str] = set()
        self._registry = own = CollectorRegistry()
        self._calls = Counter(
            "audio_router_calls", "Calls that have ended.", ["kind", "route", "outcome"], registry=own
        )
        self._attempts = Counter("audio_router_attempts", "Tries at targets.", ["target", "outcome"], registry=own)
        self._waited = Histogram(
            "audio_router_call_first_byte_seconds",
            "From a call's beginning to the first byte of its reply, whatever was tried before.",
            ["kind", "route"],
            registry=own,
            buckets=BUCKETS_S,
        )
        self._first_byte = Histogram(
            "audio_router_first_byte_seconds",
            "From an attempt's beginning to the target's first audio, first words or whole transcript.",
            ["kind", "target"],
            registry=own,
            buckets=BUCKETS_S,
        )
        self._cost = Counter(
            "audio_router_cost_dollars", "US dollars, as far as prices are known.", ["target"], registry=own
        )
        self._bytes = Counter("audio_router_sent_bytes", "Audio and text sent to clients.", ["kind"], registry=own)
        ProcessCollector(registry=own)
        self._of = cache(_labelled)  # for its labels the library has a lock and a loop each time

    def learn(self, plan: Plan) -> None:
        """Let the names of a table be labels; those of tables before it stay, for calls that were begun by them."""
        self._routes.update(plan.routes)
        self._targets.update(target.name for target in _targets(plan))

    def watch(self, name: str, says: str, label: str | None, read: Callable[[], Mapping[str, float]]) -> None:
        """A gauge that is asked for when somebody looks; `read` gives its figures by the value of `label`."""
        self._registry.register(_Gauge(f"audio_router_{name}", says, label, read))

    def tell(self, record: CallRecord) -> None:
        """Count a call; a sink."""
        route = record.model if record.model in self._routes else OTHER
        self._of(self._calls, record.kind, route, record.outcome).inc()
        if record.first_byte_ms is not None:
            self._of(self._waited, record.kind, route).observe(record.first_byte_ms / 1000)
        if record.bytes_out:
            self._of(self._bytes, record.kind).inc(record.bytes_out)
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
        self._of(self._attempts, target, attempt.outcome).inc()
        if attempt.outcome == "ok":
            self._of(self._first_byte, kind, target).observe(attempt.ms / 1000)

    def _tell_cost(self, record: CallRecord) -> None:
        """What was given up has cost its own target; all else is whose who answered."""
        rest = record.cost_usd or 0.0
        for attempt in record.attempts:
            if attempt.cost_usd:
                self._of(self._cost, self._known(attempt.target)).inc(attempt.cost_usd)
                rest -= attempt.cost_usd
        if rest > 0.0:
            self._of(self._cost, self._known(record.target)).inc(rest)

    def _known(self, target: str | None) -> str:
        return target if target is not None and target in self._targets else OTHER


class _Gauge(Collector):
    def __init__(self, name: str, says: str, label: str | None, read: Callable[[], Mapping[str, float]]) -> None:
        self._about = name, says
        self._label = label
        self._read = read

    def collect(self) -> Iterator[GaugeMetricFamily]:
        family = GaugeMetricFamily(*self._about, labels=[self._label] if self._label else [])
        for value, figure in self._read().items():
            family.add_metric([value] if self._label else [], figure)
        yield family


def resting(plan: Plan, health: Health, now: float) -> Mapping[str, float]:
    """1 for each configured target of a table that is out at the moment, 0 for the others."""
    present = (target for target in _targets(plan) if not target.outlet.absent)
    return {target.name: float(health.rests_until(target, now) is not None) for target in present}


def _labelled(metric: Any, *values: str) -> Any:
    return metric.labels(*values)


def _targets(plan: Plan) -> Iterator[Target]:
    """All that the table names, the chat models included."""
    for route in plan.routes.values():
        yield from route.targets
        yield from route.translators
    yield from plan.translators
