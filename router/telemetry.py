"""What happened, told once a call. The relay fills a record; a sink renders it.

What lives here: the record and its sink to structlog. No decision depends on anything here.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from typing import Any, TextIO

import msgspec
import structlog
from msgspec import Struct, field

from router.routing.pricing import Basis
from router.vendors.spec import Unit

__all__ = ["AttemptRecord", "CallRecord", "Sink", "configure_logging", "milliseconds", "to_log"]


class AttemptRecord(Struct):
    """One try at one target. `outcome` is `ok`, the fault's kind, or `cancelled`; `ms` until commit or failure.

    `cost_usd`: of one that was given up after the vendor had the whole request, an estimate.
    """

    target: str
    outcome: str
    ms: float
    status: int | None = None
    message: str | None = None
    cost_usd: float | None = None


class CallRecord(Struct):
    """One call, filled while it runs. Times in milliseconds since it began; `first_byte_ms`: the commit.

    `cost_usd`: of all attempts, as far as is known by now; None where it is not known. `cache`: `hit`, `joined` (a twin
    that was under way) or `miss`.
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


Sink = Callable[[CallRecord], None]

_log = structlog.get_logger("audio_router.calls")


def to_log(record: CallRecord) -> None:
    """The call's one event; a failure that is ours to mend (a refused key, an empty account) is an error of its own."""
    told: dict[str, Any] = msgspec.to_builtins(record, str_keys=True)
    attempts = [_said(attempt) for attempt in told.pop("attempts")]
    del told["is_told"]
    _log.info("call", **_said(told), attempts=attempts)
    for attempt in record.attempts:
        if attempt.outcome in {"key", "quota"}:
            _log.error(
                "vendor refused our account",
                target=attempt.target,
                why=attempt.outcome,
                said=attempt.message,
                request_id=record.request_id,
            )


def milliseconds(seconds: float) -> float:
    """As records hold it."""
    return round(seconds * 1000, 3)


def _said(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, "", [], (), {})}


def configure_logging(stream: TextIO | None = None) -> None:
    """Events as JSON lines on stderr, or readable ones where that is a terminal. Standard logging goes the same way."""
    stream = stream or sys.stderr
    shared: list[Any] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso")]
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # without locals: keys
        if stream.isatty()
        else structlog.processors.JSONRenderer(serializer=lambda event, **_: msgspec.json.encode(event).decode())
    )
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(level=logging.WARNING, handlers=[_ToStructlog()], force=True)


class _ToStructlog(logging.Handler):
    """The standard library's records, which the server and the libraries write, as events like ours."""

    def emit(self, record: logging.LogRecord) -> None:
        _log.log(record.levelno, record.getMessage(), logger=record.name, exc_info=record.exc_info)
