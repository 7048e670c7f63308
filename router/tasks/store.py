"""Where tasks are kept: one SQLite database in a folder, beside the files of their content, for all processes.

What lives here: rows and files, and who holds which task. When a task is changed is `tasks`' business. SQLAlchemy and
its driver are loaded with the first task, for most processes never see one.
"""

from __future__ import annotations

import os
from asyncio import to_thread
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Column, Float, Integer, LargeBinary, MetaData, String, Table, delete, event, func, select, update
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.schema import CreateIndex, CreateTable

from router.tasks.task import ACTIVE, DATABASE, Task
from router.wire.errors import Unavailable

__all__ = ["Standing", "Store", "open_store"]

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
        await to_thread(_prepare, folder)
    except OSError as error:
        raise Unavailable(
            f"Nothing can be kept for the background: {folder}: {error.strerror} (tasks.folder).",
            code="tasks_unavailable",
        ) from error
    store = Store(folder)
    try:
        async with store.writing() as connection:  # two processes may be first at once
            await connection.execute(CreateTable(_TASKS, if_not_exists=True))
            for index in _TASKS.indexes:
                await connection.execute(CreateIndex(index, if_not_exists=True))
    except Unavailable:
        await store.close()
        raise
    return store


def _prepare(folder: Path) -> None:
    """A folder and a database that are their owner's alone: there are lyrics in it."""
    folder.mkdir(0o700, parents=True, exist_ok=True)
    os.close(os.open(folder / DATABASE, os.O_RDWR | os.O_CREAT, 0o600))


class Standing(NamedTuple):
    """How a task stands, and which process sees to it."""

    is_active: bool
    holder: str | None


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

    async def add(self, task: Task, holder: str | None, until: float) -> None:
        """Keep a new task, held by whoever brings it, or by nobody yet."""
        row = {**_row(task), "holder": holder, "held_until": until}
        async with self.writing() as connection:
            await connection.execute(insert(_TASKS).values(row))

    async def find(self, task_id: str) -> Task | None:
        """The task of that name."""
        async with self.writing() as connection:
            found = (await connection.execute(select(*_COLUMNS).where(_TASKS.c.id == task_id))).mappings().first()
        return _task(found) if found else None

    async def change(self, task_id: str, holder: str, **values: Any) -> bool:
        """Change a task that is active and held; False where it is not, or not any more."""
        own = (_TASKS.c.id == task_id) & (_TASKS.c.holder == holder) & _IS_ACTIVE
        async with self.writing() as connection:
            return bool((await connection.execute(update(_TASKS).where(own).values(values))).rowcount)

    async def cancel(self, task_id: str, now: float) -> bool:
        """End a task that is active, whoever holds it; False where it has ended already."""
        one = (_TASKS.c.id == task_id) & _IS_ACTIVE
        ended = update(_TASKS).where(one).values(status="cancelled", ended_at=now)
        async with self.writing() as connection:
            return bool((await connection.execute(ended)).rowcount)

    async def active(self) -> int:
        """How many tasks something may still come of."""
        async with self.writing() as connection:
            return (await connection.execute(select(func.count()).where(_IS_ACTIVE))).scalar_one()

    async def remove(self, task_ids: Iterable[str]) -> None:
        """Forget tasks, and their content."""
        ids = list(task_ids)
        async with self.writing() as connection:
            await connection.execute(delete(_TASKS).where(_TASKS.c.id.in_(ids)))
        await to_thread(self._unlink, ids)

    def _unlink(self, task_ids: Iterable[str]) -> None:
        for task_id in task_ids:
            for path in self._folder.glob(f"{task_id}.*"):
                path.unlink(missing_ok=True)

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

    async def standing(self, task_ids: Sequence[str]) -> dict[str, Standing]:
        """How these stand; one that has been forgotten is not there."""
        columns = select(_TASKS.c.id, _TASKS.c.status, _TASKS.c.holder).where(_TASKS.c.id.in_(task_ids))
        async with self.writing() as connection:
            rows = (await connection.execute(columns)).all()
        return {task_id: Standing(status in ACTIVE, holder) for task_id, status, holder in rows}

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
        names = {path.name.partition(".")[0] for path in self._folder.glob("task_*.*")}
        async with self.writing() as connection:
            known = set((await connection.execute(select(_TASKS.c.id).where(_TASKS.c.id.in_(names)))).scalars())
        await to_thread(self._unlink, names - known)

    @property
    def is_there(self) -> bool:
        """Whether the file that is open is still the one in the folder."""
        return (self._folder / DATABASE).exists()

    def content(self, task_id: str) -> Path:
        """The file of what came of a task."""
        return self._folder / f"{task_id}.audio"

    def unfinished(self, task_id: str, holder: str) -> Path:
        """The file that becomes its content, which only its holder writes."""
        return self._folder / f"{task_id}.{holder}.part"


def _row(task: Task) -> dict[str, Any]:
    return {name: getattr(task, name) for name in Task.__struct_fields__}


def _task(row: Any) -> Task:
    return Task(**{name: row[name] for name in Task.__struct_fields__})


def _prepared(connection: Any, _record: object) -> None:
    """Let one process read while another writes; what is committed survives a loss of power."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.close()
