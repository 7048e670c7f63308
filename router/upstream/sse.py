"""Server-sent events out of bytes cut anywhere, as the WHATWG's "interpreting an event stream" has it. No I/O.

What lives here: lines and fields. What an event's data means is `answers`' business.
"""

from __future__ import annotations

import re

from msgspec import Struct

from router.wire.faults import Fault, Kind

__all__ = ["LARGEST_EVENT_BYTES", "Event", "EventParser"]

LARGEST_EVENT_BYTES = 16 * 1024 * 1024  # five minutes of pcm in base64: more than any vendor sends at once

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"


class Event(Struct, frozen=True, gc=False):
    """One event: `name` is "message" where the stream gives none; `data` has its lines joined by newlines."""

    name: str
    data: str


class EventParser:
    """Gives each event with the blank line that ends it, and holds no more than the one that is under way.

    An event of more than `max_bytes` raises `Fault` (GARBLED). `id` and `retry` are left out: nobody reconnects here.
    """

    def __init__(self, max_bytes: int = LARGEST_EVENT_BYTES) -> None:
        self._max_bytes = max_bytes
        self._line: list[bytes] = []  # what there is of the current line, in the pieces in which it came
        self._line_bytes = 0
        self._is_first_line = True
        self._is_after_cr = False  # a newline that comes now ended the line before, together with it
        self._name = ""
        self._data: list[str] = []
        self._data_bytes = 0

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that `chunk` completes."""
        if not chunk:
            return []
        content = chunk.removeprefix(b"\n") if self._is_after_cr else chunk
        self._is_after_cr = chunk.endswith(b"\r")
        *ended, rest = _LINE_END.split(content)
        events: list[Event] = []
        for end in ended:
            self._hold(end)
            self._end_line(events)
        self._hold(rest)
        return events

    def close(self) -> list[Event]:
        """Return the event that the stream broke off in, if it has data.

        The WHATWG throws it away, but vendors leave out the last blank line, or the last newline. An event that is
        really cut in the middle shows by its data.
        """
        events: list[Event] = []
        self._end_line(events)
        self._end_event(events)
        return events

    def _hold(self, piece: bytes) -> None:
        self._line.append(piece)
        self._line_bytes += len(piece)
        if self._data_bytes + self._line_bytes > self._max_bytes:
            raise Fault(Kind.GARBLED, f"an event of more than {self._max_bytes:,} bytes")

    def _end_line(self, events: list[Event]) -> None:
        line = b"".join(self._line)
        if self._is_first_line:
            self._is_first_line = False
            line = line.removeprefix(_BOM)
        self._line.clear()
        self._line_bytes = 0
        if line:
            self._read_field(line)
        else:
            self._end_event(events)

    def _read_field(self, line: bytes) -> None:
        """Take a field; a comment is one whose name is empty."""
        field, _, value = line.partition(b":")
        if field == b"data":
            self._data.append(value.removeprefix(b" ").decode("utf-8", "replace"))
            self._data_bytes += len(line)
        elif field == b"event":
            self._name = value.removeprefix(b" ").decode("utf-8", "replace")

    def _end_event(self, events: list[Event]) -> None:
        if self._data:
            events.append(Event(self._name or "message", "\n".join(self._data)))
        self._name = ""
        self._data.clear()
        self._data_bytes = 0
