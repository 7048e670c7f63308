"""Ogg pages (RFC 3533): a reader that hands out packets as they complete, a writer of one page a packet.

Pure. FFmpeg's muxer keeps the newest page until there is another, and its demuxer waits for whole pages, which may last
a second: both would put delay on top of the codec's own.
"""

from __future__ import annotations

import zlib
from collections import deque
from struct import Struct
from typing import NamedTuple

from router.media.paths import Undecodable

__all__ = ["OggReader", "OggWriter", "Packet", "Page"]

_HEAD = Struct("<4sBBqIIIB")  # capture pattern, version, flags, granule position, serial, sequence, checksum, segments
_CAPTURE = b"OggS"
_CHECKSUM_AT = 22
_FIRST_PAGE, _LAST_PAGE = 0x02, 0x04
_FULL_SEGMENT_BYTES = 255  # a shorter segment ends its packet
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class Page(NamedTuple):
    """What the head of a page says of its place in the logical stream."""

    granule: int
    """Position at which the last packet that ends on it ends, counted as the codec counts; -1 where none ends."""
    is_last: bool


class Packet(NamedTuple):
    """A whole packet, and the page on which it ends: one object for all the packets of that page."""

    content: bytes
    page: Page


class OggReader:
    """Takes one logical stream, or several one after the other, apart. Checksums are left to the connection."""

    def __init__(self) -> None:
        self._pending = bytearray()
        self._segments: deque[int] = deque()  # sizes of those of the current page that have not arrived
        self._page = Page(-1, is_last=False)
        self._packet = bytearray()

    def feed(self, chunk: bytes) -> list[Packet]:
        """Return the packets that `chunk` completes, whether or not their page is complete. Raises `Undecodable`."""
        self._pending += chunk
        packets = []
        while self._read_head():
            while self._segments and self._segments[0] <= len(self._pending):
                size = self._segments.popleft()
                self._packet += self._pending[:size]
                del self._pending[:size]
                if size < _FULL_SEGMENT_BYTES:
                    packets.append(Packet(bytes(self._packet), self._page))
                    self._packet.clear()
            if self._segments:
                break
        return packets

    def _read_head(self) -> bool:
        """Whether a page is open; opens the next one when its head has arrived."""
        if self._segments:
            return True
        head = self._pending
        if head[:4] != _CAPTURE[: len(head)]:
            raise Undecodable("expected ogg: a page does not begin with OggS")
        if len(head) < _HEAD.size or len(head) < _HEAD.size + head[_HEAD.size - 1]:
            return False
        _, _, flags, granule, _, _, _, segments = _HEAD.unpack_from(head)
        self._page = Page(granule, is_last=bool(flags & _LAST_PAGE))
        size = _HEAD.size + segments
        self._segments.extend(head[_HEAD.size : size])
        del head[:size]
        return True


class OggWriter:
    """Writes one logical stream, each packet as a page of its own, so that no packet waits for another."""

    def __init__(self, serial: int) -> None:
        self._serial = serial
        self._sequence = 0

    def page(self, packet: bytes, granule: int, *, is_last: bool = False) -> bytes:
        """Build a page with one packet (under 64 KB) that ends at position `granule`, counted as the codec counts."""
        segments = bytes([_FULL_SEGMENT_BYTES]) * (len(packet) // _FULL_SEGMENT_BYTES)
        segments += bytes([len(packet) % _FULL_SEGMENT_BYTES])
        flags = (_LAST_PAGE if is_last else 0) | (0 if self._sequence else _FIRST_PAGE)
        head = _HEAD.pack(_CAPTURE, 0, flags, granule, self._serial, self._sequence, 0, len(segments))
        self._sequence += 1
        page = bytearray(head + segments + packet)
        page[_CHECKSUM_AT : _CHECKSUM_AT + 4] = _checksum(page)
        return bytes(page)


def _checksum(page: bytes | bytearray) -> bytes:
    """Compute Ogg's CRC: zlib's over mirrored bits, without its two inversions. That keeps the loop over bytes in C."""
    mirrored = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFF_FFFF) ^ 0xFFFF_FFFF
    return mirrored.to_bytes(4, "big").translate(_REVERSED_BITS)
