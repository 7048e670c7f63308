"""Who is inside: the calls under way, how many there may be, and whether any more are taken in.

What lives here: counting. Who counts the calls in the background: `tasks`. What ends a process: `api.server`.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager

from router.routing.plan import KINDS
from router.wire.errors import CallError, Unavailable

__all__ = ["Gate", "Stopping"]


class Stopping(CallError):
    """The server ends before the call does. Another one may be there in a second: clients come back by themselves."""

    status = 503
    type = "server_error"

    def __init__(self) -> None:
        headers = {"retry-after": "1", "connection": "close"}
        super().__init__("The server is shutting down.", code="shutting_down", headers=headers)


class Gate:
    """What every call goes through; one for a process. `is_closed`: the process drains."""

    def __init__(self) -> None:
        self._inside: dict[str, int] = dict.fromkeys(KINDS, 0)
        self.is_closed = False

    @property
    def inside(self) -> Mapping[str, int]:
        """How many calls are under way, by kind."""
        return self._inside

    def close(self) -> None:
        """Let nobody in from now on; whoever is inside goes on."""
        self.is_closed = True

    def passed(self, kind: str, most: int) -> AbstractContextManager[None]:
        """Be inside while the context lasts. Raises `Stopping`, or `Unavailable` where `most` are inside already."""
        if self.is_closed:
            raise Stopping
        if sum(self._inside.values()) >= most:
            message = f"The server has as many calls as it takes at once: {most:,} (server.max_calls)."
            raise Unavailable(message, code="too_many_calls", headers={"retry-after": "1"})
        return _Inside(self._inside, kind)


class _Inside:
    """One who is inside."""

    __slots__ = ("_counts", "_kind")

    def __init__(self, counts: dict[str, int], kind: str) -> None:
        self._counts = counts
        self._kind = kind

    def __enter__(self) -> None:
        self._counts[self._kind] += 1

    def __exit__(self, *_: object) -> None:
        self._counts[self._kind] -= 1
