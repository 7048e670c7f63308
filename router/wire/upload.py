"""The client's file, once received: a name, a type, a size, and bytes that can be read any number of times.

Reading is by offset, so that several attempts may replay the same upload, one after the other or at once.
"""

from __future__ import annotations

import os
from base64 import b64encode
from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["STEP_BYTES", "Inline", "Upload"]

STEP_BYTES = 256 * 1024


class Upload:
    """An upload at rest. `source` is the bytes themselves or an open file that the upload owns from now on.

    A plain class on purpose: msgspec would silently encode a struct as JSON.
    """

    __slots__ = ("_source", "content_type", "is_measured", "name", "seconds", "size")

    def __init__(self, name: str, content_type: str, source: bytes | BinaryIO) -> None:
        self.name = name
        self.content_type = content_type
        self._source = source
        self.seconds: float | None = None
        """How long its audio is, where somebody had to find out (`is_measured`) and could."""
        self.is_measured = False
        self.size: int = len(source) if isinstance(source, bytes) else os.fstat(source.fileno()).st_size

    @property
    def is_whole(self) -> bool:
        """Whether all of it is here; else it is `arriving`."""
        return True

    def read_at(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; empty at the end."""
        if isinstance(self._source, bytes):
            return self._source[offset : offset + size]
        return os.pread(self._source.fileno(), size, offset)

    def chunks(self, step: int = STEP_BYTES) -> Iterator[bytes]:
        """The whole upload from its start, in pieces of `step` bytes."""
        for offset in range(0, self.size, step):
            yield self.read_at(offset, step)

    def close(self) -> None:
        """Give the temporary file back; the bytes are gone then."""
        if not isinstance(self._source, bytes):
            self._source.close()


class Inline:
    """An upload that is written into a text, in base64 behind `prefix`; it is encoded while it is sent.

    `size` and `chunks` are those of the text.
    """

    __slots__ = ("prefix", "size", "upload")

    def __init__(self, upload: Upload, prefix: str = "") -> None:
        self.upload = upload
        self.prefix = prefix
        self.size = len(prefix.encode()) + (upload.size + 2) // 3 * 4

    def chunks(self, step: int = STEP_BYTES) -> Iterator[bytes]:
        """The text from its start, in pieces of about `step` bytes."""
        if self.prefix:
            yield self.prefix.encode()
        for chunk in self.upload.chunks(
            step // 4 * 3
        ):  # whole groups of three, so that nothing is padded before the end
            yield b64encode(chunk)
