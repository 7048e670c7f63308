"""Parts made one stream: how it ends when the consumer leaves, the vendor breaks off, or there is no sound."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from contextlib import aclosing

import pytest

from router.media import transcode as module
from router.media.join import joined
from router.media.paths import Undecodable
from router.media.transcode import Steps, Transcoder
from router.wire.audio import MP3, OPUS, PCM, SPEECH_FORMATS, WAV
from router.wire.faults import Fault, Kind
from tests.media.parts import Part, Parts, outputs_of, pieces
from tests.media.sounds import tone, transcoded

WAYS = [(PCM, MP3), (PCM, PCM)]  # through a codec, and past all of them


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
        def steps(self, chunk: bytes) -> Steps:
            calls.append("steps")
            entered.set()
            release.wait(10)
            left.set()
            return (yield from super().steps(chunk))

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
    assert calls == ["steps"]


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
