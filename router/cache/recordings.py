"""One recording for all who ask for the same: from the store, from a production that is under way, or from a new one.

What lives here: productions and those who listen to them. What is produced is the caller's business, where it is kept
the store's, which may be any of aiocache's: whatever goes wrong there, the call goes on without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from tempfile import SpooledTemporaryFile
from typing import Any, Literal

import structlog
from aiocache.base import BaseCache

__all__ = ["Listening", "Produce", "Recordings"]

STEP_BYTES = 64 * 1024
IN_MEMORY_BYTES = 256 * 1024
MOST_AHEAD_BYTES = 4 * 1024 * 1024
"""How far a production may be before the fastest who listens: a slow reader does not let a vendor pour out all."""

How = Literal["hit", "joined", "miss"]

Produce = Callable[[AsyncExitStack], Coroutine[Any, Any, AsyncIterator[bytes]]]
"""Opens a stream that has begun; what must be closed after its end is left with the stack."""

_log = structlog.get_logger("audio_router.cache")


class Recordings:
    """All recordings of a process. `largest`: bytes beyond which one is not kept, at the moment.

    The store gives back bytes as they were: one that is not in memory needs a serializer without an encoding.
    """

    def __init__(self, store: BaseCache, largest: Callable[[], int]) -> None:
        self._store = store
        self._largest = largest
        self._productions: dict[str, _Production] = {}

    @asynccontextmanager
    async def listening(self, key: str, ttl_s: float, produce: Produce) -> AsyncIterator[Listening]:
        """Listen to the recording of that key; only the store is waited for, not the first bytes.

        The last to leave the context before the end ends the production, and waits until it is closed.
        """
        is_first = key not in self._productions
        if is_first:
            self._productions[key] = _Production(lambda made: self._run(made, key, ttl_s, produce))
        production = self._productions[key]
        head = production.join()
        try:
            await production.is_looked_up.wait()
            async with aclosing(production.chunks(head)) as chunks:
                yield Listening("hit" if production.is_kept else "miss" if is_first else "joined", chunks)
        finally:
            production.leave(head)
            if production.is_abandoned:
                self._forget(key, production)  # who comes now starts anew
                await production.end()

    async def _run(self, production: _Production, key: str, ttl_s: float, produce: Produce) -> None:
        """Look it up, or else produce it and keep it: one step after the other, so that no twin falls in between."""
        try:
            kept = await self._kept(key)
            production.looked_up(kept)
            if kept is None:
                await production.record(produce)
                if production.size_bytes <= self._largest():
                    await self._keep(key, production, ttl_s)
        finally:
            self._forget(key, production)

    async def _kept(self, key: str) -> bytes | None:
        try:
            kept = await self._store.get(key)
        except Exception as error:  # noqa: BLE001 - whatever a store raises, the call needs none
            _log.warning("recording not looked up", why=repr(error))
            return None
        return kept if isinstance(kept, bytes) else None

    async def _keep(self, key: str, production: _Production, ttl_s: float) -> None:
        try:
            await self._store.set(key, production.whole(), ttl=ttl_s)
        except Exception as error:  # noqa: BLE001 - as above
            _log.warning("recording not kept", why=repr(error))

    def _forget(self, key: str, production: _Production) -> None:
        if self._productions.get(key) is production:
            del self._productions[key]


class Listening:
    """What one of them hears: from the beginning, at its own pace. Raises what the production raises."""

    def __init__(self, how: How, chunks: AsyncIterator[bytes]) -> None:
        self.how = how
        self._chunks = chunks

    def chunks(self) -> AsyncIterator[bytes]:
        """The bytes; to be read once, within the context."""
        return self._chunks


class _Production:
    """A recording that is looked up or produced in a task of its own, and heard by any number from its beginning."""

    def __init__(self, run: Callable[[_Production], Coroutine[Any, Any, None]]) -> None:
        self.is_looked_up = asyncio.Event()
        self.size_bytes = 0
        self._kept: bytes | None = None
        self._is_whole = False
        self._spool = SpooledTemporaryFile(max_size=IN_MEMORY_BYTES)  # noqa: SIM115 - closed when nobody listens
        self._heads: dict[object, int] = {}
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._task = asyncio.get_running_loop().create_task(run(self))
        self._task.add_done_callback(self._over)

    # ------------------------------------------------------------------ its listeners

    @property
    def is_kept(self) -> bool:
        """Whether the store had it."""
        return self._kept is not None

    @property
    def is_abandoned(self) -> bool:
        """Whether there is more to come and nobody to hear it."""
        return not self._heads and not self._is_whole

    def join(self) -> object:
        """Be one of its listeners: the name of one's place in it."""
        head = object()
        self._heads[head] = 0
        return head

    def leave(self, head: object) -> None:
        """Be none any more."""
        del self._heads[head]
        self._close_if_over()

    async def chunks(self, head: object) -> AsyncGenerator[bytes]:
        """What has come and what comes. Raises what the production raises."""
        if self._kept is not None:
            for at in range(0, len(self._kept), STEP_BYTES):
                yield self._kept[at : at + STEP_BYTES]
            return
        while True:
            news = self._news
            while (at := self._heads[head]) < self.size_bytes:
                self._spool.seek(at)
                chunk = self._spool.read(STEP_BYTES)
                self._heads[head] = at + len(chunk)
                self._room.set()
                yield chunk
            if self._is_whole:
                return
            if self._task.done():
                self._task.result()
            await news.wait()

    # ------------------------------------------------------------------ its making

    def looked_up(self, kept: bytes | None) -> None:
        """Take what the store has; None: it is to be produced."""
        self._kept = kept
        self._is_whole = kept is not None
        self.is_looked_up.set()

    async def record(self, produce: Produce) -> None:
        """Produce it, from the opening to the closing of what is produced."""
        async with AsyncExitStack() as held:
            async for chunk in await produce(held):
                self._spool.seek(self.size_bytes)
                self._spool.write(chunk)
                self.size_bytes += len(chunk)
                self._tell()
                while self.size_bytes - max(self._heads.values(), default=0) > MOST_AHEAD_BYTES:
                    self._room.clear()
                    await self._room.wait()
        self._is_whole = True
        self._tell()

    def whole(self) -> bytes:
        """All that was produced."""
        self._spool.seek(0)
        return self._spool.read()

    async def end(self) -> None:
        """Break it off, and wait until all is closed; who is cancelled while waiting does not disturb the closing."""
        self._task.cancel()
        await asyncio.wait([self._task])

    def _over(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # asked for here, for there may be nobody else to ask
        self._tell()
        self._close_if_over()

    def _close_if_over(self) -> None:
        if self._task.done() and not self._heads:
            self._spool.close()

    def _tell(self) -> None:
        """Wake those who wait; who comes to wait later waits for the next news."""
        self._news.set()
        self._news = asyncio.Event()
