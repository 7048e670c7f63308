"""What a vendor's audio goes through on its way out: begun, measured where that is billed, made into what is wanted.

What lives here: streams around streams. Who opens the inner ones: `attempt`.
"""

from __future__ import annotations

from asyncio import Event
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, aclosing

from msgspec.structs import replace

from router.media.join import joined
from router.media.meter import metered
from router.media.paths import MUSIC, SPEECH, Undecodable
from router.reply import Audio
from router.routing.fit import Fitted
from router.routing.pricing import Bill, foreseen_s, is_by_length
from router.upstream.ahead import after
from router.upstream.audible import Audible
from router.vendors.spec import SoundAsk
from router.wire.audio import Format
from router.wire.containers import HEAD_BYTES, format_of
from router.wire.faults import Fault, Kind

__all__ = ["ending", "heard", "remade"]


async def remade(parts: AsyncIterator[AsyncIterator[bytes]], fitted: Fitted) -> AsyncGenerator[bytes]:
    """The parts as one recording in the format that is wanted. Raises `Fault` (GARBLED) for what is no such audio."""
    assert fitted.source
    assert fitted.wanted
    try:
        shape = MUSIC if isinstance(fitted.ask, SoundAsk) else SPEECH
        async with aclosing(joined(parts, fitted.source, fitted.wanted, shape)) as made:
            async for chunk in made:
                yield chunk
    except Undecodable as error:
        raise Fault(Kind.GARBLED, str(error)) from error


async def ending(chunks: AsyncIterator[bytes], end: Event) -> AsyncGenerator[bytes]:
    """The same chunks; sets `end` when there are no more."""
    async for chunk in chunks:
        yield chunk
    end.set()


async def heard(chunks: AsyncIterator[bytes], bill: Bill, opened: AsyncExitStack) -> Audio:
    """A vendor's audio, begun, and measured where it is billed by its length.

    It is taken for what it is: some vendors choose the format themselves, and some choose another than was asked for.
    """
    source = bill.asked.source
    chunks = Audible(chunks, source, bill.asked.target.outlet.limits.max_reply)
    first = await anext(chunks)
    is_told = source is not None and source.codec != "pcm"  # samples may begin like anything
    if is_told and (found := format_of(first[:HEAD_BYTES])) and found != source:
        bill.asked = replace(bill.asked, source=found)
    if bill.asked.source and is_by_length(bill.asked, bill.reported):
        whole = after(first, chunks)
        chunks = await opened.enter_async_context(aclosing(_metered(whole, bill.asked.source, bill)))
        first = await anext(chunks)
    return Audio(first, chunks)


async def _metered(chunks: AsyncIterator[bytes], source: Format, bill: Bill) -> AsyncGenerator[bytes]:
    """The same chunks; at their end the bill says how many seconds they were, or, if they are left, were at least."""
    seconds, is_whole = 0.0, False

    def count(more: float) -> None:
        nonlocal seconds
        seconds += more

    try:
        async with aclosing(metered(chunks, source, count)) as passing:
            async for chunk in passing:
                yield chunk
        is_whole = True
    finally:
        if seconds:
            bill.seconds = seconds if is_whole else max(seconds, foreseen_s(bill.asked))
