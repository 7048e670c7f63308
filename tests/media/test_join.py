"""Parts made one stream: what comes out, and the lock step in which chunks go through."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.media import transcode as module
from router.media.join import joined
from router.media.transcode import Steps, Transcoder
from router.wire.audio import AAC, FLAC, MP3, PCM, WAV
from tests.media.parts import Part, Parts, outputs_of, pieces
from tests.media.sounds import clip, tone, transcoded

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

        def steps(self, chunk: bytes) -> Steps:
            calls["steps"] = threading.current_thread().name
            return (yield from super().steps(chunk))

        def next_part(self) -> bytes:
            calls["next_part"] = threading.current_thread().name
            return super().next_part()

        def close(self) -> bytes:
            calls["close"] = threading.current_thread().name
            return super().close()

    monkeypatch.setattr(module, "Transcoder", Noted)
    await outputs_of(Parts(Part(tone(0.1)), Part(tone(0.1))), PCM, MP3)

    assert list(calls) == ["open", "steps", "next_part", "close"]
    assert all(name.startswith("transcode") for name in calls.values())
