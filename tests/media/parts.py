"""Speech in parts to test with: parts that keep account of what became of them, and what comes of them joined."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from router.media.join import joined
from router.media.paths import SPEECH, Shape


class Part:
    """Chunks as a vendor's answer gives them, and what became of it."""

    def __init__(self, *chunks: bytes, error: Exception | None = None, stays_open: bool = False) -> None:
        self.asked = 0
        self.is_closed = False
        self.is_waiting = asyncio.Event()
        self._chunks = chunks
        self._error = error
        self._stays_open = stays_open

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            for chunk in self._chunks:
                self.asked += 1
                yield chunk
            self.asked += 1
            self.is_waiting.set()
            if self._stays_open:
                await asyncio.Event().wait()
            if self._error:
                raise self._error
        finally:
            self.is_closed = True


class Parts:
    """Parts that follow each other, and what became of them."""

    def __init__(self, *parts: Part, error: Exception | None = None) -> None:
        self.asked = 0
        self.is_closed = False
        self._parts = parts
        self._error = error

    async def streams(self) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            for part in self._parts:
                self.asked += 1
                yield part.chunks()
            if self._error:
                raise self._error
        finally:
            self.is_closed = True


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


async def outputs_of(parts: Parts, source, wanted, shape: Shape = SPEECH) -> list[bytes]:
    return [output async for output in joined(parts.streams(), source, wanted, shape)]
