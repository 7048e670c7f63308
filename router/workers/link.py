"""A worker's end of its line to the parent: it tells its figures, asks for all, and notices that it is alone.

What lives here: one thread, so that it answers while the loop is busy. The parent's end: `hub`.
"""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue

from msgspec import Raw
from prometheus_client.metrics_core import Metric

from router.telemetry.merging import merged, packed, rendered, taken, unpacked
from router.wire.errors import Unavailable
from router.workers import frames
from router.workers.frames import Adopted, Everybodys, Figures, Frames, Message, Tell, WhoTells

__all__ = ["Link"]

ANSWER_S = 5.0
ORPHAN_S = 30.0
"""What a worker without a parent gets to drain: more than a server's grace and that of tasks."""
AT_ONCE_BYTES = 256 * 1024


class Link:
    """One for a worker, from its fork on."""

    def __init__(self, own: socket.socket) -> None:
        self._own = own
        self._collect: Callable[[], Iterable[Metric]] = list
        self._sending = threading.Lock()
        self._asking = threading.Lock()
        self._asked = 0
        self._answers: SimpleQueue[Everybodys] = SimpleQueue()

    def opened(self, collect: Callable[[], Iterable[Metric]]) -> Callable[[], bytes]:
        """Listen to the parent from now on; gives what tells everybody's figures.

        `collect` gives this process's own, in a thread.
        """
        self._collect = collect
        threading.Thread(target=self._listen, name="parent", daemon=True).start()
        return self._text

    def adopted(self) -> None:
        """A new table is good, and taken: whoever is forked next begins with it."""
        self._send(Adopted())

    def _text(self) -> bytes:
        """The figures of all workers, as Prometheus reads them; waits, so not for the loop. Raises `Unavailable`.

        Never this worker's own alone: counters would seem to have begun anew.
        """
        with self._asking:
            self._asked += 1
            self._send(WhoTells(self._asked))
            try:
                while (answer := self._answers.get(timeout=ANSWER_S)).number != self._asked:
                    pass  # it was waited for too long, and has come all the same
            except Empty:
                raise Unavailable("The figures of the other workers did not come.", code="no_figures") from None
        return rendered(merged(unpacked(one) for one in answer.snapshots))

    def _send(self, message: Message) -> None:
        with self._sending:
            try:
                self._own.sendall(frames.packed(message))
            except OSError:
                return  # the parent is gone: `_listen` sees to that

    def _listen(self) -> None:
        received = Frames()
        while data := self._received():
            for message in received.fed(data):
                if isinstance(message, Tell):
                    self._send(Figures(message.number, Raw(packed(taken(self._collect())))))
                elif isinstance(message, Everybodys):
                    self._answers.put(message)
        self._end()

    def _received(self) -> bytes:
        try:
            return self._own.recv(AT_ONCE_BYTES)
        except OSError:
            return b""

    def _end(self) -> None:
        """The parent has died: drain, as if it had asked for it; whoever hangs is no orphan for long."""
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(ORPHAN_S)
        os.kill(os.getpid(), signal.SIGKILL)
