"""The one-method seam between an attempt and whatever carries it: HTTP, or a child program.

What lives here: the finished request, the opened answer, the promise both transports keep. No I/O.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from router.wire.arriving import Passing
from router.wire.upload import Inline, Upload

__all__ = ["Body", "Outgoing", "Part", "Patience", "Response", "Transport", "size_of"]

Part = bytes | Upload | Inline | Passing
Body = bytes | Sequence[Part]
"""Bytes, or bytes and uploads in the order in which they go out; what is `Passing` still arrives, and is the last."""


def size_of(body: Body) -> int | None:
    """Bytes of a body; None where they are not known before it has been sent."""
    if isinstance(body, bytes):
        return len(body)
    sizes = [len(part) if isinstance(part, bytes) else part.size for part in body]
    return None if None in sizes else sum(size for size in sizes if size)


class Outgoing(Struct, frozen=True):
    """A request as it leaves: nothing is added to it after this. For a child program `url` is its name.

    `is_once`: it makes something that must not be made twice, so that it is never sent again on the chance that it did
    not arrive. `is_foreign`: it goes where a vendor's answer says, which is never connected to in our own network.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: Body
    is_once: bool = False
    is_foreign: bool = False

    def __repr__(self) -> str:
        """Without our key, which tracebacks may show."""
        return f"Outgoing({self.method}, {len(self.headers)} headers)"


class Patience(Struct, frozen=True, gc=False):
    """How long (seconds) a transport waits by itself: to connect, and between two chunks of an answer once begun."""

    connect_s: float
    silence_s: float


class Response(Protocol):
    """An answer whose head has arrived."""

    @property
    def status(self) -> int:
        """HTTP status; 200 for a child program that answers."""

    @property
    def headers(self) -> Mapping[str, str]:
        """By their names in lower case; of several of one name the first."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, never empty chunks. Raises `Fault` when it breaks off or falls silent."""


class Transport(Protocol):
    """Sends one request. Leaving the context early ends the call at the vendor at once."""

    def send(
        self, request: Outgoing, patience: Patience, on_sent: Callable[[], None]
    ) -> AbstractAsyncContextManager[Response]:
        """Open the answer; `on_sent` is called once the vendor has the whole request.

        Raises `Fault` (CONNECT, TIMEOUT, GARBLED). Any status is an answer, not a fault.
        """

    async def close(self) -> None:
        """End everything that is still open."""
