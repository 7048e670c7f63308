"""What our own server knows of a request beside ASGI's messages. Under any other server nobody asks for it.

What lives here: the words between `cycle`, which offers it as an extension of ASGI, and `exchange`, which asks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from router.wire.flows import Taker

__all__ = ["OWN_SERVER", "OwnServer"]

OWN_SERVER = "audio_router.server"
"""The extension's name; what it holds is an `OwnServer`."""


class OwnServer(Taker, Protocol):
    """A request, and its reply: `take` sends a piece of its body, behind which there are more."""

    sent_bytes: int
    """Of the reply's body."""

    def in_hand(self) -> bytes | None:
        """The whole body, where nothing of it has to be waited for and nothing was taken."""

    async def go_on(self, body: bytes, *, is_more: bool) -> None:
        """What a message with a piece of a reply's body does."""

    def tell_departure(self, tell: Callable[[], None] | None) -> None:
        """Call it when the client goes, until it is taken back. Waiting for the message would take a task."""
