"""A table that changes while it is served: read again, checked, and put in place of the old one, or refused.

What lives here: when that happens, and what is told of it. A SIGHUP, or a file that is not what it was and has been
left alone for a second. It is looked at once a second, which also works where no file system tells of changes (network
mounts, a ConfigMap's links).
"""

from __future__ import annotations

import asyncio
import os
import signal
from asyncio import to_thread
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Generic, TypeVar

import structlog

from router.config import ConfigError

__all__ = ["Reloader"]

EVERY_S = 1.0

_log = structlog.get_logger("audio_router.table")

Stamp = tuple[int, int, int]
_T = TypeVar("_T")


class Reloader(Generic[_T]):
    """Watches one file. `read` makes of it what `adopt` then puts in place, at once; either raises `ConfigError`.

    `read` may take its time: it runs in a thread, while calls go on by the old table.
    """

    def __init__(self, path: Path, read: Callable[[], _T], adopt: Callable[[_T], None]) -> None:
        self._path = path
        self._read = read
        self._adopt = adopt
        self._asked = asyncio.Event()
        self._stamp = _stamp_of(path)
        self._had_terminal = _has_terminal()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch while the context lasts."""
        loop = asyncio.get_running_loop()
        if can_be_asked := hasattr(signal, "SIGHUP"):
            loop.add_signal_handler(signal.SIGHUP, self._hung_up)
        watching = loop.create_task(self._watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            if can_be_asked:
                loop.remove_signal_handler(signal.SIGHUP)

    def _hung_up(self) -> None:
        """Somebody asks for a reload, unless it is the terminal that has been closed: then nobody is there any more."""
        if self._had_terminal and not _has_terminal():
            signal.raise_signal(signal.SIGTERM)
        self._asked.set()

    async def _watch(self) -> None:
        while True:
            seen = _stamp_of(self._path)
            try:
                await asyncio.wait_for(self._asked.wait(), EVERY_S)
            except TimeoutError:
                stamp = _stamp_of(self._path)
                if stamp is None or stamp == self._stamp or stamp != seen:
                    continue  # it is as it was, or somebody is still writing: half a table may be a valid one
            self._asked.clear()
            self._stamp = _stamp_of(self._path)
            await self._reload()

    async def _reload(self) -> None:
        try:
            self._adopt(await to_thread(self._read))
        except ConfigError as error:
            problems = [str(problem) for problem in error.problems]
            _log.error("table refused, the old one stays", file=str(self._path), problems=problems)
        except Exception:  # noqa: BLE001 - a bug of ours: the next table may be read all the same
            _log.exception("table not read, the old one stays", file=str(self._path))
        else:
            _log.info("table reloaded", file=str(self._path))


def _stamp_of(path: Path) -> Stamp | None:
    """What tells two states of a file apart; None where there is none."""
    try:
        known = path.stat()
    except OSError:
        return None
    return known.st_mtime_ns, known.st_size, known.st_ino


def _has_terminal() -> bool:
    return os.isatty(0)
