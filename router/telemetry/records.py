"""One call and its attempts, as they are told: what the relay fills while it runs, and what a sink gets in the end.

What lives here: values. How they are rendered: the sinks, each in its own module.
"""

from __future__ import annotations

from collections.abc import Callable
from time import time_ns

from msgspec import Struct, field

from router.routing.pricing import Basis
from router.vendors.spec import Unit

__all__ = ["AttemptRecord", "CallRecord", "Sink", "milliseconds"]


class AttemptRecord(Struct):
    """One try at one target. `outcome` is `ok`, the fault's kind, `cancelled`, or `abandoned`; `ms` until then.

    `abandoned`: begun while the upload arrived, and given up because of how that went on. Where the upload came to its
    end meanwhile, `ms` counts from there.

    `cost_usd`: of one that was given up after the vendor had the whole request, an estimate. `ended_ns`: when it was
    told, by the clock on the wall.
    """

    target: str
    outcome: str
    ms: float
    status: int | None = None
    message: str | None = None
    cost_usd: float | None = None
    ended_ns: int = field(default_factory=time_ns)


class CallRecord(Struct):
    """One call, filled while it runs. Times in milliseconds since it began; `first_byte_ms`: the commit.

    `cost_usd`: of all attempts, as far as is known by now; None where it is not known. `cache`: `hit`, `joined` (a twin
    that was under way) or `miss`. `began_ns`: by the clock on the wall. `traceparent`: the client's own, unread.
    """

    request_id: str
    kind: str
    model: str
    key: str | None = None
    status: int = 500
    outcome: str = "unfinished"
    target: str | None = None
    attempts: list[AttemptRecord] = field(default_factory=list)
    dropped: tuple[str, ...] = ()
    units: dict[Unit, float] = field(default_factory=dict)
    cost_usd: float | None = None
    cost_basis: Basis = "unpriced"
    cache: str | None = None
    first_byte_ms: float | None = None
    total_ms: float = 0.0
    bytes_out: int = 0
    is_told: bool = False
    began_ns: int = field(default_factory=time_ns)
    traceparent: str | None = None


Sink = Callable[[CallRecord], None]


def milliseconds(seconds: float) -> float:
    """As records hold it."""
    return round(seconds * 1000, 3)
