"""Standard error as several processes share it: whole lines, one process at a time.

What lives here: writing. A write of more than a pipe takes at once (4 KB) may be cut by another process's. So each is
made under a lock of the kernel's, which a process that dies lets go of.
"""

from __future__ import annotations

import fcntl
import io
import os
import tempfile
import threading
from typing import TextIO, cast

__all__ = ["whole_lines"]


def whole_lines(descriptor: int) -> TextIO:
    """A stream to a descriptor; make it before the processes that are to share it are forked."""
    return cast("TextIO", _WholeLines(descriptor))


class _WholeLines(io.TextIOBase):
    """Whatever is written in one piece comes out in one piece."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._lock = _nowhere()
        self._of_threads = threading.Lock()  # the kernel's is the whole process's

    def write(self, text: str) -> int:
        left = memoryview(text.encode("utf-8", "backslashreplace"))
        with self._of_threads:
            fcntl.lockf(self._lock, fcntl.LOCK_EX)
            try:
                while left:
                    left = left[os.write(self._descriptor, left) :]
            finally:
                fcntl.lockf(self._lock, fcntl.LOCK_UN)
        return len(text)

    def isatty(self) -> bool:
        return os.isatty(self._descriptor)


def _nowhere() -> int:
    """A file without a name, to be locked; in memory where the system has that, for no disk may be writable."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("lines")
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())
