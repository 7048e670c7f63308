"""The tasks of a process: taken in, run, cancelled, and gone on with where another process has left them.

What lives here: when things happen. A process says every second that it still sees to its tasks; one that has not said
so for a while is dead, and its tasks are taken over: a job goes on by the vendor's id, and nothing is asked for twice.
"""

from __future__ import annotations

import asyncio
import secrets
from asyncio import CancelledError, to_thread
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from router import config
from router.relay import Relay, Reply
from router.tasks.task import Sent, Task
from router.telemetry import CallRecord
from router.upstream.ahead import after
from router.wire.audio import CONTENT_TYPES
from router.wire.calls import SoundCall
from router.wire.errors import CallError, NotFound, Unavailable, Unexpected
from router.wire.events import BROKEN_OFF
from router.wire.faults import Fault

if TYPE_CHECKING:
    from router.tasks.keeping import TaskKeeper
    from router.tasks.store import Store

__all__ = ["Tasks"]

BEAT_S = 1.0
HELD_S = 10.0
SWEEP_EVERY_S = 60.0
DATABASE = "tasks.sqlite3"  # as in `store`, which is not loaded to look for it

_log = structlog.get_logger("audio_router.tasks")


def _now() -> float:
    return datetime.now(UTC).timestamp()


class Tasks:
    """All there is to the background. `settings`: of the moment; `folder` and `at_once` are those of the start."""

    def __init__(self, relay: Relay, folder: Path, settings: Callable[[], config.Tasks]) -> None:
        self._relay = relay
        self._folder = folder
        self._settings = settings
        self._places = asyncio.Semaphore(settings().at_once)
        self._name = secrets.token_hex(8)
        self._opening = asyncio.Lock()
        self._opened: Store | None = None
        self._running: dict[str, asyncio.Task[None]] = {}
        self._keepers: dict[str, TaskKeeper] = {}
        self._swept_at = 0.0
        self._is_closing = False

    # ------------------------------------------------------------------ what clients ask

    async def submit(self, call: SoundCall, owner: str | None, request_id: str) -> Task:
        """Keep a call and begin with it. Raises `CallError` for what could not be answered anyway."""
        self._relay.check(call)
        store = await self._store()
        task = Task(
            id=f"task_{secrets.token_hex(16)}",
            owner=owner or "",
            request_id=request_id,
            kind=call.kind,
            model=call.model,
            call=msgspec.json.encode(call),
            created_at=_now(),
        )
        await store.add(task, self._name, _now() + HELD_S)
        self._begin(task, store)
        return task

    async def find(self, task_id: str, owner: str | None) -> Task:
        """The task, for the key that made it. Raises `NotFound`, for any other key as well."""
        store = await self._store_if_any()
        task = await store.find(task_id) if store else None
        if task is None or task.owner != (owner or ""):
            raise NotFound(f"There is no task {task_id[:80]!r} here, or no longer.", code="task_not_found")
        return task

    async def cancel(self, task: Task) -> Task | None:
        """End a task that is active, wherever it runs, and tell how it stands; forget one that has ended: None."""
        store = await self._store()
        if await store.change(task.id, status="cancelled", ended_at=_now()):
            self._end(task.id)
            return await store.find(task.id)
        await store.remove([task.id])
        return None

    async def content(self, task: Task) -> Path:
        """The file of what came of a task that is done."""
        return (await self._store()).content(task.id)

    # ------------------------------------------------------------------ while the process lives

    @asynccontextmanager
    async def seen_to(self) -> AsyncIterator[None]:
        """See to tasks while the context lasts; what is not done by then is left for the next process."""
        beating = asyncio.get_running_loop().create_task(self._beat())
        try:
            yield
        finally:
            self._is_closing = True
            beating.cancel()
            for running in self._running.values():
                running.cancel()
            await asyncio.gather(beating, *self._running.values(), return_exceptions=True)
            if self._opened:
                with suppress(Unavailable):
                    await self._opened.hold(self._name, 0.0)
                await self._opened.close()

    async def _beat(self) -> None:
        while True:
            try:
                if store := await self._store_if_any():
                    await self._see_to(store)
            except Unavailable as error:
                _log.error("tasks are not seen to", why=error.message)
            await asyncio.sleep(BEAT_S)

    async def _see_to(self, store: Store) -> None:
        now = _now()
        if self._running:
            await store.hold(self._name, now + HELD_S)
            for task_id in await store.cancelled([*self._running]):
                self._end(task_id)
            for task_id, keeper in [*self._keepers.items()]:
                await self._tell_progress(store, task_id, keeper)
        while task := await store.claim(self._name, now, now + HELD_S):
            self._take_over(task, store)
        if now - self._swept_at > SWEEP_EVERY_S:
            self._swept_at = now
            settings = self._settings()
            await store.sweep(now - settings.keep, settings.max_bytes)

    async def _tell_progress(self, store: Store, task_id: str, keeper: TaskKeeper) -> None:
        progress, keeper.progress = keeper.progress, None
        if progress:
            status = "queued" if progress.is_queued else "running"
            await store.change(task_id, status=status, progress=progress.share)

    def _take_over(self, task: Task, store: Store) -> None:
        _log.info("task taken over", task=task.id, request_id=task.request_id)
        self._begin(task, store)

    # ------------------------------------------------------------------ one task

    def _begin(self, task: Task, store: Store) -> None:
        running = asyncio.get_running_loop().create_task(self._run(task, store))
        self._running[task.id] = running
        running.add_done_callback(lambda _: self._running.pop(task.id, None))

    def _end(self, task_id: str) -> None:
        if running := self._running.get(task_id):
            running.cancel()

    async def _run(self, task: Task, store: Store) -> None:
        from router.tasks.keeping import TaskKeeper  # noqa: PLC0415 - loads the database's library

        record = CallRecord(task.request_id, task.kind, task.model, task.owner or None)
        try:
            async with self._places:
                _check_known(task.was_sent())
                keeper = self._keepers[task.id] = TaskKeeper(store, task, lambda: self._is_closing)
                await store.change(task.id, status="running")
                async with self._relay.answer(task.to_make(), record, keeper) as reply:
                    size = await self._written(reply, store.unfinished(task.id))
            store.unfinished(task.id).replace(store.content(task.id))
            content_type = CONTENT_TYPES[task.to_make().format.codec]
            await self._ended(task, store, record, status="done", size=size, content_type=content_type, progress=1.0)
        except CallError as error:
            await self._failed(task, store, record, error.envelope()["error"])
        except Fault:
            await self._failed(task, store, record, BROKEN_OFF["error"])
        except CancelledError:
            store.unfinished(task.id).unlink(missing_ok=True)
            raise
        except Exception:  # noqa: BLE001 - a bug of ours, of which nobody else would hear
            _log.exception("task failed unexpectedly", task=task.id, request_id=task.request_id)
            await self._failed(task, store, record, Unexpected("The router failed unexpectedly.").envelope()["error"])
        finally:
            self._keepers.pop(task.id, None)

    async def _written(self, reply: Reply, path: Path) -> int:
        """Write what comes to a file, and say how many bytes it has."""
        assert reply.audio
        most = self._settings().max_bytes
        with await to_thread(path.open, "wb") as file:
            async for chunk in after(reply.audio.first, reply.audio.rest):
                await to_thread(file.write, chunk)
                reply.record.bytes_out += len(chunk)
                if reply.record.bytes_out > most:
                    raise Unavailable(f"The audio has more than {most:,} bytes (tasks.max_bytes).", code="too_large")
        return reply.record.bytes_out

    async def _failed(self, task: Task, store: Store, record: CallRecord, error: Any) -> None:
        store.unfinished(task.id).unlink(missing_ok=True)
        await self._ended(task, store, record, status="failed", error=msgspec.json.encode(error))

    async def _ended(self, task: Task, store: Store, record: CallRecord, **how: Any) -> None:
        """How it ended, on disk. Where that cannot be written, the next process finds it as it was, and sees to it."""
        with suppress(Unavailable):
            await store.change(
                task.id,
                ended_at=_now(),
                target=record.target,
                dropped=", ".join(record.dropped),
                cost_usd=record.cost_usd,
                cost_basis=record.cost_basis,
                **how,
            )

    # ------------------------------------------------------------------ the store

    async def _store(self) -> Store:
        """Opened with the first task. Raises `Unavailable`."""
        async with self._opening:
            if self._opened is None:
                from router.tasks.store import open_store  # noqa: PLC0415 - loads the database's library

                self._opened = await open_store(self._folder)
            return self._opened

    async def _store_if_any(self) -> Store | None:
        """The store, where this or another process has one."""
        return await self._store() if self._opened or (self._folder / DATABASE).exists() else None


def _check_known(sent: Sent | None) -> None:
    """Raise `Unexpected` for what was being asked for when the router stopped: it may be there, and stays unasked."""
    if sent and not sent.answers:
        raise Unexpected(
            f"The router stopped while {sent.target} was being asked, and nobody knows what came of it; "
            "it was not asked again.",
            code="interrupted",
        )
