"""Every way from a vendor's format to a client's, and the lock step in which chunks go through."""

from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from collections.abc import AsyncIterator
from contextlib import aclosing
from itertools import permutations

import pytest

from router.media import transcode as module
from router.media.transcode import Transcoder, Undecodable, transcode
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, SPEECH_FORMATS, WAV, pcm
from router.wire.faults import Fault, Kind
from tests.media.sounds import TONE_HZ, clip, heard, tone, transcoded

SOURCES = [pcm(16_000), pcm(22_050), PCM, pcm(48_000), WAV, MP3, FLAC, AAC, OPUS]
PADDING_S = {  # priming, and the rest of the last frame; our own opus says where the sound ends
    "mp3": (1_105 + 576) / 24_000,
    "aac": (1_024 + 1_024) / 24_000,
    "opus": 0.02,
    "flac": 0,
    "wav": 0,
    "pcm": 0,
}
GARBAGE = {
    "json": b'{"error": {"message": "the model is overloaded"}}' * 50,
    "html": b"<!doctype html><html><body>Bad gateway</body></html>" * 50,
    "zeros": bytes(5_000),
    "text": bytes(range(32, 127)) * 40,
}
CODED = [WAV, MP3, FLAC, AAC, OPUS]


class Source:
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


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_way(source, wanted):
    """The same tone of the same length comes out of every way, whatever the pieces it came in."""
    content = clip(source, 0.6)
    sound = heard(transcoded(source, wanted, *pieces(content, 777)), wanted)

    assert sound.pitch_hz == pytest.approx(TONE_HZ, abs=2)
    padding_s = PADDING_S[source.codec] + PADDING_S[wanted.codec]
    assert 0.6 - 0.001 <= sound.seconds <= 0.6 + padding_s + 0.001


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("source", CODED, ids=str)
def test_garbage(source, garbage):
    """Bytes of another kind are refused with a word on what was expected."""
    with pytest.raises(Undecodable, match=f"expected ({source.codec}|ogg)"):
        transcoded(source, OPUS, *pieces(garbage, 1_000))


@pytest.mark.parametrize(("source", "other"), [*permutations(CODED, 2)], ids=str)
def test_mistaken(source, other):
    """A stream of one format that was announced as another is refused, not played as noise."""
    with pytest.raises(Undecodable):
        transcoded(source, MP3, clip(other, 0.6))


@pytest.mark.parametrize("source", [MP3, AAC], ids=str)
def test_endless_garbage(source):
    """Whoever sends on and on without a sound is refused before the end, and not kept in memory."""
    transcoder = Transcoder(source, PCM)

    with pytest.raises(Undecodable, match=f"expected {source.codec}"):
        list(map(transcoder.feed, [b"nothing to hear" * 3_000] * 40))


@pytest.mark.parametrize("source", [*CODED, PCM], ids=str)
@pytest.mark.parametrize("chunks", [[], [b""]], ids=["no chunk", "empty chunk"])
def test_empty(source, chunks):
    """An answer without a byte has no sound in it."""
    with pytest.raises(Undecodable, match="no sound in 0 bytes"):
        transcoded(source, MP3, *chunks)


@pytest.mark.parametrize("source", CODED, ids=str)
def test_one_byte(source):
    """A single byte, be it the right one, is no sound."""
    with pytest.raises(Undecodable, match=f"expected {source}"):
        transcoded(source, MP3, clip(source, 0.1)[:1])


@pytest.mark.parametrize("source", CODED, ids=str)
def test_header_alone(source):
    """A header without sound behind it is no sound."""
    with pytest.raises(Undecodable, match=f"expected {source}"):
        transcoded(source, WAV, clip(source, 0.1)[:40])


def test_no_way():
    """Asking for a way that does not exist is the caller's mistake."""
    with pytest.raises(ValueError, match="no way from pcm@24000 to pcm@16000"):
        Transcoder(PCM, pcm(16_000))


async def test_same_as_without_io():
    """The asynchronous way gives the bytes that the plain one gives, and never an empty chunk."""
    content = clip(WAV, 1)
    outputs = [output async for output in transcode(Source(*pieces(content, 300)).chunks(), WAV, AAC)]

    assert b"".join(outputs) == transcoded(WAV, AAC, content)
    assert all(outputs)


async def test_lock_step():
    """The next chunk is asked for only when what came of the one before has been taken."""
    source = Source(*pieces(tone(0.2), 960))
    taken = 0
    async for _ in transcode(source.chunks(), PCM, WAV):
        taken += 1

        assert source.asked == taken

    assert taken == 10


async def test_large_chunks():
    """A megabyte at once goes out in many small steps, the first of them long before the last."""
    source = Source(bytes(1 << 20))
    sizes = [len(output) async for output in transcode(source.chunks(), PCM, WAV)]

    assert max(sizes) <= 8_192 + 44
    assert sum(sizes) == (1 << 20) + 44


async def test_streams_beside_each_other():
    """Streams that run at once do not get into each other's way."""
    content = clip(FLAC, 0.5)

    async def run() -> bytes:
        source = Source(*pieces(content, 500))
        return b"".join([output async for output in transcode(source.chunks(), FLAC, MP3)])

    assert set(await asyncio.gather(*(run() for _ in range(8)))) == {transcoded(FLAC, MP3, content)}


async def test_left_early(monkeypatch):
    """A consumer that leaves closes the vendor's answer, and the codecs are freed without the garbage collector."""
    source = Source(*pieces(tone(1), 960))
    freed = threading.Event()

    class Watched(Transcoder):
        def __init__(self, *arguments) -> None:
            super().__init__(*arguments)
            weakref.finalize(self, freed.set)

    monkeypatch.setattr(module, "Transcoder", Watched)
    gc.disable()
    try:
        async with aclosing(transcode(source.chunks(), PCM, MP3)) as outputs:
            await anext(outputs)
            assert not freed.is_set()
        assert source.is_closed
        assert await asyncio.to_thread(freed.wait, 10)  # the last step's thread lets go a moment after its result
    finally:
        gc.enable()


async def test_cancelled_while_waiting_for_the_vendor():
    """A cancelled call ends at once while the vendor is silent, and the vendor's answer is closed."""
    source = Source(tone(0.1), stays_open=True)

    async def run() -> None:
        async for _ in transcode(source.chunks(), PCM, MP3):
            pass

    call = asyncio.ensure_future(run())
    await asyncio.wait_for(source.is_waiting.wait(), 10)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert source.is_closed


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
    source = Source(*pieces(tone(0.1), 960))

    async def run() -> None:
        async for _ in transcode(source.chunks(), PCM, MP3):
            pass

    call = asyncio.ensure_future(run())
    await asyncio.to_thread(entered.wait, 10)
    call.cancel()

    with pytest.raises(asyncio.CancelledError):
        await call
    assert source.is_closed
    assert not left.is_set()
    release.set()
    await asyncio.to_thread(left.wait, 10)
    assert calls == ["feed"]


async def test_off_the_loop(monkeypatch):
    """Codecs are opened, driven and closed in threads of their own, never in the event loop's."""
    threads = set()

    class Noted(Transcoder):
        def __init__(self, *arguments) -> None:
            threads.add(threading.current_thread())
            super().__init__(*arguments)

        def feed(self, chunk: bytes) -> bytes:
            threads.add(threading.current_thread())
            return super().feed(chunk)

        def close(self) -> bytes:
            threads.add(threading.current_thread())
            return super().close()

    monkeypatch.setattr(module, "Transcoder", Noted)
    async for _ in transcode(Source(tone(0.1)).chunks(), PCM, MP3):
        pass

    assert threads
    assert all(thread.name.startswith("transcode") for thread in threads)


async def test_vendor_breaks_off():
    """When the vendor's answer breaks off its error comes through, and no end is written under the cut sound."""
    source = Source(*pieces(tone(0.2), 960), error=Fault(Kind.FAILED, "connection lost"))
    outputs = transcode(source.chunks(), PCM, OPUS)
    begun = b"".join([await anext(outputs) for _ in range(10)])

    with pytest.raises(Fault, match="connection lost"):
        await anext(outputs)
    assert begun.count(b"OggS") == 12
    assert b"OggS\x00\x04" not in begun


async def test_undecodable_comes_through():
    """Garbage is refused before anything was yielded, and the vendor's answer is closed."""
    source = Source(b"<html>", b"</html>")

    with pytest.raises(Undecodable, match="expected wav"):
        await anext(transcode(source.chunks(), WAV, MP3))
    assert source.is_closed


async def test_plain_iterator():
    """An iterator that cannot be closed is read to its end all the same."""

    class Plain:
        def __init__(self) -> None:
            self._chunks = iter(pieces(tone(0.1), 960))

        def __aiter__(self) -> AsyncIterator[bytes]:
            return self

        async def __anext__(self) -> bytes:
            for chunk in self._chunks:
                return chunk
            raise StopAsyncIteration

    outputs = [output async for output in transcode(Plain(), PCM, WAV)]

    assert b"".join(outputs) == transcoded(PCM, WAV, tone(0.1))
