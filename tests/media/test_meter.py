"""Seconds of sound, counted while it passes: the bytes stay, whatever the format and wherever they are cut."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from router.media.meter import metered
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, WAV, Format
from tests.media.parts import pieces
from tests.media.sounds import clip


async def measured(content: bytes, source: Format, size: int) -> tuple[float, bytes]:
    """What is counted, and what comes out, of a stream in chunks of that size."""
    seconds = 0.0

    def count(more: float) -> None:
        nonlocal seconds
        seconds += more

    async def stream() -> AsyncIterator[bytes]:
        for piece in pieces(content, size):
            yield piece

    passed = [chunk async for chunk in metered(stream(), source, count)]
    assert [len(chunk) for chunk in passed] == [len(piece) for piece in pieces(content, size)]
    return seconds, b"".join(passed)


@pytest.mark.parametrize("size", [1, 700, 100_000])
@pytest.mark.parametrize("source", [PCM, WAV, FLAC, MP3, AAC, OPUS], ids=str)
async def test_every_format_is_measured(source: Format, size: int) -> None:
    """To a frame or two of its codec; the chunks are the very same."""
    content = clip(source, 0.5)

    seconds, passed = await measured(content, source, size)

    assert passed == content
    assert seconds == pytest.approx(0.5, abs=0.12)


async def test_what_is_no_sound_passes_and_counts_nothing() -> None:
    """To judge a vendor's bytes is not the meter's business."""
    assert await measured(b"no audio at all, " * 100, FLAC, 100) == (0, b"no audio at all, " * 100)
