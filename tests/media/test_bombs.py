"""Small files that claim, or hold, hours: none takes more than its time, or more memory than an honest one."""

from __future__ import annotations

import re
import struct
import time
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path

import av
import pytest

from router.media import probe
from router.media.meter import metered
from router.media.probe import seconds_of
from router.media.transcode import Transcoder
from router.wire.audio import FLAC, MP3, PCM
from tests.media.test_probe import made, upload

MOST_MB = 64  # what an honest file takes is a tenth of it, what a bomb took was hundreds
MOST_S = 2 * probe.MOST_S
CLAIMED = 10_000_000
BIG = CLAIMED.to_bytes(4, "big")


def grown_mb(work: Callable[[], object]) -> float:
    """By how much resident memory was larger, at its peak, than before."""
    Path("/proc/self/clear_refs").write_text("5")  # the peak is what it is now
    before = _status("VmRSS")
    work()
    return _status("VmHWM") - before


def _status(name: str) -> float:
    found = re.search(rf"^{name}:\s+(\d+) kB$", Path("/proc/self/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1]) / 1024


def patched(content: bytes, *patches: tuple[bytes, int, bytes]) -> bytes:
    """With these bytes so far behind the first such name."""
    changed = bytearray(content)
    for name, offset, new in patches:
        at = changed.index(name) + offset
        changed[at : at + len(new)] = new
    return bytes(changed)


@cache
def inflated_tag() -> bytes:
    """An ID3 tag whose one text is compressed: 300 MB of it."""
    packed = zlib.compress(bytes(300 * 2**20), 9)
    frame = b"TXXX" + _sync_safe(len(packed) + 4) + b"\0\x09" + _sync_safe(200 * 2**20) + packed
    return b"ID3\x04\0\0" + _sync_safe(len(frame)) + frame


def _sync_safe(size: int) -> bytes:
    return bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))


def tagged_wav() -> bytes:
    tag, content = inflated_tag(), made("wav")
    return content[:12] + b"id3 " + len(tag).to_bytes(4, "little") + tag + bytes(len(tag) % 2) + content[12:]


@cache
def silence() -> bytes:
    """Four and a half hours of flac in 34 KB."""
    codec = av.CodecContext.create("flac", "w")
    codec.sample_rate, codec.layout, codec.format = 8_000, "stereo", "s16"
    codec.options = {"frame_size": "65535"}
    codec.open()
    frame = av.AudioFrame("s16", "stereo", 65_535)
    frame.sample_rate = 8_000
    for plane in frame.planes:
        plane.update(bytes(plane.buffer_size))
    packets = []
    for count in range(2_000):
        frame.pts = count * 65_535
        packets += codec.encode(frame)
    return b"".join([b"fLaC\x80\0\0\x22", codec.extradata, *map(bytes, [*packets, *codec.encode(None)])])


def untold_silence() -> bytes:
    """Its header does not say how many samples there are."""
    content = bytearray(silence())
    content[21] &= 0xF0
    content[22:26] = bytes(4)
    return bytes(content)


FRAGMENTED = (("movflags", "frag_keyframe+empty_moov"),)
BOMBS = {  # -> the bytes, and the seconds they may be said to last; None: any or none
    "samples of an mp4": (
        lambda: patched(made("mp4"), (b"stsz", 8, b"\0\0\0\1" + BIG), (b"stsc", 16, BIG), (b"stts", 12, BIG)),
        2.0,
    ),
    "samples of a fragment": (lambda: patched(made("mp4", 2, FRAGMENTED), (b"trun", 4, b"\0\0\0\1" + BIG)), None),
    "tag of an mp3": (lambda: inflated_tag() + made("mp3"), 2.0),
    "second tag of an mp3": (lambda: b"ID3\x04\0\0" + bytes(4) + inflated_tag() + made("mp3"), 2.0),
    "tag of an aac": (lambda: inflated_tag() + made("adts"), None),
    "tag within an aac": (lambda: made("adts") + inflated_tag() + made("adts"), None),
    "tag within a wav": (tagged_wav, 2.0),
    "data of a wav": (lambda: patched(made("wav"), (b"data", 4, struct.pack("<I", 0x7FFE_0000))), 2.0),
    "position of an ogg": (lambda: patched(made("ogg")[::-1], (b"SggO", -10, b"\x40" + bytes(7)))[::-1], None),
    "silence": (silence, 16_383.75),
    "silence of untold length": (untold_silence, 16_383.75),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_the_length_of_a_bomb_costs_what_any_costs(bomb: str) -> None:
    """In time and in memory, whatever its length is said to be."""
    make, expected = BOMBS[bomb]
    asked = upload(make())
    began = time.monotonic()
    found: list[float | None] = []

    assert grown_mb(lambda: found.append(seconds_of(asked))) < MOST_MB
    assert time.monotonic() - began < MOST_S
    assert expected is None or found == [pytest.approx(expected, abs=0.2)]


@pytest.mark.parametrize("wanted", [PCM, MP3])
def test_hours_of_silence_are_transcoded_in_small_steps(wanted) -> None:
    """A chunk of 8 KB holds more than an hour; what is made of it comes out a few seconds at a time."""
    transcoder = Transcoder(FLAC, wanted)
    sizes: list[int] = []

    def some() -> None:
        steps, is_last = transcoder.steps(silence()[:8_192]), False
        while not is_last and len(sizes) < 40:
            output, is_last = transcoder.taken(steps)
            sizes.append(len(output))

    assert grown_mb(some) < MOST_MB
    assert len(sizes) == 40
    assert max(sizes) < 1_000_000


async def test_hours_of_silence_are_measured_as_they_pass() -> None:
    """Nothing of what is decoded is kept."""
    seconds: list[float] = []

    async def stream():
        yield silence()

    before = _status("VmRSS")
    assert [chunk async for chunk in metered(stream(), FLAC, seconds.append)] == [silence()]
    assert sum(seconds) == pytest.approx(16_383.75)
    assert _status("VmRSS") - before < MOST_MB
