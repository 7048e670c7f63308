"""`serve --workers N`: the table as the next worker is to have it, and the parent that sees to them all.

What lives here: what only the parent of workers needs of a table. How workers live: `router.workers`; what each of
them does: `serve`.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Mapping
from pathlib import Path

import structlog

from router.app import compiled
from router.commands.table import read_table
from router.config import ConfigError, Loaded
from router.workers.link import Link
from router.workers.supervisor import Supervisor

__all__ = ["serve_by_workers"]

_log = structlog.get_logger("audio_router.table")


def serve_by_workers(
    count: int,
    loaded: Loaded,
    environment: Mapping[str, str],
    listener: socket.socket,
    work: Callable[[Loaded, Link], None],
) -> int:
    """Let `count` workers do `work` behind one port until asked to stop; the status to exit with."""
    newest = _Newest(loaded, environment)
    return Supervisor(count, lambda link: work(newest.loaded, link), newest.look, listener.close).run()


class _Newest:
    """The newest table that is good: what a worker that replaces another one begins with."""

    def __init__(self, loaded: Loaded, environment: Mapping[str, str]) -> None:
        self.loaded = loaded
        self._environment = environment

    def look(self) -> None:
        """Read it again. What is wrong with it the workers have told."""
        try:
            loaded = read_table(Path(self.loaded.source.file), self._environment)
            compiled(loaded)
        except ConfigError:
            return
        except Exception:  # noqa: BLE001 - a bug of ours: the parent outlives it, as a reload does
            _log.exception("table not read, the next worker begins with the old one")
            return
        if loaded.table.keys or not self.loaded.table.keys:  # as a reload: the last key cannot be taken away
            self.loaded = loaded
