"""Whether there is anything to see to among the tasks that are kept, found out with the standard library alone.

What lives here: reading, and no more of it than this one question needs. A process whose folder holds nothing but tasks
that have ended is spared `store`, and with it SQLAlchemy (20 MiB).
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from sqlite3 import Connection

from router.tasks.task import ACTIVE, DATABASE

__all__ = ["has_active", "has_surplus"]

BUSY_S = 1.0


def has_active(folder: Path) -> bool:
    """Whether something may still come of one of them; also where that cannot be read: the store says why."""
    marks = ", ".join("?" * len(ACTIVE))
    try:
        with closing(_opened(folder)) as connection:
            return _first(connection, f"SELECT EXISTS (SELECT 1 FROM tasks WHERE status IN ({marks}))", *ACTIVE)  # noqa: S608 - marks alone
    except sqlite3.Error:
        return True


def has_surplus(folder: Path, before: float, max_bytes: int) -> bool:
    """Whether `Store.sweep` would forget one that has ended, or a file that is nobody's."""
    names = {path.name.partition(".")[0] for path in folder.glob("task_*.*")}
    try:
        with closing(_opened(folder)) as connection:
            too_much = "SELECT min(ended_at) < ? OR sum(size) > ? FROM tasks"
            known = {row[0] for row in connection.execute("SELECT id FROM tasks")}
            return _first(connection, too_much, before, max_bytes) or not names <= known
    except sqlite3.Error:
        return True


def _opened(folder: Path) -> Connection:
    address = (folder / DATABASE).resolve().as_uri()
    return sqlite3.connect(f"{address}?mode=ro", uri=True, timeout=BUSY_S)


def _first(connection: Connection, question: str, *values: object) -> bool:
    return bool(connection.execute(question, values).fetchone()[0])
