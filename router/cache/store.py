"""A cache in memory with a bound, behind aiocache's interface: any other cache of that library can stand in for it.

What lives here: which bytes stay. aiocache's own memory cache keeps everything until its time is over.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import Any

from aiocache.base import BaseCache
from aiocache.serializers import NullSerializer
from msgspec import Struct

__all__ = ["BoundedMemoryCache"]


class _Entry(Struct, frozen=True):
    value: bytes
    size: int
    until: float


class BoundedMemoryCache(BaseCache):  # type: ignore[misc]  # aiocache has no types
    """Bytes by text; `max_bytes` of keys and values together, of which the least recently used go first.

    A value beyond a quarter of the bound is not kept: it would cost too many others their place. `clock`: seconds.
    """

    NAME = "bounded-memory"

    def __init__(self, max_bytes: int, *, clock: Callable[[], float] = time.monotonic, **options: Any) -> None:
        super().__init__(serializer=NullSerializer(), **options)
        self._max_bytes = max_bytes
        self._clock = clock
        self._entries: OrderedDict[str, _Entry] = OrderedDict()
        self.size_bytes = 0

    @property
    def largest(self) -> int:
        """Bytes of a value that is still kept."""
        return self._max_bytes // 4

    def resize(self, max_bytes: int) -> None:
        """Let this be the bound from now on."""
        self._max_bytes = max_bytes
        self._make_room()

    async def _get(self, key: str, encoding: str | None = None, _conn: object = None) -> bytes | None:  # noqa: ARG002
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry.until <= self._clock():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry.value

    async def _gets(self, key: str, encoding: str | None = None, _conn: object = None) -> bytes | None:
        """A value as the token that `_set` compares with."""
        return await self._get(key, encoding)

    async def _multi_get(
        self,
        keys: Iterable[str],
        encoding: str | None = None,  # noqa: ARG002
        _conn: object = None,
    ) -> list[bytes | None]:
        return [await self._get(key) for key in keys]

    async def _exists(self, key: str, _conn: object = None) -> bool:
        entry = self._entries.get(key)
        return entry is not None and entry.until > self._clock()

    async def _set(
        self, key: str, value: bytes, ttl: float | None = None, _cas_token: bytes | None = None, _conn: object = None
    ) -> bool:
        if _cas_token is not None and _cas_token != await self._get(key):
            return False
        self._drop(key)
        if len(value) > self.largest:
            return False
        size = len(key.encode()) + len(value)
        self._entries[key] = _Entry(value, size, self._clock() + (ttl or float("inf")))
        self.size_bytes += size
        self._make_room()
        return True

    async def _multi_set(
        self, pairs: Iterable[tuple[str, bytes]], ttl: float | None = None, _conn: object = None
    ) -> bool:
        for key, value in pairs:
            await self._set(key, value, ttl)
        return True

    async def _add(self, key: str, value: bytes, ttl: float | None = None, _conn: object = None) -> bool:
        if await self._exists(key):
            raise ValueError(f"Key {key} already exists, use .set to update the value")
        return await self._set(key, value, ttl)

    async def _expire(self, key: str, ttl: float | None, _conn: object = None) -> bool:
        if not await self._exists(key):
            return False
        entry = self._entries[key]
        self._entries[key] = _Entry(entry.value, entry.size, self._clock() + (ttl or float("inf")))
        return True

    async def _delete(self, key: str, _conn: object = None) -> int:
        return self._drop(key)

    async def _clear(self, namespace: str | None = None, _conn: object = None) -> bool:
        for key in [key for key in self._entries if key.startswith(namespace or "")]:
            self._drop(key)
        return True

    def _drop(self, key: str) -> int:
        entry = self._entries.pop(key, None)
        if entry is None:
            return 0
        self.size_bytes -= entry.size
        return 1

    def _make_room(self) -> None:
        while self.size_bytes > self._max_bytes:
            self._drop(next(iter(self._entries)))
