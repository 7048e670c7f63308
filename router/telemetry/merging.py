"""Figures of several processes as those of one: added up, but for those of which the most or the least counts.

What lives here: samples as values. Who asks which process for them: `workers`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec
from msgspec import Struct
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric

__all__ = ["Family", "Sample", "Snapshot", "lasting", "merged", "packed", "rendered", "taken", "unpacked"]

LASTING = ("counter", "histogram")
JOINED: dict[str, Callable[[float, float], float]] = {
    "audio_router_target_resting": max,  # somebody leaves it out
    "process_start_time_seconds": min,
}
"""Everything else is a sum, descriptors and their limit included: one is told as a share of the other."""


class Sample(Struct, frozen=True, array_like=True):
    """One figure, by its name and labels."""

    name: str
    labels: dict[str, str]
    value: float


class Family(Struct, frozen=True, array_like=True):
    """The figures of one name: what they are, and each of them."""

    name: str
    says: str
    kind: str
    samples: list[Sample]


Snapshot = Sequence[Family]

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[Family])


def taken(metrics: Iterable[Metric]) -> Snapshot:
    """The figures of a registry, as values."""
    return [
        Family(
            metric.name,
            metric.documentation,
            metric.type,
            [Sample(one.name, dict(one.labels), one.value) for one in metric.samples],
        )
        for metric in metrics
    ]


def packed(snapshot: Snapshot) -> bytes:
    """For another process."""
    return _encoder.encode(snapshot)


def unpacked(document: Any) -> Snapshot:
    """From another process."""
    return _decoder.decode(document)


def merged(snapshots: Iterable[Snapshot]) -> Snapshot:
    """One snapshot of several; names and labels in the order in which they are first found."""
    found: dict[str, Family] = {}
    values: dict[str, dict[tuple[str, ...], Sample]] = {}
    for family in (family for snapshot in snapshots for family in snapshot):
        found.setdefault(family.name, family)
        own = values.setdefault(family.name, {})
        for sample in family.samples:
            key = (sample.name, *(part for item in sample.labels.items() for part in item))
            own[key] = _joined(own[key], sample) if key in own else sample
    return [Family(name, one.says, one.kind, list(values[name].values())) for name, one in found.items()]


def _joined(one: Sample, other: Sample) -> Sample:
    join = JOINED.get(one.name)
    return Sample(one.name, one.labels, join(one.value, other.value) if join else one.value + other.value)


def lasting(snapshot: Snapshot) -> Snapshot:
    """What stays true when the process has gone: what has been counted, not what was at the moment."""
    return [family for family in snapshot if family.kind in LASTING]


def rendered(snapshot: Snapshot) -> bytes:
    """As Prometheus reads it."""
    return generate_latest(_Told(snapshot))


class _Told:
    """A snapshot, where the library expects something that collects."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterable[Metric]:
        for family in self._snapshot:
            metric = Metric(family.name, family.says, family.kind)
            for sample in family.samples:
                metric.add_sample(sample.name, sample.labels, sample.value)
            yield metric
