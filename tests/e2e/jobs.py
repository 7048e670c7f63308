"""A vendor with jobs, played by a scripted server: what it is asked, counted by what it is for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from aiohttp import web

from tests.conftest import KEY
from tests.fakes import Answer, Upstream, audio, document

MODEL = "minimax/music-1.5"
CREATE = f"/models/{MODEL}/predictions"
SONG = b"ID3" + bytes(range(256)) * 40


def entry(upstream: Upstream) -> str:
    """How the vendor stands in a table."""
    return f"{{like: replicate, base_url: '{upstream.url}', api_key: {KEY}}}"


class Jobs:
    """Every job is polled `polls` times before it is done. `gate`: it is not done before this is set."""

    def __init__(self, upstream: Upstream, *, polls: int = 1, song: bytes = SONG) -> None:
        self.upstream = upstream
        self.polls = polls
        self.gate = asyncio.Event()
        self.gate.set()
        self.is_broken = False
        self.result: Answer = audio(song)
        self._asked = 0
        upstream.answers(self.answer)

    def count(self, what: Callable[[str, str], bool]) -> int:
        return sum(what(one.method, one.path) for one in self.upstream.seen)

    @property
    def created(self) -> int:
        return self.count(lambda method, path: method == "POST" and path.endswith("/predictions"))

    @property
    def cancelled(self) -> int:
        return self.count(lambda method, path: path.endswith("/cancel"))

    @property
    def polled(self) -> int:
        return self.count(lambda method, path: method == "GET" and path.startswith("/predictions/"))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.raw_path
        if path.endswith("/predictions"):
            return await document(self._told("starting"), 201)(request)
        if path.endswith("/cancel"):
            return await document(self._told("canceled"))(request)
        if path.startswith("/predictions/"):
            self._asked += 1
            is_done = self._asked >= self.polls and self.gate.is_set()
            state = "failed" if is_done and self.is_broken else "succeeded" if is_done else "processing"
            return await document(self._told(state))(request)
        return await self.result(request)

    def _told(self, state: str) -> dict[str, Any]:
        return {
            "id": "p1",
            "status": state,
            "output": f"{self.upstream.url}/files/song.mp3" if state == "succeeded" else None,
            "error": "out of tune" if state == "failed" else None,
            "metrics": {"predict_time": 4.0},
        }
