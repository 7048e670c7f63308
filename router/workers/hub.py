"""The parent's ends of the lines to its workers: whoever is asked for figures gets those of all from here.

What lives here: asking, waiting and remembering. The parent never waits for one worker: what cannot be sent at once is
sent later. What a worker that died had counted, as far as anybody was told, stays counted.
"""

from __future__ import annotations

import selectors
import socket
from collections.abc import Callable, Iterable
from time import monotonic

from msgspec import Raw, Struct

from router.telemetry.merging import Snapshot, lasting, merged, packed, unpacked
from router.workers import frames
from router.workers.frames import Adopted, Everybodys, Figures, Frames, Message, Tell, WhoTells

__all__ = ["Hub", "Line"]

LATE_S = 1.0
"""How long somebody's figures are waited for; then those from before are told."""
OWED = 8
"""Questions that a worker may owe answers to before it is not asked any more."""
AT_ONCE_BYTES = 256 * 1024


class Line(Struct, eq=False):
    """The parent's end of one worker's line. `last`: the figures that it told last; `owes`: answers yet to come."""

    own: socket.socket
    received: Frames
    unsent: bytearray
    last: Raw | None = None
    owes: int = 0


class _Question(Struct, eq=False):
    """Somebody wants everybody's figures; `due`: until then those who `are_awaited` are waited for."""

    asker: Line
    number: int
    due: float
    are_awaited: set[int]


class Hub:
    """All lines. `own`: the parent's figures; `on_adopted`: a worker has taken a new table."""

    def __init__(
        self, selector: selectors.BaseSelector, own: Callable[[], Snapshot], on_adopted: Callable[[], None]
    ) -> None:
        self._selector = selector
        self._own = own
        self._on_adopted = on_adopted
        self._lines: list[Line] = []
        self._departed: Snapshot = []
        self._questions: dict[int, _Question] = {}
        self._asked = 0

    @property
    def lines(self) -> Iterable[Line]:
        """Those of the workers that are there."""
        return self._lines

    @property
    def wait_s(self) -> float | None:
        """When `give_up` is to be called at the latest; None: nobody waits."""
        return min((max(0.0, one.due - monotonic()) for one in self._questions.values()), default=None)

    def joined(self, own: socket.socket) -> Line:
        """A line to a new worker."""
        own.setblocking(False)
        line = Line(own, Frames(), bytearray())
        self._lines.append(line)
        self._selector.register(own, selectors.EVENT_READ, line)
        return line

    def left(self, line: Line) -> None:
        """A worker has died: hear what it said last, and keep what it had counted."""
        self.ready(line, selectors.EVENT_READ)
        self._lines.remove(line)
        self._close(line)
        if line.last is not None:
            self._departed = merged([self._departed, lasting(unpacked(line.last))])
        for number, question in [*self._questions.items()]:
            question.are_awaited.discard(id(line))
            if question.asker is line:
                del self._questions[number]
        self._answer_ready()

    def ready(self, line: Line, events: int) -> None:
        """Something may be read of a line, or written to it."""
        if events & selectors.EVENT_WRITE:
            self._flush(line)
        if events & selectors.EVENT_READ:
            for message in self._read(line):
                self._heard(line, message)

    def give_up(self) -> None:
        """Answer who has waited long enough, with what is known."""
        for question in self._questions.values():
            if question.due <= monotonic():
                question.are_awaited.clear()
        self._answer_ready()

    # ------------------------------------------------------------------ what is said

    def _heard(self, line: Line, message: Message) -> None:
        if isinstance(message, WhoTells):
            self._ask_all(line, message.number)
        elif isinstance(message, Figures):
            line.last, line.owes = message.snapshot, line.owes - 1
            if question := self._questions.get(message.number):
                question.are_awaited.discard(id(line))
                self._answer_ready()
        elif isinstance(message, Adopted):
            self._on_adopted()

    def _ask_all(self, asker: Line, number: int) -> None:
        self._asked += 1
        asked = [line for line in self._lines if line.owes < OWED]
        question = _Question(asker, number, monotonic() + LATE_S, {id(line) for line in asked})
        self._questions[self._asked] = question
        for line in asked:
            line.owes += 1
            self._send(line, Tell(self._asked))

    def _answer_ready(self) -> None:
        for number, question in [*self._questions.items()]:
            if not question.are_awaited:
                del self._questions[number]
                told = [line.last for line in self._lines if line.last is not None]
                ours = Raw(packed(merged([self._own(), self._departed])))
                self._send(question.asker, Everybodys(question.number, [ours, *told]))

    # ------------------------------------------------------------------ bytes

    def _send(self, line: Line, message: Message) -> None:
        line.unsent += frames.packed(message)
        self._flush(line)

    def _flush(self, line: Line) -> None:
        try:
            while line.unsent:
                del line.unsent[: line.own.send(line.unsent)]
        except BlockingIOError:
            pass
        except OSError:
            line.unsent.clear()  # it has died; who waits for it will know by its exit
        if line.own.fileno() >= 0:
            more = selectors.EVENT_WRITE if line.unsent else 0
            self._selector.modify(line.own, selectors.EVENT_READ | more, line)

    def _read(self, line: Line) -> Iterable[Message]:
        while line.own.fileno() >= 0:
            try:
                data = line.own.recv(AT_ONCE_BYTES)
            except BlockingIOError:
                return
            except OSError:
                data = b""
            if not data:
                self._close(line)
                return
            yield from line.received.fed(data)

    def _close(self, line: Line) -> None:
        if line.own.fileno() >= 0:
            self._selector.unregister(line.own)
            line.own.close()
