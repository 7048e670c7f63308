"""What must be known of a call before it goes on, so that another process can go on with it.

What lives here: the notes that the relay's conversation with a vendor leaves of a task.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import msgspec

from router.tasks.store import Store
from router.tasks.task import Sent, Task
from router.upstream.conversation import Keeper
from router.vendors.spec import Interim, Progress

__all__ = ["TaskKeeper"]


class TaskKeeper(Keeper):
    """Keeps one task. What was sent and answered is on disk before the next step is taken."""

    def __init__(self, store: Store, task: Task, is_closing: Callable[[], bool]) -> None:
        self._store = store
        self._id = task.id
        self._sent = task.was_sent()
        self._is_closing = is_closing
        self.begun_at = self._sent.target if self._sent else None
        self.progress: Progress | None = None

    @property
    def leaves_jobs(self) -> bool:  # type: ignore[override]  # of nobody it never changes
        """When the process ends, the job goes on; when its owner has cancelled the task, it does not."""
        return self._is_closing()

    def recalled(self, target: str) -> Sequence[Interim]:
        """The answers from another life."""
        return self._sent.answers if self._sent and self._sent.target == target else ()

    async def sending(self, target: str) -> None:
        """See `Keeper`."""
        answers = self._sent.answers if self._sent and self._sent.target == target else ()
        await self._note(Sent(target, answers))

    async def answered(self, target: str, answer: Interim) -> None:
        """See `Keeper`."""
        before = self._sent.answers if self._sent and self._sent.target == target else ()
        await self._note(Sent(target, (*before, answer)))

    async def failed(self, target: str) -> None:
        """See `Keeper`."""
        if self._sent and self._sent.target == target:
            await self._note(None)

    def progressed(self, progress: Progress) -> None:
        """Told with the next beat."""
        self.progress = progress

    async def _note(self, sent: Sent | None) -> None:
        self._sent = sent
        await self._store.change(self._id, sent=msgspec.json.encode(sent) if sent else None)
