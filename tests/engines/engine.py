"""How a test talks to an engine: requests as the vendor `local` writes them, answers as they come."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from msgspec import Struct

from router.upstream.transport import Body
from router.wire.upload import Upload

SAMPLES_A_SECOND = 22_050


class Heard(Struct):
    """An engine's answer."""

    status: int
    content_type: str
    content: bytes

    @property
    def json(self) -> Any:
        return msgspec.json.decode(self.content)

    @property
    def error_code(self) -> str:
        assert (self.status, self.content_type) == (400, "application/json")
        return self.json["error"]["code"]

    @property
    def pcm(self) -> bytes:
        assert (self.status, self.content_type) == (200, "audio/pcm")
        return self.content

    @property
    def seconds(self) -> float:
        return len(self.pcm) / 2 / SAMPLES_A_SECOND


Ask = Callable[[str, Body], Awaitable[Heard]]


def speech(text: str, voice: str = "en-us", rate: int | None = None) -> bytes:
    return msgspec.json.encode({"text": text, "voice": voice} | ({} if rate is None else {"rate": rate}))


def file(content: bytes) -> list[Upload]:
    return [Upload("sound", "application/octet-stream", content)]
