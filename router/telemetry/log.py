"""The call's one event in the log, and everything else that is logged in the same form.

What lives here: the sink to structlog, and how events are written. What is told holds no text, no audio and no key.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TextIO

import msgspec
import structlog

from router.telemetry.gathering import Gathered
from router.telemetry.records import AttemptRecord, CallRecord

__all__ = ["configure_logging", "to_log"]

OF_CALLS = [
    name
    for name in CallRecord.__struct_fields__
    if name not in {"units", "attempts", "is_told", "began_ns", "traceparent"}
]
"""What other sinks need is left out: the event has a time of its own, and no header of the client's."""
OF_ATTEMPTS = [name for name in AttemptRecord.__struct_fields__ if name != "ended_ns"]

_encode = msgspec.json.Encoder().encode
_log = structlog.get_logger("audio_router.calls")
_lines: Gathered[str] | None = None
"""Where the events of calls are written as JSON; None where a person reads, or nobody has said where."""


def to_log(record: CallRecord) -> None:
    """The call's one event; a failure that is ours to mend (a refused key, an empty account) is an error of its own."""
    told = _said(record, OF_CALLS)
    if record.units:
        told["units"] = {unit.value: amount for unit, amount in record.units.items()}
    told["attempts"] = [_said(attempt, OF_ATTEMPTS) for attempt in record.attempts]
    if _lines is None:
        _log.info("call", **told)
    else:  # as structlog would write it, in a sixth of the time
        now = datetime.now(UTC).replace(tzinfo=None).isoformat()
        _lines(_json({**told, "event": "call", "level": "info", "timestamp": f"{now}Z"}))
    for attempt in record.attempts:
        if attempt.outcome in {"key", "quota"}:
            _log.error(
                "vendor refused our account",
                target=attempt.target,
                why=attempt.outcome,
                said=attempt.message,
                request_id=record.request_id,
            )


def _said(record: CallRecord | AttemptRecord, names: Sequence[str]) -> dict[str, Any]:
    """What there is to say: no nothing, and no empty text."""
    return {name: value for name in names if (value := getattr(record, name)) or value == 0}


def _write(logger: structlog.WriteLogger, lines: Sequence[str]) -> None:
    logger.msg("\n".join(lines))


def _json(event: Mapping[str, Any]) -> str:
    return _encode(event).decode()


def configure_logging(stream: TextIO | None = None) -> None:
    """Events as JSON lines on stderr, or readable ones where that is a terminal. Standard logging goes the same way."""
    global _lines  # noqa: PLW0603 - a process has one log, as structlog's own configuration
    stream = stream or sys.stderr
    _lines = None if stream.isatty() else Gathered(partial(_write, structlog.WriteLogger(stream)))
    shared: list[Any] = [structlog.stdlib.add_log_level, structlog.processors.TimeStamper(fmt="iso")]
    renderer: Any = (
        structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)  # without locals: keys
        if stream.isatty()
        else structlog.processors.JSONRenderer(serializer=lambda event, **_: _json(event))
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
