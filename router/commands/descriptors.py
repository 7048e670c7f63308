"""Room for the file descriptors of as many calls as a process takes at once.

What lives here: the process's own limit, and the kernel's table behind it. How many calls there may be is the table's.
"""

from __future__ import annotations

import os
from contextlib import suppress

import structlog

__all__ = ["make_room"]

OF_A_CALL = 3
"""Its client's, its vendor's, and its upload's spool."""
OTHERS = 256
"""What a process has besides: idle clients, kept connections, its log."""
LARGEST_TABLE = 65_536
"""Made beforehand, at 8 bytes each."""

_log = structlog.get_logger("audio_router.table")


def make_room(calls: int) -> None:
    """Let so many calls have the descriptors they need, as far as the system allows; say where it does not.

    A shell's usual limit is 1,024, and a soft one. And once a process has threads, Linux enlarges its table of
    descriptors only when every processor has let go of the old one (`expand_fdtable`, fs/file.c): all streams stop for
    some 15 ms, at 256 connections, at 512, and so on. So it is made large enough before; it never shrinks.
    """
    try:
        import fcntl  # noqa: PLC0415 - both are POSIX's
        import resource  # noqa: PLC0415
    except ImportError:
        return
    needed = OF_A_CALL * calls + OTHERS
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        soft = needed if hard == resource.RLIM_INFINITY else min(needed, hard)
        with suppress(OSError, ValueError):  # macOS has a limit behind the one that it tells
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != resource.RLIM_INFINITY and soft < needed:
        told = f"so many calls may need more file descriptors than the system allows: raise its hard limit to {needed}"
        _log.warning(told, limit=soft, max_calls=calls)
        needed = soft
    with suppress(OSError):  # the last one is taken: then the table is as large as it gets
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            os.close(fcntl.fcntl(nothing, fcntl.F_DUPFD_CLOEXEC, min(needed, LARGEST_TABLE) - 1))
        finally:
            os.close(nothing)
