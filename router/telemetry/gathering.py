"""What is told in one turn of the loop, told together at its end: with many calls at once, once for all of them.

What lives here: when. A call is not held up by what is told of it, and what tells runs in one go instead of between
the calls, where each time it would have to be fetched anew (`docs/decisions/0040`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import structlog

from router.telemetry.records import CallRecord, Sink

__all__ = ["Gathered", "to_all"]

_log = structlog.get_logger("audio_router.calls")
_T = TypeVar("_T")


class Gathered(Generic[_T]):
    """Hands all that it is given in a turn to `tell`; at once where no loop runs."""

    def __init__(self, tell: Callable[[Sequence[_T]], None]) -> None:
        self._tell = tell
        self._held: list[_T] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        """The one that will tell what is held; another one may have ended before it could."""

    def __call__(self, one: _T) -> None:
        self._held.append(one)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._end()
            return
        if loop is not self._loop:
            self._loop = loop
            loop.call_soon(self._end)

    def _end(self) -> None:
        self._loop = None
        held, self._held = self._held, []
        if held:
            self._tell(held)


def to_all(*sinks: Sink) -> Sink:
    """One sink that tells several, in this order, of all calls that end in one turn of the loop.

    What a sink cannot tell is told in the log, and costs no other call its word.
    """

    def tell(records: Sequence[CallRecord]) -> None:
        for sink in sinks:
            for record in records:
                try:
                    sink(record)
                except Exception:  # noqa: BLE001 - it is told, with its traceback
                    _log.exception("a call could not be told of", request_id=record.request_id)

    return Gathered(tell)
