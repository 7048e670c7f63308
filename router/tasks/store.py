"""Where tasks are kept: one SQLite database in a folder, beside the files of their content, for all processes.

What lives here: rows and files, and who holds which task. When a task is changed is `tasks`' business. SQLAlchemy and
its driver are loaded with the first task, for most processes never see one.
"""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Column, Float, Integer, LargeBinary, MetaData, String, Table, delete, event, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from router.tasks.task import ACTIVE, Task
from router.wire.errors import Unavailable

__all__ = ["DATABASE", "Store", "open_store"]

DATABASE = "tasks.sqlite3"
BUSY_S = 10.0
"""How long one process waits for another's write: each takes milliseconds."""

_METADATA = MetaData()
_TASKS = Table(
    "tasks",
    _METADATA,
    Column("id", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("request_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("model", String, nullable=False),
    Column("call", LargeBinary, nullable=False),
    Column("created_at", Float, nullable=False),
    Column("status", String, nullable=False, index=True),
    Column("progress", Float),
    Column("sent", LargeBinary),
    Column("target", String),
    Column("dropped", String, nullable=False),
    Column("cost_usd", Float),
    Column("cost_basis", String, nullable=False),
    Column("error", LargeBinary),
    Column("content_type", String),
    Column("size", Integer, nullable=False),
    Column("ended_at", Float),
    Column("holder", String),  # the process that sees to it
    Column("held_until", Float, nullable=False, default=0.0),  # unless that process says otherwise before
)
_COLUMNS = [_TASKS.c[name] for name in Task.__struct_fields__]
_IS_ACTIVE = _TASKS.c.status.in_(ACTIVE)


async def open_store(folder: Path) -> Store:
    """The store of a folder, which is made where there is none, readable for its owner alone. Raises `Unavailable`."""
    try:
        await to_thread(folder.mkdir, 0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Unavailable(
            f"Nothing can be kept for the background: {folder}: {error.strerror} (tasks.folder).",
            code="tasks_unavailable",
        ) from error
    store = Store(folder)
    async with store.writing() as connection:
        await connection.run_sync(_METADATA.create_all)
    return store


class Store:
    """Tasks and their content. Every method raises `Unavailable` where the database cannot be used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._engine = create_async_engine(
            f"sqlite+aiosqlite:///{folder / DATABASE}", connect_args={"timeout": BUSY_S}, hide_parameters=True
        )
        event.listen(self._engine.sync_engine, "connect", _prepared)

    async def close(self) -> None:
        """Let go of the database."""
        await self._engine.dispose()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, which is on disk when this is left."""
        try:
            async with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            why = str(error.__cause__ or error).splitlines()[0]
            raise Unavailable(
                f"What runs in the background cannot be looked at: {why}.", code="tasks_unavailable"
            ) from error

    # ------------------------------------------------------------------ one task

    async def add(self, task: Task, holder: str, until: float) -> None:
        """Keep a new task, held by whoever brings it."""
        row = {**_row(task), "holder": holder, "held_until": until}
        async with self.writing() as connection:
            await connection.execute(insert(_TASKS).values(row))

    async def find(self, task_id: str) -> Task | None:
        """The task of that name."""
        async with self.writing() as connection:
            found = (await connection.execute(select(*_COLUMNS).where(_TASKS.c.id == task_id))).mappings().first()
        return _task(found) if found else None

    async def change(self, task_id: str, **values: Any) -> bool:
        """Change a task that is still active; False where it is not."""
        async with self.writing() as connection:
            done = await connection.execute(update(_TASKS).where(_TASKS.c.id == task_id, _IS_ACTIVE).values(values))
        return bool(done.rowcount)

    async def remove(self, task_ids: Iterable[str]) -> None:
        """Forget tasks, and their content."""
        ids = list(task_ids)
        async with self.writing() as connection:
            await connection.execute(delete(_TASKS).where(_TASKS.c.id.in_(ids)))
        for task_id in ids:
            self.content(task_id).unlink(missing_ok=True)
            self.unfinished(task_id).unlink(missing_ok=True)

    # ------------------------------------------------------------------ who sees to which

    async def claim(self, holder: str, now: float, until: float) -> Task | None:
        """An active task that nobody holds any more, held from now on."""
        is_free = _IS_ACTIVE & (_TASKS.c.held_until < now)
        oldest = select(_TASKS.c.id).where(is_free).order_by(_TASKS.c.created_at).limit(1).scalar_subquery()
        taken = update(_TASKS).where(_TASKS.c.id == oldest, is_free).values(holder=holder, held_until=until)
        async with self.writing() as connection:
            found = (await connection.execute(taken.returning(*_COLUMNS))).mappings().first()
        return _task(found) if found else None

    async def hold(self, holder: str, until: float) -> None:
        """Say of all tasks that are held that they still are; with a time that is over, that they are not."""
        async with self.writing() as connection:
            await connection.execute(
                update(_TASKS).where(_TASKS.c.holder == holder, _IS_ACTIVE).values(held_until=until)
            )

    async def cancelled(self, task_ids: Sequence[str]) -> Sequence[str]:
        """Those that somebody has cancelled, or forgotten."""
        statement = select(_TASKS.c.id).where(_TASKS.c.id.in_(task_ids), _IS_ACTIVE)
        async with self.writing() as connection:
            active = set((await connection.execute(statement)).scalars())
        return [task_id for task_id in task_ids if task_id not in active]

    # ------------------------------------------------------------------ what is kept for how long

    async def sweep(self, before: float, max_bytes: int) -> None:
        """Forget what ended before that time, and the oldest while all have more than `max_bytes`; stray files too."""
        ended = select(_TASKS.c.id, _TASKS.c.size, _TASKS.c.ended_at).where(~_IS_ACTIVE)
        async with self.writing() as connection:
            rows = (await connection.execute(ended.order_by(_TASKS.c.ended_at.desc()))).all()
        total, gone = 0, []
        for task_id, size, ended_at in rows:
            total += size
            if ended_at < before or total > max_bytes:
                gone.append(task_id)
        if gone:
            await self.remove(gone)
        await self._remove_strays()

    async def _remove_strays(self) -> None:
        names = {path.stem for path in self._folder.glob("task_*")}
        async with self.writing() as connection:
            known = set((await connection.execute(select(_TASKS.c.id).where(_TASKS.c.id.in_(names)))).scalars())
        for name in names - known:
            self.content(name).unlink(missing_ok=True)
            self.unfinished(name).unlink(missing_ok=True)

    def content(self, task_id: str) -> Path:
        """The file of what came of a task."""
        return self._folder / f"{task_id}.audio"

    def unfinished(self, task_id: str) -> Path:
        """The file that becomes its content."""
        return self._folder / f"{task_id}.part"


def _row(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in Task.__struct_fields__}


def _task(row: Any) -> Task:
    return Task(**{name: row[name] for name in Task.__struct_fields__})


def _prepared(connection: Any, _record: object) -> None:
    """Let one process read while another writes; what is committed survives the end of any process."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=NORMAL")
    cursor.close()
