"""Bytes on their way from a vendor to a client, which may be handed on in the moment in which they come.

What lives here: the seam between both ends. A stream that is read waits for each chunk, and whoever reads it is woken
for each; one that is poured is woken when it ends. Where chunks come from, and where they go: `upstream` and `api`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from typing import Protocol

__all__ = ["Flow", "Taker", "is_spent", "poured"]


class Taker(Protocol):
    """Where bytes go."""

    def take(self, chunk: bytes) -> bool:
        """Hand it on; whether there is room for more. What it raises reaches whoever pours."""

    async def room(self) -> None:
        """Wait until there is."""


class Flow(ABC, AsyncIterator[bytes]):
    """A stream that can also hand its chunks on by itself."""

    __slots__ = ()

    @property
    @abstractmethod
    def is_spent(self) -> bool:
        """Whether there are no more, as far as is known without waiting."""

    @abstractmethod
    async def pour(self, into: Taker) -> None:
        """Hand each on as it comes, up to the last. Raises what reading would raise, behind what had come before."""


async def poured(chunks: AsyncIterator[bytes], into: Taker) -> None:
    """All that is left of `chunks`, by themselves where they can."""
    if isinstance(chunks, Flow):
        await chunks.pour(into)
        return
    async for chunk in chunks:
        if not into.take(chunk):
            await into.room()


def is_spent(chunks: AsyncIterator[bytes]) -> bool:
    """Whether there are no more, as far as is known without waiting; not every stream can say."""
    return isinstance(chunks, Flow) and chunks.is_spent
