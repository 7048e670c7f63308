"""WAV (RIFF) as a stream: a reader that is fed bytes cut anywhere, and the header of a stream without an end.

Pure; samples are passed on as they lie in the file and understood in `decode`.
"""

from __future__ import annotations

from struct import Struct
from typing import NamedTuple

from router.media.paths import Undecodable

__all__ = ["Samples", "WavReader", "wav_header"]

_RIFF = Struct("<4sI4s")
_CHUNK = Struct("<4sI")
_FMT = Struct("<HHIIHH")  # encoding, channels, Hz, bytes a second, bytes a sample of all channels, bits
_EXTENSIBLE = 0xFFFE
_SUBFORMAT_AT = 24  # of an extensible fmt chunk: the GUID whose first two bytes are the true encoding
_MAX_FMT_BYTES = 1024
_ENDLESS_BYTES = 0x7FFF_0000  # a writer that cannot seek puts 0, 0xFFFFFFFF, or something just below 2 or 4 GiB

_ENCODINGS = {
    (1, 8): "pcm_u8",
    (1, 16): "pcm_s16le",
    (1, 24): "pcm_s24le",
    (1, 32): "pcm_s32le",
    (3, 32): "pcm_f32le",
}


class Samples(NamedTuple):
    """How samples lie: FFmpeg's name of their encoding, Hz, how many channels are interleaved, bytes of all of them."""

    encoding: str
    rate: int
    channels: int
    block_bytes: int


class WavReader:
    """Hands on the content of the `data` chunk; what stands before and after it is skipped."""

    def __init__(self) -> None:
        self.samples: Samples | None = None  # known once `feed` has returned anything
        self._pending = bytearray()
        self._is_riff = False
        self._is_in_data = False
        self._skip_bytes = 0
        self._left_bytes: int | None = None  # of data; None is: until the end

    def feed(self, chunk: bytes) -> bytes:
        """Return the sample bytes that `chunk` brings. Raises `Undecodable`."""
        if not self._is_in_data:
            self._pending += chunk
            if not self._find_data():
                return b""
            chunk = bytes(self._pending)
            self._pending.clear()
        content = chunk[: self._left_bytes]
        if self._left_bytes is not None:
            self._left_bytes -= len(content)
        return content

    def _find_data(self) -> bool:
        while not self._is_in_data and self._read_header():
            pass
        return self._is_in_data

    def _read_header(self) -> bool:
        """Go one step on; False when the bytes for it have not all arrived."""
        if not self._is_riff:
            return self._read_riff()
        if self._skip_bytes:
            return self._skip()
        if len(self._pending) < _CHUNK.size:
            return False
        name, size = _CHUNK.unpack_from(self._pending)
        padded = size + size % 2
        if name == b"fmt ":
            return self._read_fmt(size, padded)
        del self._pending[: _CHUNK.size]
        if name == b"data":
            self._start_data(size)
        else:
            self._skip_bytes = padded
        return True

    def _read_riff(self) -> bool:
        head = self._pending[: _RIFF.size]
        if not b"RIFF".startswith(head[:4]) or not b"WAVE".startswith(head[8:]):
            raise Undecodable("expected wav: the bytes do not begin with RIFF and WAVE")
        self._is_riff = len(head) == _RIFF.size
        if self._is_riff:
            del self._pending[: _RIFF.size]
        return self._is_riff

    def _skip(self) -> bool:
        skipped = min(self._skip_bytes, len(self._pending))
        del self._pending[:skipped]
        self._skip_bytes -= skipped
        return not self._skip_bytes

    def _read_fmt(self, size: int, padded: int) -> bool:
        if not _FMT.size <= size <= _MAX_FMT_BYTES:
            raise Undecodable(f"expected wav: its fmt chunk claims {size} bytes")
        if len(self._pending) < _CHUNK.size + padded:
            return False
        content = self._pending[_CHUNK.size : _CHUNK.size + size]
        del self._pending[: _CHUNK.size + padded]
        tag, channels, rate, _, _, bits = _FMT.unpack_from(content)
        if tag == _EXTENSIBLE:
            tag = int.from_bytes(content[_SUBFORMAT_AT : _SUBFORMAT_AT + 2], "little")
        encoding = _ENCODINGS.get((tag, bits))
        if encoding is None or channels not in (1, 2):
            raise Undecodable(
                "expected wav with 8, 16, 24 or 32-bit integers or 32-bit floats, mono or stereo: "
                f"this one has encoding {tag}, {bits} bits, {channels} channels"
            )
        self.samples = Samples(encoding, rate, channels, channels * bits // 8)
        return True

    def _start_data(self, size: int) -> None:
        if self.samples is None:
            raise Undecodable("expected wav: its data chunk comes before any fmt chunk")
        self._is_in_data = True
        self._left_bytes = size if 0 < size < _ENDLESS_BYTES else None


def wav_header(rate: int, channels: int = 1) -> bytes:
    """Header of a stream of unknown length: signed 16-bit samples at `rate` Hz."""
    endless = 0xFFFF_FFFF
    block_bytes = channels * 2
    fmt = _FMT.pack(1, channels, rate, rate * block_bytes, block_bytes, 16)
    return b"".join(
        (
            _RIFF.pack(b"RIFF", endless, b"WAVE"),
            _CHUNK.pack(b"fmt ", len(fmt)) + fmt,
            _CHUNK.pack(b"data", endless),
        )
    )
