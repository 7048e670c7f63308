"""The ID3v2 tag in front of an mp3 stream, dropped from bytes cut anywhere. Pure; no decoding.

Left in place it would be swallowed together with the first frame, and the start of the speech with it.
"""

from __future__ import annotations

__all__ = ["TagSkipper", "id3_bytes"]

_HEAD_BYTES = 10
_HAS_FOOTER = 0x10


class TagSkipper:
    """Passes everything on but one leading ID3v2 tag."""

    def __init__(self) -> None:
        self._head = bytearray()
        self._skip_bytes: int | None = None  # unknown until the first bytes have told

    def feed(self, chunk: bytes) -> bytes:
        """Return what of `chunk`, and of the few bytes held back while undecided, is not tag."""
        if self._skip_bytes is None:
            self._head += chunk
            self._skip_bytes = id3_bytes(self._head)
            if self._skip_bytes is None:
                return b""
            chunk = bytes(self._head)
        rest = chunk[self._skip_bytes :]
        self._skip_bytes -= len(chunk) - len(rest)
        return rest


def id3_bytes(head: bytes | bytearray) -> int | None:
    """How long the tag is that begins so: 0 for none; None while that is not certain."""
    if head[:3] != b"ID3"[: len(head)]:
        return 0
    if len(head) < _HEAD_BYTES:
        return None
    size = 0
    for seven_bits in head[6:10]:
        size = size << 7 | seven_bits & 0x7F
    return _HEAD_BYTES + size + (_HEAD_BYTES if head[5] & _HAS_FOOTER else 0)
