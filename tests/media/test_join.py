"""Parts made one stream: the lock step in which chunks go through, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import weakref
from collections.abc import AsyncIterator
from contextlib import aclosing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.media import transcode as module
from router.media.join import joined
from router.media.paths import Undecodable
from router.media.transcode import Transcoder
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, SPEECH_FORMATS, WAV
from router.wire.faults import Fault, Kind
from tests.media.sounds import clip, tone, transcoded

WAYS = [(PCM, MP3), (PCM, PCM)]  # through a codec, and past all of them


class Part:
    """Chunks as a vendor's answer gives them, and what became of it."""

    def __init__(self, *chunks: bytes, error: Exception | None = None, stays_open: bool = False) -> None:
        self.asked = 0
        self.is_closed = False
        self.is_waiting = asyncio.Event()
        self._chunks = chunks
        self._error = error
        self._stays_open = stays_open

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            for chunk in self._chunks:
                self.asked += 1
                yield chunk
            self.asked += 1
            self.is_waiting.set()
            if self._stays_open:
                await asyncio.Event().wait()
            if self._error:
                raise self._error
        finally:
            self.is_closed = True


class Parts:
    """Parts that follow each other, and what became of them."""

    def __init__(self, *parts: Part, error: Exception | None = None) -> None:
        self.asked = 0
        self.is_closed = False
        self._parts = parts
        self._error = error

    async def streams(self) -> AsyncIterator[AsyncIterator[bytes]]:
        try:
            for part in self._parts:
                self.asked += 1
                yield part.chunks()
            if self._error:
                raise self._error
        finally:
            self.is_closed = True


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


async def outputs_of(parts: Parts, source, wanted) -> list[bytes]:
    return [output async for output in joined(parts.streams(), source, wanted)]


# ------------------------------------------------------------------ what comes out


@pytest.mark.parametrize("wanted", [MP3, AAC, FLAC, WAV, PCM], ids=str)
@pytest.mark.parametrize("source", [WAV, FLAC, PCM], ids=str)
async def test_parts_are_one(source, wanted):
    """Parts come out as the very bytes that the whole gives, one header, one end, no seam; and never an empty chunk."""
    outputs = await outputs_of(Parts(*(Part(*pieces(clip(source, 0.3), 500)) for _ in range(3))), source, wanted)

    assert b"".join(outputs) == transcoded(source, wanted, clip(source, 0.9))
    assert all(outputs)


@given(st.lists(st.lists(st.binary(max_size=5)).filter(lambda part: len(b"".join(part)) > 1)))
def test_samples_stay_whole(parts):
    """Raw samples that stay as they are keep every byte in order, but for half a sample at the end of a part."""
    outputs = asyncio.run(outputs_of(Parts(*(Part(*part) for part in parts)), PCM, PCM))

    contents = [b"".join(part) for part in parts]
    assert b"".join(outputs) == b"".join(content[: len(content) // 2 * 2] for content in contents)
    assert all(output and len(output) % 2 == 0 for output in outputs)


async def test_chunks_themselves():
    """Raw samples that stay as they are go out in the very objects in which they came."""
    chunks = pieces(tone(0.1), 960)
    outputs = await outputs_of(Parts(Part(*chunks[:3]), Part(*chunks[3:])), PCM, PCM)

    assert all(output is chunk for output, chunk in zip(outputs, chunks, strict=True))


def test_no_codecs_loaded():
    """Raw samples that stay as they are do not load PyAV."""
    code = """
import asyncio, sys
from router.media.join import joined
from router.wire.audio import PCM
async def part(): yield b"ab"
async def parts(): yield part()
async def run(): return [chunk async for chunk in joined(parts(), PCM, PCM)]
assert asyncio.run(run()) == [b"ab"]
sys.exit("av" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


async def test_large_chunks():
    """A megabyte at once goes out in many small steps, the first of them long before the last."""
    sizes = [len(output) for output in await outputs_of(Parts(Part(bytes(1 << 20))), PCM, WAV)]

    assert max(sizes) <= 8_192 + 44
    assert sum(sizes) == (1 << 20) + 44


async def test_streams_beside_each_other():
    """Streams that run at once do not get into each other's way."""
    content = clip(FLAC, 0.5)
    runs = (outputs_of(Parts(Part(*pieces(content, 500))), FLAC, MP3) for _ in range(8))

    assert {b"".join(outputs) for outputs in await asyncio.gather(*runs)} == {transcoded(FLAC, MP3, content)}


# ------------------------------------------------------------------ when


@pytest.mark.parametrize("wanted", [WAV, PCM], ids=str)
async def test_lock_step(wanted):
    """The next chunk is asked for only when what came of the one before has been taken, and so is the next part."""
    first, second = Part(*pieces(tone(0.1), 960)), Part(*pieces(tone(0.1), 960))
    parts = Parts(first, second)
    taken = 0
    async for _ in joined(parts.streams(), PCM, wanted):
        taken += 1

        assert first.asked == min(taken, 6)
        assert second.asked == max(0, taken - 5)
        assert parts.asked == (1 if taken <= 5 else 2)

    assert taken == 10


@pytest.mark.parametrize("wanted", [WAV, PCM], ids=str)
async def test_used_up(wanted):
    """A part is closed before the next one is asked for, and the parts after the last."""
    first, second = Part(tone(0.1)), Part(tone(0.1))
    parts = Parts(first, second)
    seen = [(first.is_closed, second.asked) async for _ in joined(parts.streams(), PCM, wanted)]

    assert seen == [(False, 0), (True, 1)]
    assert second.is_closed
    assert parts.is_closed


async def test_off_the_loop(monkeypatch):
    """Codecs are opened, driven and closed in threads of their own, never in the event loop's."""
    calls = {}

    class Noted(Transcoder):
        def __init__(self, *arguments) -> None:
            calls["open"] = threading.current_thread().name
            super().__init__(*arguments)

        def feed(self, chunk: bytes) -> bytes:
            calls["feed"] = threading.current_thread().name
            return super().feed(chunk)

        def next_part(self) -> bytes:
            calls["next_part"] = threading.current_thread().name
            return super().next_part()

        def close(self) -> bytes:
            calls["close"] = threading.current_thread().name
            return super().close()

    monkeypatch.setattr(module, "Transcoder", Noted)
    await outputs_of(Parts(Part(tone(0.1)), Part(tone(0.1))), PCM, MP3)

    assert list(calls) == ["open", "feed", "next_part", "close"]
    assert all(name.startswith("transcode") for name in calls.values())


# ------------------------------------------------------------------ left early


@pytest.mark.parametrize("at", [0, 1])
@pytest.mark.parametrize("wanted", [WAV, PCM], ids=str)
async def test_left_early(wanted, at):
    """A consumer that leaves closes the part at hand and the parts, and no further part is asked for."""
    both = [Part(*pieces(tone(0.1), 960)) for _ in range(2)]
    parts = Parts(*both, Part(tone(0.1)))
    async with aclosing(joined(parts.streams(), PCM, wanted)) as outputs:
        for _ in range(1 + 5 * at):
            await anext(outputs)
        assert not both[at].is_closed

    assert both[at].is_closed
    assert parts.is_closed
    assert parts.asked == at + 1


async def test_codecs_are_freed(monkeypatch):
    """A consumer that leaves frees the codecs, without the garbage collector."""
    freed = threading.Event()

    class Watched(Transcoder):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            weakref.finalize(self, freed.set)

    monkeypatch.setattr(module, "Transcoder", Watched)
    gc.disable()
    try:
        async with aclosing(joined(Parts(Part(*pieces(tone(1), 960))).streams(), PCM, MP3)) as outputs:
            await anext(outputs)
            assert not freed.is_set()
        assert await asyncio.to_thread(freed.wait, 10)  # the last step's thread lets go a moment after its result
    finally:
        gc.enable()


@pytest.mark.parametrize(("source", "wanted"), WAYS, ids=str)
async def test_cancelled_while_waiting_for_the_vendor(source, wanted):
    """A cancelled call ends at once while the vendor is silent, and everything of the vendor's is closed."""
    silent = Part(tone(0.1), stays_open=True)
    parts = Parts(Part(tone(0.1)), silent)
    call = asyncio.ensure_future(outputs_of(parts, source, wanted))
    await asyncio.wait_for(silent.is_waiting.wait(), 10)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert silent.is_closed
    assert parts.is_closed


async def test_cancelled_during_a_step(monkeypatch):
    """A call cancelled while a codec is at work ends at once; the codec finishes alone and nobody touches it again."""
    entered, release, left = threading.Event(), threading.Event(), threading.Event()
    calls = []

    class Slow(Transcoder):
        def feed(self, chunk: bytes) -> bytes:
            calls.append("feed")
            entered.set()
            release.wait(10)
            left.set()
            return super().feed(chunk)

        def close(self) -> bytes:
            calls.append("close")
            return super().close()

    monkeypatch.setattr(module, "Transcoder", Slow)
    part = Part(*pieces(tone(0.1), 960))
    parts = Parts(part)
    call = asyncio.ensure_future(outputs_of(parts, PCM, MP3))
    await asyncio.to_thread(entered.wait, 10)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert part.is_closed
    assert parts.is_closed
    assert not left.is_set()
    release.set()
    await asyncio.to_thread(left.wait, 10)
    assert calls == ["feed"]


# ------------------------------------------------------------------ what goes wrong


async def test_vendor_breaks_off():
    """When the vendor's answer breaks off its error comes through, and no end is written under the cut sound."""
    broken = Part(*pieces(tone(0.1), 960), error=Fault(Kind.FAILED, "connection lost"))
    outputs = joined(Parts(Part(*pieces(tone(0.1), 960)), broken).streams(), PCM, OPUS)
    begun = b"".join([await anext(outputs) for _ in range(10)])

    with pytest.raises(Fault, match="connection lost"):
        await anext(outputs)
    assert begun.count(b"OggS") == 12
    assert b"OggS\x00\x04" not in begun


@pytest.mark.parametrize(("source", "wanted"), WAYS, ids=str)
async def test_next_part_does_not_come(source, wanted):
    """When a part cannot be had that error comes through, and the sound has no end."""
    parts = Parts(Part(tone(0.1)), error=Fault(Kind.BUSY, "come back later"))
    outputs = joined(parts.streams(), source, wanted)
    assert await anext(outputs)

    with pytest.raises(Fault, match="come back later"):
        await anext(outputs)
    assert parts.is_closed


async def test_undecodable_comes_through():
    """Garbage is refused before anything was yielded, and the vendor's answer is closed."""
    part = Part(b"<html>", b"</html>")

    with pytest.raises(Undecodable, match="expected wav"):
        await anext(joined(Parts(part).streams(), WAV, MP3))
    assert part.is_closed


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
@pytest.mark.parametrize("silent", [(), (b"",), (b"x",)], ids=["no chunk", "empty chunk", "half a sample"])
async def test_part_without_sound(wanted, silent):
    """A part in which there is no sound is an error, wherever it stands."""
    for place in range(3):
        parts = [Part(tone(0.1)) for _ in range(3)]
        parts[place] = Part(*silent)
        with pytest.raises(Undecodable, match=f"expected pcm@24000, found no sound in {len(b''.join(silent))} bytes"):
            await outputs_of(Parts(*parts), PCM, wanted)


@pytest.mark.parametrize(("source", "wanted"), WAYS, ids=str)
async def test_plain_iterators(source, wanted):
    """Iterators that cannot be closed are read to their end all the same."""

    class Plain:
        def __init__(self, items) -> None:
            self._items = iter(items)

        def __aiter__(self) -> Plain:
            return self

        async def __anext__(self):
            for item in self._items:
                return item
            raise StopAsyncIteration

    parts = Plain([Plain(pieces(tone(0.3), 960)), Plain(pieces(tone(0.3), 960))])
    outputs = [output async for output in joined(parts, source, wanted)]

    assert b"".join(outputs) == transcoded(source, wanted, tone(0.6))
