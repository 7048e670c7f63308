"""A file while it grows: in memory up to a bound, then in a temporary file that has no name on the disk.

What lives here: where the bytes of an upload lie. Whose they are, and what they mean, is `upload`'s and `api`'s.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections import deque
from collections.abc import Sequence
from typing import BinaryIO, cast

from router.wire.containers import HEAD_BYTES, described
from router.wire.errors import TooLarge
from router.wire.upload import STEP_BYTES, Upload

__all__ = ["IN_MEMORY_BYTES", "Spool", "Whole", "file_too_large"]

Whole = bytes | mmap.mmap

IN_MEMORY_BYTES = 256 * 1024
"""Most spoken commands fit; what is longer goes to a temporary file."""
WRITE_BYTES = 64 * 1024
"""What is gathered then before it is written: what has only just come is still in the processor's cache."""
MOST_AT_ONCE = 512  # pieces in one call of the system, which takes 1,024


def file_too_large(max_bytes: int) -> TooLarge:
    """What is said of a file beyond `max_upload`, wherever it comes from."""
    return TooLarge(f"The file is larger than {max_bytes:,} bytes, which is the most this server takes.")


class Spool:
    """A growing file, of which the newest pieces are in memory: who reads along gets them as they came."""

    def __init__(self, max_bytes: int) -> None:
        self.size = 0
        self._max_bytes = max_bytes
        self._pieces: deque[bytes] = deque()
        self._pieces_at = 0  # where they begin; what is before that is in the file
        self._file: BinaryIO | None = None

    def write(self, piece: bytes) -> None:
        """Append. Raises `TooLarge`."""
        self.size += len(piece)
        if self.size > self._max_bytes:
            raise file_too_large(self._max_bytes)
        self._pieces.append(piece)
        if self.size - self._pieces_at > (IN_MEMORY_BYTES if self._file is None else WRITE_BYTES):
            newest = self._pieces.pop()  # about to be read by who reads along
            self._to_file()
            self._pieces.append(newest)

    def piece_at(self, offset: int) -> bytes:
        """What follows there, as far as it is at hand; empty where nothing does yet."""
        if offset < self._pieces_at:
            assert self._file is not None
            return os.pread(self._file.fileno(), min(STEP_BYTES, self._pieces_at - offset), offset)
        at = self._pieces_at
        for piece in self._pieces:
            if offset < at + len(piece):
                return piece[offset - at :] if offset > at else piece
            at += len(piece)
        return b""

    def end(self) -> None:
        """Nothing more will come: let all of it lie in one place."""
        if self._file is not None:
            self._to_file()
        else:
            self._pieces = deque([b"".join(self._pieces)])

    def to_upload(self, name: str, content_type: str) -> Upload:
        """The upload that this has become, which owns the file from now on."""
        self.end()
        source = self._pieces[0] if self._file is None else self._file
        return Upload(*described(name, content_type, Upload(name, content_type, source).read_at(0, HEAD_BYTES)), source)

    def whole(self) -> Whole:
        """All of it, mapped where it is in a file; to be let go of, not closed."""
        self.end()
        if self._file is None:
            return self._pieces[0]
        return mmap.mmap(self._file.fileno(), 0, access=mmap.ACCESS_READ)

    def close(self) -> None:
        """Give the temporary file back; once it is an upload's, that is the upload's to do."""
        if self._file is not None:
            self._file.close()

    def _to_file(self) -> None:
        if self._file is None:
            self._file = cast("BinaryIO", tempfile.TemporaryFile(buffering=0))  # noqa: SIM115 - the upload closes it
        pieces = list(self._pieces)
        for start in range(0, len(pieces), MOST_AT_ONCE):
            _append(self._file.fileno(), pieces[start : start + MOST_AT_ONCE])
        self._pieces_at += sum(map(len, pieces))
        self._pieces.clear()


def _append(descriptor: int, pieces: Sequence[bytes]) -> None:
    """All of them, as they are; a disk that is nearly full takes a part of it before it fails."""
    written = os.writev(descriptor, pieces)
    if written < sum(map(len, pieces)):
        rest = memoryview(b"".join(pieces))[written:]
        while rest:
            rest = rest[os.write(descriptor, rest) :]
