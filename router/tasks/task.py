"""A task as it is kept: the call, how far it is, what came of it.

What lives here: values alone. Where they are kept: `store`; who changes them: `tasks`.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec
from msgspec import Struct

from router.routing.pricing import Basis
from router.vendors.spec import Interim
from router.wire.calls import SoundCall

__all__ = ["ACTIVE", "DATABASE", "Sent", "Status", "Task"]

DATABASE = "tasks.sqlite3"
"""The file in the folder; it stands here so that it can be looked for without loading what opens it."""

Status = Literal["queued", "running", "done", "failed", "cancelled"]
ACTIVE: tuple[Status, ...] = ("queued", "running")

_call = msgspec.json.Decoder(SoundCall)


class Sent(Struct, frozen=True):
    """What a vendor has been asked for that must not be asked for twice, and its answers so far: the job's id in them.

    `is_open`: something was sent, and its answer is not here: nobody knows whether it is there.
    """

    target: str
    answers: tuple[Interim, ...] = ()
    is_open: bool = False


class Task(Struct, frozen=True, kw_only=True):
    """One call in the background. Times are seconds since 1970, in UTC.

    `owner`: the name of the key that made it, and alone may see it; empty where no key is asked for. `progress`: 0 to 1
    where it is known. `error`: as in OpenAI's envelope. `size`: bytes of its content, once it is done.
    """

    id: str
    owner: str
    request_id: str
    kind: str
    model: str
    call: bytes
    created_at: float
    status: Status = "queued"
    progress: float | None = None
    sent: bytes | None = None
    target: str | None = None
    dropped: str = ""
    cost_usd: float | None = None
    cost_basis: Basis = "unpriced"
    error: bytes | None = None
    content_type: str | None = None
    size: int = 0
    ended_at: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether something may still come of it."""
        return self.status in ACTIVE

    def to_make(self) -> SoundCall:
        """The call itself."""
        return _call.decode(self.call)

    def was_sent(self) -> Sent | None:
        """What has gone out for it, as far as it must not go out again."""
        return msgspec.json.decode(self.sent, type=Sent) if self.sent else None

    def failure(self) -> dict[str, Any] | None:
        """Why nothing came of it."""
        return msgspec.json.decode(self.error) if self.error else None
