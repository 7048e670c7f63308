"""How bytes leave a process that has many connections: the first of a turn of the loop at once, the rest together.

A write to a socket wakes whoever reads at its other end. In a long turn, of many calls at once, a reader handles what
it got and sleeps again before the next write comes: it is woken for each, which costs us more than the write. Together
they wake it once; and where only one call is under way nothing waits (`docs/decisions/0039`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary

__all__ = ["Writer"]

HIGH_BYTES = 64 * 1024
"""Of one connection, held back for the end of a turn; beyond it they go out, and the transport may ask for a pause."""


class _Outbox:
    """What has still to go out in this turn of a loop, of all its connections."""

    def __init__(self) -> None:
        self._has_begun = False
        self._full: list[Writer] = []

    def begins(self, loop: asyncio.AbstractEventLoop) -> bool:
        """Whether nothing else has gone out in this turn; from now on something has."""
        if self._has_begun:
            return False
        self._has_begun = True
        loop.call_soon(self._end)
        return True

    def add(self, writer: Writer) -> None:
        """Empty it at the end of the turn."""
        self._full.append(writer)

    def _end(self) -> None:
        self._has_begun = False
        full, self._full = self._full, []
        for writer in full:
            writer.flush()


_outboxes: WeakKeyDictionary[asyncio.AbstractEventLoop, _Outbox] = WeakKeyDictionary()


class Writer:
    """The way out of one connection, in the order of what is written."""

    __slots__ = ("_held", "_held_bytes", "_loop", "_outbox", "_transport")

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._outbox = _outboxes.setdefault(loop, _Outbox())
        self._held: list[bytes] = []
        self._held_bytes = 0

    def write(self, pieces: Sequence[bytes]) -> None:
        """Write them, now or at the end of the turn; nothing where the connection is closing."""
        if self._held:
            self._hold(pieces)
        elif self._outbox.begins(self._loop):
            self._send(pieces)
        else:
            self._outbox.add(self)
            self._hold(pieces)

    def pass_on(self, pieces: Sequence[bytes]) -> None:
        """Write at once what has only just come: of a stream that somebody listens to, nothing waits for others."""
        if self._held:
            self._hold(pieces)
        else:
            self._send(pieces)

    def flush(self) -> None:
        """Write at once what is held."""
        held, self._held, self._held_bytes = self._held, [], 0
        self._send(held)

    def close(self) -> None:
        """Close the connection behind what has been written."""
        self.flush()
        self._transport.close()

    def _hold(self, pieces: Sequence[bytes]) -> None:
        self._held += pieces
        self._held_bytes += sum(map(len, pieces))
        if self._held_bytes > HIGH_BYTES:
            self.flush()

    def _send(self, pieces: Sequence[bytes]) -> None:
        if pieces and not self._transport.is_closing():
            self._transport.write(pieces[0] if len(pieces) == 1 else b"".join(pieces))
