"""Sound that arrives in parts, made one stream without a seam while it arrives; one part is the usual case.

What lives here: the order of parts, chunks and steps, and the threads in which codecs work. PyAV is loaded with the
first stream that needs a codec; raw samples that stay as they are never need one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, TypeVar

from router.media.paths import SPEECH, Shape, Undecodable
from router.wire.audio import Format

if TYPE_CHECKING:
    from router.media.transcode import Transcoder

__all__ = ["in_pool", "joined", "pieces"]

_STEP_BYTES = 8192  # 170 ms of pcm, two seconds of opus: 1 to 25 ms of work, so that streams take turns
_SAMPLE_BYTES = 2

_T = TypeVar("_T")
_POOL = ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="transcode")


def joined(
    parts: AsyncIterator[AsyncIterator[bytes]], source: Format, wanted: Format, shape: Shape = SPEECH
) -> AsyncGenerator[bytes]:
    """Streams in `source`, each with its own header where there is one, as one stream in `wanted`, of that shape.

    In lock step: a chunk is asked for when the output of the last has been taken, a part when the one before has ended.
    Yields nothing empty. Raises `Undecodable` where a part has no sound, and whatever the parts raise. Ended, left
    early or cancelled it closes `parts` and the part at hand, and touches the codecs no more: a step that is under way
    ends in its thread, which then drops them.
    """
    if source == wanted and source.codec == "pcm":  # which has one shape only
        return _aligned(parts, source)
    return _coded(parts, source, wanted, shape)


async def _aligned(parts: AsyncIterator[AsyncIterator[bytes]], source: Format) -> AsyncGenerator[bytes]:
    """The chunks themselves, but for the half of a sample: it waits for the other half, and ends with its part."""
    async with _closing(parts):
        async for part in parts:
            has_sound, half = False, b""
            async with _closing(part):
                async for chunk in part:
                    content = half + chunk  # the same object where no half is waiting
                    whole = len(content) - len(content) % _SAMPLE_BYTES
                    half = content[whole:]
                    if whole:
                        has_sound = True
                        yield content[:whole]
            if not has_sound:
                raise Undecodable(f"expected {source}, found no sound in {len(half)} bytes")


async def _coded(
    parts: AsyncIterator[AsyncIterator[bytes]], source: Format, wanted: Format, shape: Shape
) -> AsyncGenerator[bytes]:
    async with _closing(parts):
        transcoder = await in_pool(_open, source, wanted, shape)
        is_first = True
        async for part in parts:
            async with _closing(part):
                if not is_first and (output := await in_pool(transcoder.next_part)):
                    yield output
                is_first = False
                async for chunk in part:
                    for piece in pieces(chunk):
                        steps, is_last = transcoder.steps(piece), False
                        while not is_last:
                            output, is_last = await in_pool(transcoder.taken, steps)
                            if output:
                                yield output
        if output := await in_pool(transcoder.close):
            yield output


@asynccontextmanager
async def _closing(stream: AsyncIterator[Any]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        if close := getattr(stream, "aclose", None):  # an iterator need not have it
            await close()


def _open(source: Format, wanted: Format, shape: Shape) -> Transcoder:
    from router.media.transcode import Transcoder  # noqa: PLC0415 - codecs are loaded when one is needed

    return Transcoder(source, wanted, shape)


def pieces(chunk: bytes) -> Iterator[bytes]:
    """A chunk in steps of work that leave room for other streams."""
    for start in range(0, len(chunk), _STEP_BYTES):
        yield chunk[start : start + _STEP_BYTES]


async def in_pool(step: Callable[..., _T], *arguments: object) -> _T:
    """Do a step of codecs' work in a thread of theirs."""
    return await asyncio.get_running_loop().run_in_executor(_POOL, step, *arguments)
