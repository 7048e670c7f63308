"""WAV headers in all the shapes that vendors write them."""

from __future__ import annotations

from struct import pack

import pytest

from router.media.paths import Undecodable
from router.media.wav import Samples, WavReader, wav_header

FMT = pack("<HHIIHH", 1, 1, 22_050, 44_100, 2, 16)
CONTENT = bytes(range(40))
S16 = Samples("pcm_s16le", 22_050, channels=1, block_bytes=2)


def chunk(name: bytes, content: bytes, size: int | None = None) -> bytes:
    return name + pack("<I", len(content) if size is None else size) + content + bytes(len(content) % 2)


def riff(*chunks: bytes, size: int = 0) -> bytes:
    return b"RIFF" + pack("<I", size) + b"WAVE" + b"".join(chunks)


def read(*pieces: bytes) -> tuple[Samples | None, bytes]:
    reader = WavReader()
    content = b"".join(map(reader.feed, pieces))
    return reader.samples, content


FILES = {
    "plain": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT)),
    "long fmt": riff(chunk(b"fmt ", FMT + bytes(2)), chunk(b"data", CONTENT)),
    "chunks before": riff(
        chunk(b"JUNK", b"odd"), chunk(b"fmt ", FMT), chunk(b"LIST", b"INFOxyz"), chunk(b"data", CONTENT)
    ),
    "chunks after": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT), chunk(b"LIST", b"INFO"), chunk(b"id3 ", b"x")),
    "endless 0": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT, 0)),
    "endless ffffffff": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT, 0xFFFF_FFFF), size=0xFFFF_FFFF),
    "endless 4 GiB less the header": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT, 0xFFFF_FFFF - 36)),
    "endless 7ffff000": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT, 0x7FFF_F000)),
    "endless 7fffffff": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT, 0x7FFF_FFFF)),
    "endless 80000000": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT, 0x8000_0000)),
    "broken off": riff(chunk(b"fmt ", FMT), chunk(b"data", CONTENT, 1000)),
}


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_every_cut(file):
    """The samples, and only they, come out wherever the file is cut."""
    assert read(file) == (S16, CONTENT)
    for cut in range(len(file)):
        assert read(file[:cut], file[cut:]) == (S16, CONTENT)


@pytest.mark.parametrize("file", FILES.values(), ids=FILES)
def test_byte_by_byte(file):
    """The samples come out of single bytes as well, each as it arrives."""
    assert read(*(bytes([byte]) for byte in file)) == (S16, CONTENT)


@pytest.mark.parametrize(
    ("tag", "bits", "encoding"),
    [
        (1, 8, "pcm_u8"),
        (1, 16, "pcm_s16le"),
        (1, 24, "pcm_s24le"),
        (1, 32, "pcm_s32le"),
        (3, 32, "pcm_f32le"),
    ],
)
@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("is_extensible", [False, True])
def test_encodings(tag, bits, encoding, channels, is_extensible):
    """Integers and floats, mono and stereo, are told apart, also where the encoding hides in a GUID."""
    block_bytes = channels * bits // 8
    fmt = pack("<HHIIHH", 0xFFFE if is_extensible else tag, channels, 48_000, 0, block_bytes, bits)
    if is_extensible:
        fmt += pack("<HHIH", 22, bits, 0, tag) + b"\x00\x00\x00\x00\x10\x00\x80\x00\x00\xaa\x00\x38\x9b\x71"

    samples, _ = read(riff(chunk(b"fmt ", fmt), chunk(b"data", CONTENT)))

    assert samples == Samples(encoding, 48_000, channels, block_bytes)


@pytest.mark.parametrize(
    "file",
    [
        b"<html>not found</html>",
        b"RIFX\x00\x00\x00\x00WAVE",
        b"RIFF\x00\x00\x00\x00AVI LIST",
        riff(chunk(b"data", CONTENT)),
        riff(chunk(b"fmt ", FMT[:14])),
        riff(b"fmt " + pack("<I", 0xFFFF_FFFF)),
        riff(chunk(b"fmt ", pack("<HHIIHH", 0x55, 1, 22_050, 0, 1, 16))),
        riff(chunk(b"fmt ", pack("<HHIIHH", 1, 1, 22_050, 0, 1, 12))),
        riff(chunk(b"fmt ", pack("<HHIIHH", 1, 6, 22_050, 0, 12, 16))),
        riff(chunk(b"fmt ", pack("<HHIIHH", 0xFFFE, 1, 22_050, 0, 2, 16))),
    ],
)
def test_refused(file):
    """What is no wav, or none of ours, is refused with a word on what was expected."""
    with pytest.raises(Undecodable, match="expected wav"):
        read(file)


def test_refused_at_once():
    """The first byte that cannot begin a wav ends it; nobody waits for a header that will not come."""
    with pytest.raises(Undecodable, match="expected wav"):
        WavReader().feed(b"{")


def test_header():
    """Our own header reads as an endless stream of signed 16-bit samples."""
    header = wav_header(22_050)

    assert read(header + CONTENT) == (S16, CONTENT)
    assert header[4:8] == header[40:44] == b"\xff\xff\xff\xff"
    assert len(header) == 44
    assert read(wav_header(44_100, 2) + CONTENT) == (Samples("pcm_s16le", 44_100, channels=2, block_bytes=4), CONTENT)
