"""The stock Python SDK, blocking and asynchronous, behind one face: a promise is tested once and kept by both.

What lives here: the awaiting of calls that block, each in a thread, as programs without a loop make them.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Protocol

from openai import AsyncOpenAI, OpenAI

__all__ = ["AsyncStock", "Stock", "SyncStock"]

_END = object()


class Stock(Protocol):
    """A client at one router. `client` is the SDK's own."""

    client: Any

    async def call(self, use: Callable[[Any], Any]) -> Any:
        """What `use(client)` gives."""

    def entered(self, manager: Any) -> AbstractAsyncContextManager[Any]:
        """The reply of a `with_streaming_response` call, open."""

    def each(self, items: Any) -> AsyncIterator[Any]:
        """Items as they come: chunks of a body, events of a stream."""

    async def close(self) -> None:
        """Let the connections go."""


class SyncStock:
    """`openai.OpenAI`."""

    def __init__(self, base_url: str, *, api_key: str = "sk-anything", **options: Any) -> None:
        self.client = OpenAI(base_url=base_url, api_key=api_key, **options)

    async def call(self, use: Callable[[Any], Any]) -> Any:
        return await asyncio.to_thread(use, self.client)

    @asynccontextmanager
    async def entered(self, manager: Any) -> AsyncIterator[Any]:
        reply = await asyncio.to_thread(manager.__enter__)
        try:
            yield reply
        finally:
            await asyncio.to_thread(manager.__exit__, None, None, None)

    async def each(self, items: Iterable[Any]) -> AsyncIterator[Any]:
        iterator = iter(items)
        while (item := await asyncio.to_thread(next, iterator, _END)) is not _END:
            yield item

    async def close(self) -> None:
        self.client.close()


class AsyncStock:
    """`openai.AsyncOpenAI`."""

    def __init__(self, base_url: str, *, api_key: str = "sk-anything", **options: Any) -> None:
        self.client = AsyncOpenAI(base_url=base_url, api_key=api_key, **options)

    async def call(self, use: Callable[[Any], Any]) -> Any:
        return await use(self.client)

    def entered(self, manager: Any) -> AbstractAsyncContextManager[Any]:
        return manager

    def each(self, items: AsyncIterator[Any]) -> AsyncIterator[Any]:
        return items

    async def close(self) -> None:
        await self.client.close()
