"""What outlives a request: how far it has come, and who keeps it beyond this process.

What lives here: the values and the promises between who speaks to a vendor and who waits for it. Nothing is kept here.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum

from msgspec import Struct

from router.vendors.spec import Interim, Progress

__all__ = ["NOBODY", "Course", "Keeper", "Stage"]


class Stage(Enum):
    """How far a vendor's job is, as far as that is known here."""

    NONE = 0  # nothing is there
    POSSIBLE = 1  # it was asked for, and nobody knows whether it is there
    BEGUN = 2  # it is there
    OVER = 3  # it has failed, by the vendor's own word
    MADE = 4  # it is done, and its result has still to be fetched


class Course(Struct):
    """How far one request has come; what is true of it stays true when it fails."""

    stage: Stage = Stage.NONE

    @property
    def may_exist(self) -> bool:
        """Whether asking again might make a second one."""
        return self.stage is not Stage.NONE

    @property
    def is_owed(self) -> bool:
        """Whether the vendor may bill what has been made of it."""
        return self.stage in (Stage.BEGUN, Stage.MADE)


class Keeper:
    """Who keeps a call beyond the request that brought it, or just watches it: by default nobody does."""

    is_lasting = False
    """The call does not end with this process: nothing of it is given up as long as its time is not over."""
    begun_at: str | None = None
    """The target that has the job already, from another life."""

    def leaves_jobs(self) -> bool:
        """Whether who stops waiting now leaves the job at the vendor: somebody else will ask for it."""
        return False

    def recalled(self, target: str) -> Sequence[Interim]:  # noqa: ARG002 - of nobody
        """The answers of the target's steps, but for polls, that were `answered` before, in another life."""
        return ()

    async def sending(self, target: str) -> None:
        """Something that must not happen twice is about to be sent. What this raises keeps it from being sent."""

    async def answered(self, target: str, answer: Interim) -> None:
        """A step was answered; of a job, it is there."""

    async def failed(self, target: str) -> None:
        """Nothing will come of it there."""

    def progressed(self, progress: Progress) -> None:
        """How far it is."""


NOBODY = Keeper()
