"""Vendors that fail by lot, and by the same lots in every run: what a vendor does to a call is drawn from both names.

What lives here: the vendors. The calls, and what has to be true of them: `test_chaos`.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter

import msgspec
from aiohttp import web

from tests.fakes import Answer, audio, document
from tests.faults import BEFORE

__all__ = ["SEED", "WAYS", "ChaosVendor", "recording_of", "song_of"]

SEED = 6
WAYS = (
    "reset-before-answer",
    "close-before-answer",
    "stall",
    "status-429",
    "status-500",
    "status-503",
    "html-200",
    "empty-200",
    "short-of-its-length",
    "tls-on-http",
)
"""What may happen before commit. A refused key would keep a vendor out for minutes: that is tested elsewhere."""
CALL = re.compile(rb"call-\d+")
CHUNK_BYTES = 4096


def recording_of(vendor: str, call: str) -> bytes:
    """What a vendor speaks for a call: nobody else's bytes are the same."""
    lot = random.Random(f"{SEED} {vendor} {call}")
    return b"ID3" + lot.randbytes(lot.randrange(2_000, 60_000))


def song_of(vendor: str, call: str) -> bytes:
    """What its job makes."""
    return recording_of(f"{vendor} sings", call)


class ChaosVendor:
    """One vendor: speech and transcripts in OpenAI's words, jobs in Replicate's. `share` of what it is asked fails.

    What a request is for is known by its call's name, which is in the text and in the upload. Only what begins a call
    may fail: that is an attempt.
    """

    def __init__(self, name: str, share: float) -> None:
        self.name = name
        self.url = ""
        self.asked = 0
        self.faults: Counter[str] = Counter()
        self._share = share

    async def answer(self, request: web.Request) -> web.StreamResponse:
        path = request.path
        if path.startswith("/predictions/"):
            return await document(self._job(path.rpartition("/")[2], is_done=True))(request)
        if path.startswith("/songs/"):
            return await self._spoken(song_of(self.name, path.rpartition("/")[2]))(request)
        body = await request.read()
        found = CALL.search(body)
        assert found, path
        call = found[0].decode()
        self.asked += 1
        if way := self._drawn(path, call):
            self.faults[way] += 1
            return await BEFORE[way].answer(request)
        if path.endswith("/predictions"):
            return await document(self._job(call, is_done=False), 201)(request)
        if path.endswith("/transcriptions"):
            return await document({"text": f"{self.name} {digest(file_in(body))}"})(request)
        return await self._spoken(recording_of(self.name, call))(request)

    def _drawn(self, path: str, call: str) -> str | None:
        lot = random.Random(f"{SEED} {self.name} {path} {call}")
        return lot.choice(WAYS) if lot.random() < self._share else None

    def _spoken(self, sound: bytes) -> Answer:
        return audio(*(sound[start : start + CHUNK_BYTES] for start in range(0, len(sound), CHUNK_BYTES)))

    def _job(self, call: str, *, is_done: bool) -> dict[str, object]:
        return {
            "id": call,
            "status": "succeeded" if is_done else "starting",
            "output": f"{self.url}/songs/{call}" if is_done else None,
            "error": None,
            "metrics": {"predict_time": 1.0},
        }


def file_in(form: bytes) -> bytes:
    """The file of a multipart form, as it came."""
    boundary = form[: form.index(b"\r\n")]
    part = next(part for part in form.split(boundary) if b"filename=" in part.partition(b"\r\n\r\n")[0])
    return part.partition(b"\r\n\r\n")[2].removesuffix(b"\r\n")


def digest(data: bytes) -> str:
    """What tells one upload from all others, to the byte."""
    return hashlib.sha256(data).hexdigest()


def told(value: object) -> str:
    """For what is printed."""
    return msgspec.json.encode(value).decode()
