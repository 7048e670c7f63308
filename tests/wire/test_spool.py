"""A file while it grows, and who reads along: every byte once and in order, wherever it lies."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from router.wire.arriving import Arriving, Passing
from router.wire.errors import TooLarge
from router.wire.spool import IN_MEMORY_BYTES, Spool

CONTENT = bytes(index % 251 for index in range(3 * IN_MEMORY_BYTES + 17))
SIZES = [(1,) * 40, (IN_MEMORY_BYTES,), (IN_MEMORY_BYTES, 1), (100_000,) * 6, (1, 300_000, 2, 299_999)]


def pieces_of(sizes: Sequence[int]) -> list[bytes]:
    ends = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    return [CONTENT[end - size : end] for end, size in zip(ends, sizes, strict=True)]


@pytest.mark.parametrize("sizes", SIZES)
def test_what_is_there_can_be_read_from_any_place(sizes: Sequence[int]) -> None:
    """In the file or in memory, before the end and after it."""
    spool = Spool(len(CONTENT))
    for piece in pieces_of(sizes):
        spool.write(piece)
        for at in {0, spool.size // 3, spool.size // 2, spool.size - 1}:
            found = spool.piece_at(at)
            assert found
            assert CONTENT[at:].startswith(found)
        assert spool.piece_at(spool.size) == b""
    upload = spool.to_upload("a.wav", "audio/wav")

    assert b"".join(upload.chunks()) == CONTENT[: spool.size]
    assert upload.read_at(spool.size - 3, 10) == CONTENT[spool.size - 3 : spool.size]
    upload.close()


def test_the_newest_piece_is_handed_on_as_it_came() -> None:
    """Who keeps up reads nothing back from the disk."""
    spool = Spool(len(CONTENT))
    at = 0
    for piece in pieces_of((100_000,) * 6):
        spool.write(piece)
        assert spool.piece_at(at) is piece
        at += len(piece)
    spool.close()


def test_more_than_it_takes_is_refused() -> None:
    """By the byte."""
    spool = Spool(10)
    spool.write(bytes(10))
    with pytest.raises(TooLarge, match="larger than 10 bytes"):
        spool.write(b"x")


@pytest.mark.parametrize("sizes", SIZES)
@pytest.mark.parametrize("is_slow", [True, False])
async def test_who_reads_along_gets_all_of_it(sizes: Sequence[int], *, is_slow: bool) -> None:
    """Two at once, one of which begins when half is there; they end when it is whole and not before."""
    spool = Spool(len(CONTENT))
    arriving = Arriving("a.wav", "audio/wav", spool, len(CONTENT))

    async def read() -> bytes:
        found = b""
        async for piece in arriving.pieces():
            found += piece
            if is_slow:
                await asyncio.sleep(0.001)
        assert arriving.is_whole
        return found

    readers = [asyncio.create_task(read())]
    pieces = pieces_of(sizes)
    for index, piece in enumerate(pieces):
        if index == len(pieces) // 2:
            readers.append(asyncio.create_task(read()))
        spool.write(piece)
        arriving.has_grown()
        await asyncio.sleep(0)
    told: list[bool] = []
    arriving.when_whole(lambda: told.append(arriving.is_whole))
    upload = spool.to_upload("a.wav", "audio/wav")
    arriving.end(upload)
    await arriving.until_whole()

    assert [await one for one in readers] == [CONTENT[: sum(sizes)]] * 2
    assert (told, arriving.size) == ([True], sum(sizes))
    assert b"".join(arriving.chunks()) == CONTENT[: sum(sizes)]
    assert arriving.kept_waiting_s() >= 0
    upload.close()


@pytest.mark.parametrize(("supposed", "end"), [(8, b"TAIL"), (10, b"TAIL\r\n")])
async def test_a_length_that_was_told_is_kept(supposed: int, end: bytes) -> None:
    """By the break behind a form's last line; a body that is the file alone has no place for one, and no length."""
    spool = Spool(100)
    arriving = Arriving("a", "b", spool, 100, supposed)
    in_form, alone = Passing(arriving, b"TAIL", is_form=True), Passing(arriving, b"", is_form=False)
    spool.write(bytes(8))
    assert arriving.is_as_supposed(8)
    arriving.end(spool.to_upload("a", "b"))

    assert b"".join([piece async for piece in in_form.pieces()]) == bytes(8) + end
    assert in_form.size == len(bytes(8) + end)
    assert (b"".join([piece async for piece in alone.pieces()]), alone.size) == (bytes(8), None)


@pytest.mark.parametrize(("supposed", "size", "is_so"), [(8, 7, False), (8, 5, False), (8, 9, False), (None, 3, True)])
async def test_another_length_is_another(supposed: int | None, size: int, *, is_so: bool) -> None:
    """None was told where none is known."""
    assert Arriving("a", "b", Spool(100), 100, supposed).is_as_supposed(size) is is_so
