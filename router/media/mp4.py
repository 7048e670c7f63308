"""How long an MP4 is, by its boxes (ISO/IEC 14496-12): the sound track's header, or what its fragments add up to.

Read here because FFmpeg makes an index of every sample that a table claims to have: a file of 19 KB that claims
80 million of them takes 2.8 GB, and five seconds in which no deadline is looked at.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Iterator
from typing import NamedTuple

from router.wire.upload import Upload

__all__ = ["mp4_seconds"]

SOUND = b"soun"
UNKNOWN = frozenset({0, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF})
LONGEST_BOX_BYTES = 4 << 20  # of those that are read as a whole: 260,000 samples of one fragment, an hour and a half
BASE_OFFSET, DESCRIPTION, DEFAULT_DURATION = 0x1, 0x2, 0x8  # what a tfhd may hold
DATA_OFFSET, FIRST_FLAGS, DURATIONS = 0x1, 0x4, 0x100  # what a trun may hold
OF_EACH_SAMPLE = (0x100, 0x200, 0x400, 0x800)


class _Box(NamedTuple):
    """What lies in it: from `start` up to `end`."""

    kind: bytes
    start: int
    end: int


class _Track(NamedTuple):
    """`duration` is that of its header, in parts of which a second has `timescale`; 0: not told."""

    number: int
    timescale: int
    duration: int


def mp4_seconds(upload: Upload, check: Callable[[], None]) -> float | None:
    """Seconds of the first sound track; None where it does not tell. `check` is called at every step, and may raise."""
    return _Reader(upload, check).seconds()


class _Reader:
    def __init__(self, upload: Upload, check: Callable[[], None]) -> None:
        self._upload = upload
        self._check = check
        self._whole = _Box(b"", 0, upload.size)

    def seconds(self) -> float | None:
        track = next((one for box in self._in(self._whole, b"moov", b"trak") if (one := self._track(box))), None)
        if track is None or not track.timescale:
            return None
        fragments = sum(self._fragment(box, track) for box in self._in(self._whole, b"moof", b"traf"))
        return max(track.duration, fragments) / track.timescale or None

    def _in(self, box: _Box, *path: bytes) -> Iterator[_Box]:
        """Every box that is reached by these kinds, one within the other."""
        if not path:
            yield box
            return
        at = box.start
        while at + 8 <= box.end:
            self._check()
            head = self._upload.read_at(at, 16)
            size, kind, start = _number(head, 0), head[4:8], at + 8
            if size == 1:
                size, start = _number(head, 8, 8), at + 16
            end = min(at + size, box.end) if size else box.end
            if end < start:
                return
            if kind == path[0]:
                yield from self._in(_Box(kind, start, end), *path[1:])
            at = end

    def _content(self, box: _Box, *path: bytes) -> bytes:
        """The content of the first such box, or nothing."""
        found = next(self._in(box, *path), None)
        return self._upload.read_at(found.start, min(found.end - found.start, LONGEST_BOX_BYTES)) if found else b""

    def _track(self, box: _Box) -> _Track | None:
        if self._content(box, b"mdia", b"hdlr")[8:12] != SOUND:
            return None
        head, media = self._content(box, b"tkhd"), self._content(box, b"mdia", b"mdhd")
        number = _number(head, 20 if head[:1] == b"\1" else 12)
        at, size = (20, 8) if media[:1] == b"\1" else (12, 4)
        duration = _number(media, at + 4, size)
        return _Track(number, _number(media, at), 0 if duration in UNKNOWN else duration)

    def _fragment(self, box: _Box, track: _Track) -> int:
        """How long one fragment is, if it is of that track."""
        head = self._content(box, b"tfhd")
        if _number(head, 4) != track.number:
            return 0
        flags = _number(head, 0)
        at = 8 + 8 * bool(flags & BASE_OFFSET) + 4 * bool(flags & DESCRIPTION)
        each = _number(head, at) if flags & DEFAULT_DURATION else self._default(track)
        return sum(self._run(run, each) for run in self._in(box, b"trun"))

    def _run(self, run: _Box, each: int) -> int:
        content = self._content(run)
        flags, count = _number(content, 0), _number(content, 4)
        if not flags & DURATIONS:
            return count * each
        at = 8 + 4 * bool(flags & DATA_OFFSET) + 4 * bool(flags & FIRST_FLAGS)
        words = array("I", content[at : at + (len(content) - at) // 4 * 4])
        if sys.byteorder == "little":
            words.byteswap()
        return sum(words[:: sum(bool(flags & one) for one in OF_EACH_SAMPLE)][:count])

    def _default(self, track: _Track) -> int:
        """How long a sample is where its fragment does not say it."""
        for box in self._in(self._whole, b"moov", b"mvex", b"trex"):
            content = self._content(box)
            if _number(content, 4) == track.number:
                return _number(content, 12)
        return 0


def _number(content: bytes, at: int, size: int = 4) -> int:
    return int.from_bytes(content[at : at + size], "big")
