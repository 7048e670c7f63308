"""What must be known of a call before it goes on, so that another process can go on with it.

What lives here: the notes that the relay's conversation with a vendor leaves of a task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec
from msgspec.structs import replace

from router.tasks.store import Store
from router.tasks.task import Sent, Task
from router.upstream.keeping import Keeper
from router.vendors.spec import Interim, Progress
from router.wire.errors import Unavailable

__all__ = ["TaskKeeper"]


class TaskKeeper(Keeper):
    """Keeps one task. What was sent and answered is on disk before the next step is taken.

    `is_lost`: another process holds the task by now, and nothing that this one does may count.
    """

    is_lasting = True

    def __init__(self, store: Store, task: Task, holder: str, is_closing: Callable[[], bool]) -> None:
        self._store = store
        self._id = task.id
        self._holder = holder
        self._sent = task.was_sent()
        self._is_closing = is_closing
        self.begun_at = self._sent.target if self._sent else None
        self.progress: Progress | None = None
        self.is_lost = False

    @property
    def has_job(self) -> bool:
        """Whether another process could go on from here."""
        return self._sent is not None and bool(self._sent.answers) and not self._sent.is_open

    def leaves_jobs(self) -> bool:
        """When the process ends or has lost the task, the job goes on; when its owner has cancelled it, it does not."""
        return self.is_lost or self._is_closing()

    def recalled(self, target: str) -> Sequence[Interim]:
        """The answers from another life."""
        return self._of(target).answers

    async def sending(self, target: str) -> None:
        """See `Keeper`. Raises `Unavailable` where it may not be: the task has ended, or another process has it."""
        await self._note(replace(self._of(target), is_open=True))

    async def answered(self, target: str, answer: Interim) -> None:
        """See `Keeper`. Of a document the document alone is kept: there may be secrets in headers."""
        kept = Interim(answer.status, {}, b"" if answer.json is not None else answer.body, answer.json)
        await self._note(Sent(target, (*self._of(target).answers, kept)))

    async def failed(self, target: str) -> None:
        """See `Keeper`."""
        if self._sent and self._sent.target == target:
            await self._note(None)

    def progressed(self, progress: Progress) -> None:
        """Told with the next beat."""
        self.progress = progress

    def _of(self, target: str) -> Sent:
        return self._sent if self._sent and self._sent.target == target else Sent(target)

    async def _note(self, sent: Sent | None) -> None:
        document = msgspec.json.encode(sent) if sent else None
        if not await self._store.change(self._id, self._holder, sent=document):
            raise Unavailable("The task has ended, or another process sees to it.", code="task_lost")
        self._sent = sent
