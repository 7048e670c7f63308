"""The front of a FLAC stream (RFC 9639): read from bytes cut anywhere, written for a stream without an end.

Pure; frames are passed on as they lie in the file and understood in `decode`.
"""

from __future__ import annotations

from router.media.paths import Undecodable

__all__ = ["MetadataReader", "flac_header"]

_MARKER = b"fLaC"
_LAST_BLOCK = 0x80
_HEAD_BYTES = 4  # of a block: the flag and its kind, and 24 bits of size
_STREAMINFO_BYTES = 34


class MetadataReader:
    """Keeps the STREAMINFO, skips all other metadata, hands the frames on."""

    def __init__(self) -> None:
        self.streaminfo = b""  # known once `feed` has returned anything
        self._pending = bytearray()
        self._is_in_frames = False
        self._is_last_block = False
        self._skip_bytes = 0

    def feed(self, chunk: bytes) -> bytes:
        """Return what of `chunk` belongs to frames. Raises `Undecodable`."""
        if self._is_in_frames:
            return chunk
        self._pending += chunk
        if not self._find_frames():
            return b""
        frames = bytes(self._pending)
        self._pending.clear()
        return frames

    def _find_frames(self) -> bool:
        while not self._is_in_frames and self._read_metadata():
            pass
        return self._is_in_frames

    def _read_metadata(self) -> bool:
        """Go one step on; False when the bytes for it have not all arrived."""
        if not self.streaminfo:
            return self._read_streaminfo()
        if self._skip_bytes:
            return self._skip()
        if self._is_last_block:
            self._is_in_frames = True
            return True
        if len(self._pending) < _HEAD_BYTES:
            return False
        self._is_last_block = bool(self._pending[0] & _LAST_BLOCK)
        self._skip_bytes = int.from_bytes(self._pending[1:_HEAD_BYTES], "big")
        del self._pending[:_HEAD_BYTES]
        return True

    def _read_streaminfo(self) -> bool:
        """Take the marker and the first block, which is always this one."""
        head = self._pending[: len(_MARKER) + _HEAD_BYTES + _STREAMINFO_BYTES]
        size = head[len(_MARKER) + 1 : len(_MARKER) + _HEAD_BYTES]
        if not _MARKER.startswith(head[: len(_MARKER)]) or not bytes((0, 0, _STREAMINFO_BYTES)).startswith(size):
            raise Undecodable("expected flac: the bytes do not begin with fLaC and a STREAMINFO")
        if len(head) < len(_MARKER) + _HEAD_BYTES + _STREAMINFO_BYTES:
            return False
        self._is_last_block = bool(head[len(_MARKER)] & _LAST_BLOCK)
        self.streaminfo = bytes(head[-_STREAMINFO_BYTES:])
        del self._pending[: len(head)]
        return True

    def _skip(self) -> bool:
        skipped = min(self._skip_bytes, len(self._pending))
        del self._pending[:skipped]
        self._skip_bytes -= skipped
        return not self._skip_bytes


def flac_header(streaminfo: bytes) -> bytes:
    """Build the shortest front there is: the marker and a STREAMINFO (34 bytes) as the only block."""
    return _MARKER + bytes((_LAST_BLOCK, 0, 0, len(streaminfo))) + streaminfo
