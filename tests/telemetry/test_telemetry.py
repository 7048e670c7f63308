"""One event a call, and everything else that is logged in the same form."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import msgspec
import pytest
import structlog

from router.telemetry import AttemptRecord, CallRecord, configure_logging, log, to_log
from router.vendors.spec import Unit


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is written once logging is set up; afterwards as before."""
    monkeypatch.setattr(log, "_lines", None)  # as before, afterwards
    monkeypatch.setattr(log, "_log", structlog.get_logger())  # a used one keeps the stream it was first used with
    stream, handlers, level = io.StringIO(), logging.root.handlers[:], logging.root.level
    configure_logging(stream)
    yield stream
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.reset_defaults()


def events(stream: io.StringIO) -> list[dict]:
    return [msgspec.json.decode(line) for line in stream.getvalue().splitlines()]


def test_a_call_is_one_line_of_json(logged: io.StringIO) -> None:
    """With what is known and nothing else: no null, no empty list."""
    to_log(CallRecord("r1", "speech", "tts-1", status=200, outcome="ok", units={Unit.CHARACTER: 5.0}, bytes_out=0))

    (event,) = events(logged)
    timestamp = event.pop("timestamp")

    assert timestamp.startswith("20")
    assert event == {
        "event": "call",
        "level": "info",
        "request_id": "r1",
        "kind": "speech",
        "model": "tts-1",
        "status": 200,
        "outcome": "ok",
        "units": {"characters": 5.0},
        "cost_basis": "unpriced",
        "total_ms": 0.0,
        "bytes_out": 0,
        "attempts": [],
    }


def test_a_refused_account_is_an_error_of_its_own(logged: io.StringIO) -> None:
    """It is ours to mend, and loud."""
    attempts = [AttemptRecord("v/m", "key", 1.0, 401, "bad key"), AttemptRecord("w/m", "ok", 2.0)]

    to_log(CallRecord("r1", "speech", "m", attempts=attempts))

    call, refused = events(logged)
    assert call["attempts"][1] == {"target": "w/m", "outcome": "ok", "ms": 2.0}
    assert (refused["level"], refused["target"], refused["said"]) == ("error", "v/m", "bad key")


def test_the_standard_librarys_records_become_events_too(logged: io.StringIO) -> None:
    """The server's warnings and tracebacks do not stand raw among the lines of JSON."""
    logging.getLogger("a.server").warning("Invalid %s received.", "request")
    try:
        [].pop()
    except IndexError:
        logging.getLogger("somebody").exception("it broke")
    logging.getLogger("somebody").info("chatter")

    warning, error = events(logged)
    assert (warning["event"], warning["logger"], warning["level"]) == (
        "Invalid request received.",
        "a.server",
        "warning",
    )
    assert "IndexError: pop from empty list" in error["exception"]


def test_a_call_is_written_as_structlog_would_write_it(logged: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """The shorter way says the same, in the same form."""
    attempts = [AttemptRecord("v/m", "failed", 1.0, 500, "é\n"), AttemptRecord("w/m", "ok", 2.0)]
    record = CallRecord("r1", "speech", "m", attempts=attempts, dropped=("speed",), cost_usd=0.0, cache="hit")

    to_log(record)
    monkeypatch.setattr(log, "_lines", None)
    to_log(record)

    ours, structlogs = events(logged)
    assert len(ours.pop("timestamp")) == len(structlogs.pop("timestamp"))
    assert ours == structlogs
