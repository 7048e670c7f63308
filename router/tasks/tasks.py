"""The tasks of a process: taken in, run, cancelled, and gone on with where another process has left them.

What lives here: when things happen. A process says every second that it still sees to its tasks; one that has not said
so for a while is dead, and its tasks are taken over: a job goes on by the vendor's id, and nothing is asked for twice.
How one task is made: `making`.
"""

from __future__ import annotations

import asyncio
import secrets
from asyncio import Task as Work
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import structlog

from router import config
from router.relay import Relay
from router.tasks.task import DATABASE, Task
from router.telemetry import Sink
from router.wire.calls import SoundCall
from router.wire.errors import NotFound, TooMany, Unavailable

if TYPE_CHECKING:
    from router.tasks.making import Making
    from router.tasks.store import Store

__all__ = ["Tasks"]

BEAT_S = 1.0
HELD_S = 10.0
SWEEP_EVERY_S = 60.0
DRAIN_S = 5.0
"""What a process that ends leaves those tasks that no other one could go on with: Docker waits for ten seconds."""

_log = structlog.get_logger("audio_router.tasks")


def _now() -> float:
    return datetime.now(UTC).timestamp()


class Tasks:
    """All there is to the background. `settings`: of the moment; the `folder` is that of the start."""

    def __init__(self, relay: Relay, sink: Sink, folder: Path, settings: Callable[[], config.Tasks]) -> None:
        self._relay = relay
        self._sink = sink
        self._folder = folder
        self._settings = settings
        self._name = secrets.token_hex(8)
        self._opening = asyncio.Lock()
        self._opened: Store | None = None
        self._running: dict[str, tuple[Work[None], Making]] = {}
        self._news = asyncio.Event()
        self._swept_at = 0.0
        self._is_closing = False

    # ------------------------------------------------------------------ what clients ask

    async def submit(self, call: SoundCall, owner: str | None, request_id: str) -> Task:
        """Keep a call, and begin with it where there is a place. Raises `CallError`."""
        self._relay.check(call)
        store = await self._store()
        if await store.active() >= self._settings().most:
            raise TooMany(
                f"{self._settings().most:,} tasks are waiting or running already (tasks.most).",
                code="too_many_tasks",
                headers={"retry-after": "10"},
            )
        task = Task(
            id=f"task_{secrets.token_hex(16)}",
            owner=owner or "",
            request_id=request_id,
            kind=call.kind,
            model=call.model,
            call=msgspec.json.encode(call),
            created_at=_now(),
        )
        is_begun = self._has_place and not self._is_closing
        await store.add(task, self._name if is_begun else None, _now() + HELD_S if is_begun else 0.0)
        if is_begun:
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
        if await store.cancel(task.id, _now()):
            self._end(task.id)
            return await store.find(task.id)
        await store.remove([task.id])
        return None

    async def content(self, task: Task) -> Path:
        """The file of what came of a task. Raises `NotFound` where it has gone."""
        path = (await self._store()).content(task.id)
        if task.status == "done" and not await asyncio.to_thread(path.exists):
            raise NotFound(f"What came of {task.id} is here no longer.", code="task_not_found")
        return path

    @property
    def running(self) -> int:
        """How many this process sees to."""
        return len(self._running)

    # ------------------------------------------------------------------ while the process lives

    @asynccontextmanager
    async def seen_to(self) -> AsyncIterator[None]:
        """See to tasks while the context lasts; what is not done by then is left for the next process."""
        beating = asyncio.get_running_loop().create_task(self._beat())
        try:
            yield
        finally:
            self._is_closing = True
            await self._drain()
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            if self._opened:
                with suppress(Unavailable):
                    await self._opened.hold(self._name, 0.0)
                await self._opened.close()

    async def _drain(self) -> None:
        """Leave jobs at once, and give a little time to what nobody could go on with."""
        for work, making in self._running.values():
            if making.can_be_left:
                work.cancel()
        works = [work for work, _ in self._running.values()]
        if works:
            await asyncio.wait(works, timeout=DRAIN_S)
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)

    async def _beat(self) -> None:
        """Whatever goes wrong with one step, the others go on: who falls silent loses its tasks."""
        while True:
            try:
                store = await self._store_if_needed()
            except (Unavailable, OSError) as error:
                _log.error("tasks are not seen to", why=str(error))
                store = None
            if store:
                for step in (self._keep_hold, self._take_over, self._sweep):
                    await _tried(step, store)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), BEAT_S)
            self._news.clear()

    async def _keep_hold(self, store: Store) -> None:
        """Say that we see to ours, and let go of what is not ours any more."""
        if not self._running:
            return
        await store.hold(self._name, _now() + HELD_S)
        standing = await store.standing([*self._running])
        for task_id, (work, making) in [*self._running.items()]:
            stands = standing.get(task_id)
            if stands is None or not stands.is_active:
                work.cancel()
            elif stands.holder != self._name:
                making.lose()
                work.cancel()
            else:
                await making.tell_progress()

    async def _take_over(self, store: Store) -> None:
        """Tasks that nobody sees to, as far as there are places."""
        while self._has_place and not self._is_closing:
            task = await store.claim(self._name, _now(), _now() + HELD_S)
            if task is None:
                return
            _log.info("task taken over", task=task.id, request_id=task.request_id)
            self._begin(task, store)

    async def _sweep(self, store: Store) -> None:
        now, settings = _now(), self._settings()
        if now - self._swept_at > SWEEP_EVERY_S:
            self._swept_at = now
            await store.sweep(now - settings.keep, settings.max_bytes)

    # ------------------------------------------------------------------ one task

    @property
    def _has_place(self) -> bool:
        return len(self._running) < self._settings().at_once

    def _begin(self, task: Task, store: Store) -> None:
        from router.tasks.making import Making  # noqa: PLC0415 - loads the database's library

        making = Making(task, store, self._name, lambda: self._is_closing)
        work = asyncio.get_running_loop().create_task(making.make(self._relay, self._sink, self._settings().max_bytes))
        self._running[task.id] = work, making
        work.add_done_callback(lambda _: self._ended(task.id))

    def _ended(self, task_id: str) -> None:
        self._running.pop(task_id, None)
        self._news.set()  # there is a place

    def _end(self, task_id: str) -> None:
        if running := self._running.get(task_id):
            running[0].cancel()

    # ------------------------------------------------------------------ the store

    async def _store(self) -> Store:
        """Opened with the first task, and anew where its folder was taken away. Raises `Unavailable`."""
        async with self._opening:
            if self._opened and not self._opened.is_there:
                await self._opened.close()
                self._opened = None
            if self._opened is None:
                from router.tasks.store import open_store  # noqa: PLC0415 - loads the database's library

                self._opened = await open_store(self._folder)
            return self._opened

    async def _store_if_any(self) -> Store | None:
        """The store, where this or another process has one."""
        return await self._store() if await asyncio.to_thread(self._is_there) else None

    async def _store_if_needed(self) -> Store | None:
        """The store, once it is open or there is something to see to in it."""
        if self._opened is None and not await asyncio.to_thread(self._needs_store):
            return None
        return await self._store_if_any()

    def _is_there(self) -> bool:
        return (self._folder / DATABASE).exists()

    def _needs_store(self) -> bool:
        """Read without the database's library, which a folder of tasks that have ended is no reason to load."""
        if not self._is_there():
            return False
        from router.tasks.glance import has_active, has_surplus  # noqa: PLC0415 - for folders that hold tasks

        if has_active(self._folder):
            return True
        now, settings = _now(), self._settings()
        if now - self._swept_at <= SWEEP_EVERY_S:
            return False
        if has_surplus(self._folder, now - settings.keep, settings.max_bytes):
            return True
        self._swept_at = now
        return False


async def _tried(step: Callable[[Store], Awaitable[None]], store: Store) -> None:
    try:
        await step(store)
    except Unavailable as error:
        _log.error("tasks are not seen to", why=error.message)
    except Exception:  # noqa: BLE001 - a bug of ours, or a disk's; the next step and the next beat come all the same
        _log.exception("tasks are not seen to")
