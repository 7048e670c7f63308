"""Ogg pages, ours and FFmpeg's."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from router.media.ogg import OggReader, OggWriter
from router.media.paths import Undecodable
from router.wire.audio import OPUS
from tests.media.sounds import clip

PACKETS = [bytes([size % 251]) * size for size in (8, 0, 1, 254, 255, 256, 510, 511, 5_000)]


def written(packets: Iterable[bytes]) -> list[bytes]:
    writer = OggWriter(serial=7)
    return [writer.page(packet, at) for at, packet in enumerate(packets)]


def read(*pieces: bytes) -> list[bytes]:
    reader = OggReader()
    return [packet.content for piece in pieces for packet in reader.feed(piece)]


def test_every_cut():
    """Packets of every size come back whole, wherever the pages are cut."""
    stream = b"".join(written(PACKETS))
    for cut in range(len(stream)):
        assert read(stream[:cut], stream[cut:]) == PACKETS


def test_byte_by_byte():
    """Packets come back whole out of single bytes."""
    assert read(*(bytes([byte]) for byte in b"".join(written(PACKETS)))) == PACKETS


def test_packets_leave_before_their_page_ends():
    """A packet is handed on with its last byte, even when its page goes on for a second more."""
    reader = OggReader()

    assert reader.feed(b"OggS" + bytes(22) + bytes([2, 3, 200]) + b"on") == []
    assert reader.feed(b"e") == [(b"one", (0, False))]


def test_packet_over_two_pages():
    """A packet that begins on one page and ends on the next comes back whole, and belongs to the next."""
    writer = OggWriter(serial=7)
    start = bytearray(writer.page(b"x" * 255, -1))
    assert start[26:29] == b"\x02\xff\x00"
    start[26:29] = b"\x01\xff"  # without the empty segment that would end the packet

    end = writer.page(b"y" * 3, 960, is_last=True)
    assert OggReader().feed(bytes(start) + end) == [(b"x" * 255 + b"y" * 3, (960, True))]


def test_packets_of_a_page():
    """Packets of one page share it; another page is another one, even when it says the same of itself."""
    page = b"OggS\x00\x00" + (960).to_bytes(8, "little") + bytes(12) + bytes([2, 3, 3]) + b"onetwo"
    one, two, three, four = OggReader().feed(page * 2)

    assert one.page == four.page == (960, False)
    assert one.page is two.page
    assert two.page is not three.page
    assert three.page is four.page


def test_page_without_packets():
    """A page that only says the stream ends is no packet and stops nothing."""
    nil = b"OggS\x00\x04" + bytes(20) + b"\x00"

    assert read(nil + written([b"next"])[0]) == [b"next"]


def test_same_bytes_as_ffmpeg():
    """The first page of a file FFmpeg wrote, written anew, is the same to the last bit of its checksum."""
    file = clip(OPUS, 0.1)
    end = file.index(b"OggS", 4)
    serial = int.from_bytes(file[14:18], "little")
    [head] = read(file[:end])

    assert OggWriter(serial).page(head, 0) == file[:end]


def test_flags():
    """The first page opens the stream, the last one closes it, each has its number and position."""
    writer = OggWriter(serial=7)
    pages = [writer.page(b"a", 0), writer.page(b"b", 960), writer.page(b"c", 1_234, is_last=True)]

    assert [page[5] for page in pages] == [2, 0, 4]
    assert [int.from_bytes(page[6:14], "little") for page in pages] == [0, 960, 1_234]
    assert [page[18] for page in pages] == [0, 1, 2]


def test_refused():
    """Bytes that are no page are refused, at the start at their first byte, and between pages too."""
    with pytest.raises(Undecodable, match="expected ogg"):
        read(b"{")
    with pytest.raises(Undecodable, match="expected ogg"):
        read(written([b"a"])[0] + b"no page")
