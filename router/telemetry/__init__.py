"""What happened, told once a call: to the log, in figures, as traces. No decision depends on anything here.

What lives here: `records`, which the relay fills; `log`, `metrics` and `traces`, the sinks that tell of them; and
`quoting`, which keeps what clients say out of all of these. Metrics and traces load libraries of their own, so who
wants them imports them by name.
"""

from router.telemetry.gathering import to_all
from router.telemetry.log import configure_logging, to_log
from router.telemetry.quoting import unquoted
from router.telemetry.records import AttemptRecord, CallRecord, Sink, milliseconds

__all__ = [
    "AttemptRecord",
    "CallRecord",
    "Sink",
    "configure_logging",
    "milliseconds",
    "to_all",
    "to_log",
    "unquoted",
]
