"""What parent and workers say to each other, over a pair of sockets for each worker: messages, and where one ends.

What lives here: values and bytes. Who says what when: `supervisor` and `hub` in the parent, `link` in a worker.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
from msgspec import Raw, Struct

__all__ = ["Adopted", "Everybodys", "Figures", "Frames", "Message", "Tell", "WhoTells", "packed"]

LENGTH_BYTES = 4


class WhoTells(Struct, frozen=True, tag=True):
    """A worker asks for everybody's figures. `number`: its own, which the answer has again."""

    number: int


class Everybodys(Struct, frozen=True, tag=True):
    """The parent's answer to that: one snapshot for each process, as it came."""

    number: int
    snapshots: list[Raw]


class Tell(Struct, frozen=True, tag=True):
    """The parent asks a worker for its own figures."""

    number: int


class Figures(Struct, frozen=True, tag=True):
    """A worker's answer to that."""

    number: int
    snapshot: Raw


class Adopted(Struct, frozen=True, tag=True):
    """A worker has taken a new table."""


Message = WhoTells | Everybodys | Tell | Figures | Adopted

_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Message)


def packed(message: Message) -> bytes:
    """A message as it is sent."""
    body = _encoder.encode(message)
    return len(body).to_bytes(LENGTH_BYTES, "big") + body


class Frames:
    """What has been received, as far as it is whole."""

    def __init__(self) -> None:
        self._received = bytearray()

    def fed(self, data: bytes) -> Iterator[Message]:
        """The messages that are whole by now."""
        self._received += data
        while len(self._received) >= LENGTH_BYTES:
            end = LENGTH_BYTES + int.from_bytes(self._received[:LENGTH_BYTES], "big")
            if len(self._received) < end:
                return
            body = bytes(self._received[LENGTH_BYTES:end])
            del self._received[:end]
            yield _decoder.decode(body)
