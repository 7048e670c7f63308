"""The parent of the workers: forks them, replaces who dies, hands on what it is asked for, and ends with the last.

What lives here: processes and signals. The parent has no loop of asyncio's and no thread, for it forks as long as it
lives; it answers no calls. What a worker does is given to it.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from time import monotonic
from typing import Any

import structlog
from msgspec import Struct
from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily

from router.telemetry.merging import Snapshot, taken
from router.workers.hub import Hub, Line
from router.workers.link import Link

__all__ = ["Supervisor"]

SHORT_LIFE_S = 10.0
SHORT_LIVES = 5
"""So many lives in a row that were so short are enough: the next one would be no longer."""
FIRST_PAUSE_S = 0.1
BEGUN_WITH: dict[signal.Signals, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGCHLD: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_IGN,  # until the reloader listens: it would end us
}
"""What a worker begins with."""
HEARD = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD)

_log = structlog.get_logger("audio_router.workers")


class _Place(Struct, eq=False):
    """One of the workers, over all its lives. `pid`: 0 while nobody is there; `due`: when the next life begins."""

    number: int
    pid: int = 0
    line: Line | None = None
    born_at: float = 0.0
    due: float = 0.0
    short_lives: int = 0


class Supervisor:
    """Sees to `count` workers. `work` is what each does, in its own process; `renew` looks for a new table.

    `renew` is called before a worker is replaced and when others have taken a new table: what it finds, the next
    worker is forked with. `close` is called when no worker will be forked any more: of the port only they have a hold
    then, so that it closes with the last of them.
    """

    def __init__(
        self, count: int, work: Callable[[Link], None], renew: Callable[[], None], close: Callable[[], None]
    ) -> None:
        self._work = work
        self._renew = renew
        self._close = close
        self._places = [_Place(number) for number in range(1, count + 1)]
        self._selector = selectors.DefaultSelector()
        self._hub = Hub(self._selector, self._figures, renew)
        self._process = CollectorRegistry()
        ProcessCollector(registry=self._process)
        self._heard: deque[int] = deque()
        self._asked_to_end: list[int] = []
        self._replaced = 0
        self._has_failed = False
        self._had_terminal = os.isatty(0)

    def run(self) -> int:
        """Until asked to end, and until the last worker has ended; the status to exit with.

        After a SIGTERM it does not come back but ends by it, as one process alone does.
        """
        with self._listening():
            while not self._is_ending or any(place.pid for place in self._places):
                if not self._is_ending:
                    self._fill()
                for key, events in self._selector.select(self._wait_s()):
                    if isinstance(key.data, Line):
                        self._hub.ready(key.data, events)
                    else:
                        key.data()
                self._hub.give_up()
                while self._heard:
                    self._handle(self._heard.popleft())
                self._bury()
        if signal.SIGTERM in self._asked_to_end:
            signal.raise_signal(signal.SIGTERM)
        return int(self._has_failed)

    # ------------------------------------------------------------------ lives

    def _fill(self) -> None:
        """A worker for each place that is due."""
        for place in self._places:
            if not place.pid and place.due <= monotonic() and not self._is_ending:
                if is_another := place.born_at > 0:
                    self._renew()
                self._bear(place)
                self._replaced += is_another

    def _bear(self, place: _Place) -> None:
        ours, theirs = socket.socketpair()
        before = signal.pthread_sigmask(signal.SIG_BLOCK, HEARD)  # none may reach the child's copy of our handlers
        place.born_at = monotonic()
        try:
            pid = os.fork()
        except OSError as error:
            ours.close()
            self._lost(place, why=f"no process: {os.strerror(error.errno or 0)}")
        else:
            if not pid:
                ours.close()
                self._become(theirs, before)
            place.pid, place.line = pid, self._hub.joined(ours)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            theirs.close()

    def _become(self, own: socket.socket, mask: set[signal.Signals | int]) -> None:
        """Be a worker, and never come back: what the parent has on its stack is not the worker's."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number, handler in BEGUN_WITH.items():
                signal.signal(number, handler)
            for line in self._hub.lines:
                line.own.close()  # else the others would not see the parent's end
            self._selector.close()
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            self._work(Link(own))
            status = 0
        except KeyboardInterrupt:
            status = 0
        except SystemExit as end:
            status = end.code if isinstance(end.code, int) else 1
        except BaseException:  # noqa: BLE001 - it ends here in any case, and says why
            _log.exception("worker failed")
        finally:
            with suppress(OSError, ValueError):
                sys.stdout.flush()
                sys.stderr.flush()
            os._exit(status)

    def _bury(self) -> None:
        """Whoever has died; also who is nobody's any more, where we are a container's first process."""
        with suppress(ChildProcessError):
            while (ended := os.waitpid(-1, os.WNOHANG))[0]:
                for place in self._places:
                    if place.pid == ended[0]:
                        self._has_died(place, os.waitstatus_to_exitcode(ended[1]))

    def _has_died(self, place: _Place, how: int) -> None:
        pid, place.pid = place.pid, 0
        if place.line:
            self._hub.left(place.line)
        if not self._is_ending:
            self._lost(place, why=signal.Signals(-how).name if how < 0 else f"status {how}", pid=pid)

    def _lost(self, place: _Place, **known: Any) -> None:
        """Say when the next life begins; after too many short ones, end."""
        lived_s = monotonic() - place.born_at
        place.short_lives = place.short_lives + 1 if lived_s < SHORT_LIFE_S else 0
        pause_s = FIRST_PAUSE_S * 2 ** (place.short_lives - 1) if place.short_lives else 0.0
        place.due = monotonic() + pause_s
        _log.error("worker died", worker=place.number, lived_s=round(lived_s, 1), **known)
        if place.short_lives >= SHORT_LIVES:
            _log.error(
                f"a worker has died {SHORT_LIVES} times in a row, each time within {SHORT_LIFE_S:g} seconds of its "
                "start; stopping. What it said before it died is above; one process alone (--workers 1) may say more",
                worker=place.number,
                **known,
            )
            self._has_failed = True
            self._end(signal.SIGTERM)

    # ------------------------------------------------------------------ signals

    @property
    def _is_ending(self) -> bool:
        return self._has_failed or bool(self._asked_to_end)

    def _handle(self, number: int) -> None:
        if number == signal.SIGHUP and self._had_terminal and not os.isatty(0):
            number = signal.SIGTERM  # not asked to reload: the terminal was closed, and nobody is there any more
        if number == signal.SIGHUP:
            self._renew()
            self._tell(signal.SIGHUP)
        elif number in (signal.SIGINT, signal.SIGTERM):
            # A terminal's Ctrl-C has reached the workers as well. So the first is handed on as a SIGTERM, which does
            # nothing to who ends already; a second SIGINT lets them end at once.
            is_second = number == signal.SIGINT and self._is_ending
            self._asked_to_end.append(number)
            self._end(signal.SIGINT if is_second else signal.SIGTERM)

    def _end(self, number: signal.Signals) -> None:
        self._close()
        self._tell(number)

    def _tell(self, number: signal.Signals) -> None:
        for place in self._places:
            if place.pid:
                os.kill(place.pid, number)  # nobody else waits for it: the number is no other's yet

    def _wait_s(self) -> float | None:
        waits = [] if self._hub.wait_s is None else [self._hub.wait_s]
        if not self._is_ending:
            waits += [max(0.0, place.due - monotonic()) for place in self._places if not place.pid]
        return min(waits, default=None)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Signals wake the selector, and are handled between its turns."""
        woken, wake = socket.socketpair()
        with woken, wake, self._selector:
            for end in (woken, wake):
                end.setblocking(False)
            self._selector.register(woken, selectors.EVENT_READ, lambda: woken.recv(4096))
            before = {number: signal.signal(number, lambda got, _: self._heard.append(got)) for number in HEARD}
            signal.set_wakeup_fd(wake.fileno(), warn_on_full_buffer=False)
            try:
                yield
            finally:
                signal.set_wakeup_fd(-1)
                for number, handler in before.items():
                    signal.signal(number, handler)

    # ------------------------------------------------------------------ figures

    def _figures(self) -> Snapshot:
        """The parent's: it is a process, too."""
        alive = sum(place.pid > 0 for place in self._places)
        ours = [
            GaugeMetricFamily("audio_router_workers", "Processes that answer calls.", value=alive),
            CounterMetricFamily(
                "audio_router_workers_replaced", "Workers that died, and were replaced.", value=self._replaced
            ),
        ]
        return taken([*self._process.collect(), *ours])
