"""One task, from its call to its content: made by the relay, written to a file, and how it ended noted.

What lives here: what becomes of one call in the background. When it begins and by whom: `tasks`.
"""

from __future__ import annotations

import asyncio
import os
from asyncio import CancelledError, to_thread
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
import structlog

from router.relay import CLIENT_LEFT, Relay, Reply
from router.tasks.keeping import TaskKeeper
from router.tasks.store import Store
from router.tasks.task import Task
from router.telemetry import CallRecord, Sink
from router.upstream.ahead import after
from router.wire.audio import CONTENT_TYPES
from router.wire.errors import CallError, Unavailable, Unexpected
from router.wire.events import BROKEN_OFF
from router.wire.faults import Fault

__all__ = ["Making"]

TRIES = 3
AGAIN_S = 2.0

_log = structlog.get_logger("audio_router.tasks")


class Making:
    """The work on one task, in the process `holder`."""

    def __init__(self, task: Task, store: Store, holder: str, is_closing: Callable[[], bool]) -> None:
        self._task = task
        self._store = store
        self._holder = holder
        self._keeper = TaskKeeper(store, task, holder, is_closing)

    @property
    def can_be_left(self) -> bool:
        """Whether another process could go on from here."""
        return self._keeper.has_job

    def lose(self) -> None:
        """Another process holds it: what is under way at the vendor is that one's."""
        self._keeper.is_lost = True

    async def tell_progress(self) -> None:
        """Note how far it is, where that is news."""
        progress, self._keeper.progress = self._keeper.progress, None
        if progress:
            status = "queued" if progress.is_queued else "running"
            await self._store.change(self._task.id, self._holder, status=status, progress=progress.share)

    async def make(self, relay: Relay, sink: Sink, max_bytes: int) -> None:
        """See it through, and note how it ended. Cancelled, it leaves no half of a file."""
        task = self._task
        record = CallRecord(task.request_id, task.kind, task.model, task.owner or None)
        try:
            if not await self._store.change(task.id, self._holder, status="running"):
                return
            if (size := await to_thread(_size_of, self._store.content(task.id))) is None:
                self._check_known()
                size = await self._made(relay, record, max_bytes)
            await self._ended(record, status="done", size=size, content_type=self._content_type, progress=1.0)
        except CallError as error:
            await self._failed(record, error.envelope()["error"])
        except Fault:
            await self._failed(record, BROKEN_OFF["error"])
        except CancelledError:
            record.outcome, record.status = "client left", CLIENT_LEFT
            raise
        except Exception:  # noqa: BLE001 - a bug of ours, of which nobody else would hear
            _log.exception("task failed unexpectedly", task=task.id, request_id=task.request_id)
            await self._failed(record, Unexpected("The router failed unexpectedly.").envelope()["error"])
        finally:
            self._unfinished.unlink(missing_ok=True)
            if not record.is_told and not self._keeper.leaves_jobs():
                record.cost_usd, record.cost_basis = 0.0, "exact"
                sink(record)

    @property
    def _unfinished(self) -> Path:
        return self._store.unfinished(self._task.id, self._holder)

    @property
    def _content_type(self) -> str:
        return CONTENT_TYPES[self._task.to_make().format.codec]

    def _check_known(self) -> None:
        """Raise for what was being asked for when the router stopped: it may be there, and is not asked for again."""
        sent = self._task.was_sent()
        if sent and sent.is_open:
            raise Unexpected(
                f"The router stopped while {sent.target} was being asked, and nobody knows what came of it; "
                "it was not asked again.",
                code="interrupted",
            )

    async def _made(self, relay: Relay, record: CallRecord, max_bytes: int) -> int:
        try:
            async with relay.answer(self._task.to_make(), record, self._keeper) as reply:
                size = await self._written(reply, max_bytes)
            await to_thread(self._unfinished.replace, self._store.content(self._task.id))
        except OSError as error:
            why = error.strerror or type(error).__name__
            raise Unavailable(f"It cannot be kept: {why} (tasks.folder).", code="tasks_unavailable") from error
        return size

    async def _written(self, reply: Reply, max_bytes: int) -> int:
        """Write what comes to a file, and say how many bytes it has."""
        assert reply.audio
        with await to_thread(_opened, self._unfinished) as file:
            async for chunk in after(reply.audio.first, reply.audio.rest):
                await to_thread(file.write, chunk)
                reply.record.bytes_out += len(chunk)
                if reply.record.bytes_out > max_bytes:
                    raise Unavailable(
                        f"The audio has more than {max_bytes:,} bytes (tasks.max_bytes).", code="too_large"
                    )
            await to_thread(_synced, file)
        return reply.record.bytes_out

    async def _failed(self, record: CallRecord, error: Any) -> None:
        if record.outcome == "unfinished":
            record.outcome, record.status = "failed", 500
        await self._ended(record, status="failed", error=msgspec.json.encode(error))

    async def _ended(self, record: CallRecord, **how: Any) -> None:
        """How it ended, on disk. Where that cannot be written it is tried again; else the next process finds it."""
        told = {
            "ended_at": datetime.now(UTC).timestamp(),
            "target": record.target,
            "dropped": ", ".join(record.dropped),
            "cost_usd": record.cost_usd,
            "cost_basis": record.cost_basis,
            "sent": None,
        }
        for more in reversed(range(TRIES)):
            with suppress(Unavailable):
                await self._store.change(self._task.id, self._holder, **told, **how)
                return
            if more:
                await asyncio.sleep(AGAIN_S)


def _size_of(path: Path) -> int | None:
    """Of a content that is whole: it was made in another life, whose end nobody could note."""
    try:
        return path.stat().st_size
    except OSError:
        return None


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _synced(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
