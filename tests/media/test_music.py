"""Music and sound effects: they stay stereo and wide, and every header says so."""

from __future__ import annotations

import struct
from array import array

import pytest

from router.media.paths import MUSIC
from router.media.transcode import Transcoder
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, SPEECH_FORMATS, WAV, Format, pcm
from tests.media.parts import Part, Parts, outputs_of, pieces
from tests.media.sounds import (
    LEFT_HZ,
    RIGHT_HZ,
    TONE_HZ,
    both_tones,
    clip,
    heard_apart,
    stereo_clip,
    tone,
    transcoded,
)

WANTED = [MP3, AAC, FLAC, OPUS, WAV]
PRIMING_SAMPLES = {"mp3": 1_105, "aac": 1_024}  # which a decoder gives before the sound
FRAME_SAMPLES = {"mp3": 1_152, "aac": 1_024}  # the last one is filled up


def rate_of(wanted: Format) -> int:
    return 48_000 if wanted == OPUS else 44_100


def padding_s(codec: str) -> float:
    return (PRIMING_SAMPLES.get(codec, 0) + FRAME_SAMPLES.get(codec, 0)) / 44_100


def made(source: Format, wanted: Format, content: bytes) -> bytes:
    return transcoded(source, wanted, *pieces(content, 777), shape=MUSIC)


# ------------------------------------------------------------------ what is heard


@pytest.mark.parametrize("wanted", WANTED, ids=str)
@pytest.mark.parametrize("source", WANTED, ids=str)
def test_stereo_stays_stereo(source, wanted):
    """Two tones, one a side, the right one higher than speech can hold, come out of every way as they went in."""
    left, right = heard_apart(made(source, wanted, stereo_clip(source, 0.5, rate_of(source))), wanted)

    assert left.rate == right.rate == rate_of(wanted)
    assert left.pitch_hz == pytest.approx(LEFT_HZ, abs=2)
    assert right.pitch_hz == pytest.approx(RIGHT_HZ, abs=20)
    filled_up_s = 0.02 if source == OPUS else 0  # FFmpeg's muxer does not tell where its sound ends
    assert 0.5 - 0.001 <= left.seconds <= 0.5 + padding_s(source.codec) + padding_s(wanted.codec) + filled_up_s + 0.001


@pytest.mark.parametrize("wanted", WANTED, ids=str)
@pytest.mark.parametrize("source", [pcm(16_000), PCM, WAV, MP3, FLAC, AAC, OPUS], ids=str)
def test_mono_on_both_sides(source, wanted):
    """What has one channel, at whatever rate, comes out on both sides alike, and as loud as it was."""
    left, right = heard_apart(made(source, wanted, clip(source, 0.4)), wanted)

    assert left.rate == right.rate == rate_of(wanted)
    assert len(left.samples) == len(right.samples)
    assert max(map(abs, map(int.__sub__, left.samples, right.samples))) <= 100  # of 12,000: aac and opus round
    assert left.pitch_hz == pytest.approx(TONE_HZ, abs=2)
    assert max(left.samples[4_000:12_000]) == pytest.approx(12_000, rel=0.1)


@pytest.mark.parametrize("rate", [8_000, 22_050, 32_000, 48_000, 96_000])
@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_any_rate(wanted, rate):
    """Stereo of any rate comes out at the one rate, no shorter and no longer."""
    left, _ = heard_apart(made(WAV, wanted, clip(WAV, 0.3, rate=rate, layout="stereo")), wanted)

    assert left.rate == rate_of(wanted)
    assert left.pitch_hz == pytest.approx(TONE_HZ, abs=3)
    assert 0.3 - 0.001 <= left.seconds <= 0.3 + padding_s(wanted.codec) + 0.001


@pytest.mark.parametrize("wanted", [FLAC, WAV], ids=str)
@pytest.mark.parametrize("source", [FLAC, WAV], ids=str)
def test_lossless(source, wanted):
    """The lossless formats keep every sample of both sides; of one channel each side gets every sample."""
    left, right = heard_apart(made(source, wanted, stereo_clip(source, 0.2)), wanted)
    assert left.samples == array("h", tone(0.2, 44_100, LEFT_HZ))
    assert right.samples == array("h", tone(0.2, 44_100, RIGHT_HZ))

    both = heard_apart(made(source, wanted, clip(source, 0.2, rate=44_100)), wanted)
    assert [side.samples for side in both] == [array("h", tone(0.2, 44_100))] * 2


@pytest.mark.parametrize("source", [pcm(48_000), WAV, FLAC], ids=str)
def test_pcm_has_one_shape(source):
    """Raw samples are 24 kHz mono, be they speech or music: nothing in them could say otherwise."""
    content = clip(source, 0.2)

    assert made(source, PCM, content) == transcoded(source, PCM, content)


@pytest.mark.parametrize("samples", [1, 647, 648, 649, 959, 960, 961, 48_000])
@pytest.mark.parametrize("wanted", [OPUS, FLAC, WAV], ids=str)
def test_exact_length(wanted, samples):
    """The formats that can say where the sound ends give exactly as many samples as went in."""
    rate = rate_of(wanted)
    left, right = heard_apart(made(WAV, wanted, stereo_clip(WAV, samples / rate, rate)), wanted)

    assert len(left.samples) == len(right.samples) == samples


# ------------------------------------------------------------------ cuts and parts


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
def test_every_cut(wanted):
    """The same comes out wherever the input is cut, between the sides of a sample as well."""
    file = stereo_clip(WAV, 30 / 44_100)
    whole = plain(transcoded(WAV, wanted, file, shape=MUSIC), wanted)
    for cut in range(len(file)):
        assert plain(transcoded(WAV, wanted, file[:cut], file[cut:], shape=MUSIC), wanted) == whole


@pytest.mark.parametrize("source", [MP3, AAC, FLAC, OPUS], ids=str)
def test_coded_input_cut_anywhere(source):
    """Coded stereo may be cut anywhere as well."""
    file = stereo_clip(source, 0.02, rate_of(source))
    whole = transcoded(source, WAV, file, shape=MUSIC)
    for cut in range(len(file)):
        assert transcoded(source, WAV, file[:cut], file[cut:], shape=MUSIC) == whole


def plain(content: bytes, wanted: Format) -> bytes:
    """The same bytes, but for the serial number of an Opus stream, which is drawn, and the checksums over it."""
    pages = content.split(b"OggS") if wanted == OPUS else [content]
    return b"OggS".join([page[:10] + page[14:18] + page[22:] if page and wanted == OPUS else page for page in pages])


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
async def test_parts_are_one(wanted):
    """Parts come out as the very bytes that the whole gives."""
    parts = Parts(*(Part(*pieces(stereo_clip(WAV, 0.1), 5_000)) for _ in range(3)))  # a whole number of both waves
    outputs = await outputs_of(parts, WAV, wanted, MUSIC)

    assert plain(b"".join(outputs), wanted) == plain(made(WAV, wanted, stereo_clip(WAV, 0.3)), wanted)


@pytest.mark.parametrize("wanted", WANTED, ids=str)
async def test_parts_of_other_shapes(wanted):
    """A part may have another rate and other channels than the one before; the output is one stereo stream."""
    contents = [clip(WAV, 0.3), stereo_clip(WAV, 0.3), clip(WAV, 0.3, rate=48_000)]
    outputs = await outputs_of(Parts(*map(Part, contents)), WAV, wanted, MUSIC)
    left, right = heard_apart(b"".join(outputs), wanted)

    assert left.pitch_hz == pytest.approx(LEFT_HZ, abs=3)
    assert right.pitch_hz > LEFT_HZ + 1_000
    assert 0.9 - 0.001 <= left.seconds <= 0.9 + padding_s(wanted.codec) + 0.001


# ------------------------------------------------------------------ what headers say

TONES = stereo_clip(WAV, 0.2)


def test_wav_header():
    """The header says 44.1 kHz, two channels, 16 bits, and what follows from them."""
    content = made(WAV, WAV, TONES)

    assert struct.unpack("<HHIIHH", content[20:36]) == (1, 2, 44_100, 176_400, 4, 16)
    assert content[44:] == both_tones(0.2)


def test_adts_frames():
    """Every ADTS header says AAC-LC at 44.1 kHz, two channels, and its frame's length rightly."""
    content = made(WAV, AAC, TONES)
    at = 0
    while at < len(content):
        head = int.from_bytes(content[at : at + 7], "big")
        assert (head >> 38 & 0b11, head >> 34 & 0b1111, head >> 30 & 0b111) == (1, 4, 2)  # ISO/IEC 14496-3, 1.A.2.2
        at += head >> 13 & 0x1FFF

    assert at == len(content)


def test_streaminfo():
    """The STREAMINFO says the size of blocks, 44.1 kHz, two channels and 16 bits (RFC 9639, 8.2)."""
    info = made(WAV, FLAC, TONES)[8:42]
    told = int.from_bytes(info[10:18], "big")

    assert struct.unpack(">HH", info[:4]) == (1_152, 1_152)
    assert (told >> 44, (told >> 41 & 0b111) + 1, (told >> 36 & 0b11111) + 1) == (44_100, 2, 16)


def test_mp3_frames():
    """Every frame is MPEG-1 layer III at 192 kbit/s and 44.1 kHz, has two channels, and borrows no earlier bits."""
    content = made(WAV, MP3, TONES)
    at = 0
    while at < len(content):
        head = int.from_bytes(content[at : at + 4], "big")
        assert head >> 17 == 0x7FFD  # sync, MPEG-1, layer III
        assert (head >> 12 & 0xF, head >> 10 & 0b11) == (11, 0)
        assert head >> 6 & 0b11 != 0b11  # which is mono
        assert content[at + 4] == 0
        at += 144 * 192_000 // 44_100 + (head >> 9 & 1)

    assert at == len(content)


def test_opus_pages():
    """The head says two channels, positions count 48 kHz, and the last one is where the sound ends (RFC 7845)."""
    pages = made(WAV, OPUS, stereo_clip(WAV, 0.2, 48_000)).split(b"OggS")[1:]
    head = pages[0][24:]

    assert (head[:8], head[9], struct.unpack("<HI", head[10:16])) == (b"OpusHead", 2, (312, 48_000))
    positions = [int.from_bytes(page[2:10], "little") for page in pages[2:]]
    assert positions == [*range(960, 312 + 9_600, 960), 312 + 9_600]


def test_speech_unless_told():
    """A transcoder that is told no shape makes speech."""
    assert Transcoder(WAV, WAV).feed(TONES)[20:36] == struct.pack("<HHIIHH", 1, 1, 24_000, 48_000, 2, 16)
