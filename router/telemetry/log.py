"""The call's one event in the log, and everything else that is logged in the same form.

What lives here: the sink to structlog, and how events are written. What is told holds no text, no audio and no key.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Mapping
from typing import Any, TextIO

import msgspec
import structlog

from router.telemetry.records import CallRecord

__all__ = ["configure_logging", "to_log"]

UNTOLD = ("is_told", "began_ns", "traceparent")
"""What other sinks need: the event has a time of its own, and no header of the client's."""

_log = structlog.get_logger("audio_router.calls")


def to_log(record: CallRecord) -> None:
    """The call's one event; a failure that is ours to mend (a refused key, an empty account) is an error of its own."""
    told: dict[str, Any] = msgspec.to_builtins(record, str_keys=True)
    attempts = [_said(attempt, "ended_ns") for attempt in told.pop("attempts")]
    _log.info("call", **_said(told, *UNTOLD), attempts=attempts)
    for attempt in record.attempts:
        if attempt.outcome in {"key", "quota"}:
            _log.error(
                "vendor refused our account",
                target=attempt.target,
                why=attempt.outcome,
                said=attempt.message,
                request_id=record.request_id,
            )


def _said(fields: Mapping[str, Any], *untold: str) -> dict[str, Any]:
    return {name: one for name, one in fields.items() if name not in untold and one not in (None, "", [], (), {})}


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
