"""How long an upload is, for whoever runs on the event loop: found out once, in a thread, and not waited for in line.

What lives here: the thread and the wait. How a file is read: `probe`, which loads PyAV and so is loaded in that thread.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from router.wire.upload import Upload

__all__ = ["length_of"]

MOST_WAIT_S = 2.0
"""For a file and those in line before it."""

_THREAD = ThreadPoolExecutor(1, thread_name_prefix="probe")  # two would only wait for one another's GIL


async def length_of(upload: Upload) -> float | None:
    """Seconds of the audio; None where they cannot be told, or where too many are in line, after `MOST_WAIT_S`."""
    if upload.is_measured:
        return upload.seconds
    seconds = asyncio.get_running_loop().run_in_executor(_THREAD, _seconds_of, upload)
    try:
        async with asyncio.timeout(MOST_WAIT_S):
            upload.seconds = await seconds
    except TimeoutError:
        return None
    upload.is_measured = True
    return upload.seconds


def _seconds_of(upload: Upload) -> float | None:
    from router.media.probe import seconds_of  # noqa: PLC0415 - codecs are loaded when one is needed

    return seconds_of(upload)
