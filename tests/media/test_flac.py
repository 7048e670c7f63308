"""The front of FLAC streams."""

from __future__ import annotations

import pytest

from router.media.flac import MetadataReader, flac_header
from router.media.paths import Undecodable

STREAMINFO = bytes(range(34))
FRAMES = b"\xff\xf8 frames"


def block(kind: int, content: bytes, *, is_last: bool = False) -> bytes:
    return bytes([kind | (0x80 if is_last else 0)]) + len(content).to_bytes(3, "big") + content


FILES = {
    "shortest": b"fLaC" + block(0, STREAMINFO, is_last=True) + FRAMES,
    "tagged": b"fLaC" + block(0, STREAMINFO) + block(4, b"tags") + block(1, bytes(300), is_last=True) + FRAMES,
    "empty block": b"fLaC" + block(0, STREAMINFO) + block(1, b"", is_last=True) + FRAMES,
    "ours": flac_header(STREAMINFO) + FRAMES,
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_every_cut(file):
    """The frames come out and STREAMINFO is known, wherever the bytes are cut."""
    for cut in range(len(file) + 1):
        reader = MetadataReader()

        assert reader.feed(file[:cut]) + reader.feed(file[cut:]) == FRAMES
        assert reader.streaminfo == STREAMINFO


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_byte_by_byte(file):
    """The frames come out of single bytes as well."""
    reader = MetadataReader()

    assert b"".join(reader.feed(bytes([byte])) for byte in file) == FRAMES


@pytest.mark.parametrize("content", [b"{", b"OggS", b"fLaX", b"fLaC\x04\x00\x00\x04", b"fLaC\x00\x01"])
def test_refused_at_once(content):
    """The first byte that cannot begin a FLAC stream ends it."""
    with pytest.raises(Undecodable, match="expected flac"):
        MetadataReader().feed(content)
