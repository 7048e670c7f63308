"""Each format's way from bytes to sound. `pcm` out is lossless, so whatever is compared here was decoded the same."""

from __future__ import annotations

from array import array
from itertools import pairwise
from struct import pack

import pytest

from router.media.transcode import Transcoder, Undecodable
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, WAV, pcm
from tests.media.sounds import Heard, clip, heard, tone, transcoded

CODED = [MP3, AAC, FLAC, OPUS, WAV]
SHORT = {source: clip(source, 0.12) for source in CODED}
SHORT[FLAC] = clip(FLAC, 0.12, metadata_header_padding="20")
SHORT[pcm(22_050)] = clip(pcm(22_050), 0.02)
HEADER_BYTES = 400  # beyond every header in these clips, and well into the sound


@pytest.mark.parametrize("source", SHORT, ids=str)
def test_header_cut_everywhere(source):
    """A stream sounds the same wherever its header is cut."""
    content = SHORT[source]
    whole = transcoded(source, PCM, content)
    for cut in range(min(HEADER_BYTES, len(content))):
        assert transcoded(source, PCM, content[:cut], content[cut:]) == whole


@pytest.mark.parametrize("source", SHORT, ids=str)
def test_byte_by_byte(source):
    """A stream sounds the same when it comes in single bytes."""
    content = SHORT[source]

    assert transcoded(source, PCM, *(bytes([byte]) for byte in content)) == transcoded(source, PCM, content)


@pytest.mark.parametrize("source", SHORT, ids=str)
def test_nothing_waits_for_the_next(source):
    """Every frame is out with its last byte: no decoder looks ahead, the end brings only what was being resampled."""
    transcoder = Transcoder(source, PCM)
    transcoder.feed(SHORT[source])

    assert len(transcoder.close()) // 2 <= (0 if source in (MP3, AAC, FLAC, WAV) else 18)


@pytest.mark.parametrize("source", [MP3, AAC, FLAC, OPUS], ids=str)
def test_frame_by_frame(source):
    """Sound comes out all along the stream, a frame at a time, and not in lumps."""
    longest_frame_s = {MP3: 0.024, AAC: 1024 / 24_000, FLAC: 2304 / 24_000, OPUS: 0.02}[source]
    transcoder = Transcoder(source, PCM)
    given = [len(transcoder.feed(bytes([byte]))) / 2 / 24_000 for byte in clip(source, 0.5)]

    assert max(given) <= longest_frame_s + 1e-9
    assert sum(given) >= 0.5


def test_flac_is_lossless():
    """Every sample of a FLAC stream comes out as it went in."""
    sound = tone(1)

    assert transcoded(FLAC, PCM, clip(FLAC, 1)) == sound
    assert transcoded(FLAC, PCM, transcoded(PCM, FLAC, sound)) == sound


def test_flac_cut_at_random(random_cuts):
    """FLAC frames are found whatever the pieces."""
    content = clip(FLAC, 1)

    assert transcoded(FLAC, PCM, *random_cuts(content)) == tone(1)


@pytest.mark.parametrize("damage", [slice(-100, None), slice(3_000, 3_001)], ids=["cut", "damaged"])
def test_flac_damaged(damage):
    """FLAC whose end cannot be made out is an error at the end, never a shorter sound."""
    content = bytearray(clip(FLAC, 1, metadata_header_padding="20"))
    del content[damage]

    with pytest.raises(Undecodable, match="expected flac: it ends inside"):
        transcoded(FLAC, PCM, *(bytes(content[start : start + 500]) for start in range(0, len(content), 500)))


def test_flac_without_frames():
    """FLAC metadata with something else behind it is refused."""
    metadata = clip(FLAC, 0.1, metadata_header_padding="20")
    metadata = metadata[: metadata.index(b"\xff\xf8")]

    with pytest.raises(Undecodable, match="expected flac"):
        transcoded(FLAC, PCM, metadata + b"<html>")


@pytest.fixture(params=range(3))
def random_cuts(request):
    from random import Random

    def cut(content: bytes) -> list[bytes]:
        places = sorted(Random(request.param).sample(range(1, len(content)), 60))
        return [content[start:end] for start, end in pairwise([0, *places, len(content)])]

    return cut


def test_mp3_tag_costs_no_sound():
    """A tag in front of an mp3 is skipped by itself, not together with the first frame."""
    bare = clip(MP3, 0.5, id3v2_version="0", write_xing="0")
    tag = b"ID3\x04\x00\x00" + bytes((0, 0, 1, 72)) + b"\xff\xf3\x84\xc4" * 50

    assert transcoded(MP3, PCM, tag + bare) == transcoded(MP3, PCM, bare)


def test_mp3_index_is_not_sound():
    """The table of contents that some encoders put first does not become a frame of silence."""
    bare = clip(MP3, 0.5, id3v2_version="0", write_xing="0")
    indexed = clip(MP3, 0.5, id3v2_version="0")

    assert b"Info" in indexed[:48]
    assert len(transcoded(MP3, PCM, indexed)) == len(transcoded(MP3, PCM, bare))


def test_mp3_end_tag():
    """A tag at the end of an mp3 takes nothing away."""
    bare = clip(MP3, 0.5)

    assert transcoded(MP3, PCM, bare + b"TAG" + bytes(125)) == transcoded(MP3, PCM, bare)


def test_broken_off():
    """A stream that ends inside a frame gives all frames before it."""
    content = clip(MP3, 0.5)

    assert heard(transcoded(MP3, PCM, content[:-50]), PCM).seconds == pytest.approx(0.55, abs=0.05)


@pytest.mark.parametrize("source", [MP3, AAC], ids=str)
def test_another_rate_midway(source):
    """Two joined files of different rates and channels are heard to the end, in one rate."""
    joined = clip(source, 0.5) + clip(source, 0.5, rate=44_100, layout="stereo")
    sound = heard(transcoded(source, PCM, joined), PCM)

    assert sound.seconds == pytest.approx(1.1, abs=0.1)
    for part in (sound.samples[:12_000], sound.samples[-12_000:]):
        assert Heard(part, sound.rate).pitch_hz == pytest.approx(440, abs=2)


def test_opus_streams_in_a_row():
    """Ogg streams that follow each other are heard one after the other, each up to its own end."""
    one = transcoded(PCM, OPUS, tone(0.5))

    assert heard(transcoded(OPUS, PCM, one + one), PCM).seconds == 1.0


def test_other_ogg():
    """Ogg with something other than Opus in it is refused."""
    with pytest.raises(Undecodable, match="expected opus"):
        transcoded(OPUS, PCM, clip(OPUS, 0.1).replace(b"OpusHead", b"\x7fFLAC\x01\x00\x00"))


def test_aac_in_other_files():
    """AAC that does not begin with an ADTS frame is refused at once."""
    with pytest.raises(Undecodable, match="ADTS"):
        transcoded(AAC, PCM, b"\x00\x00\x00\x1cftypM4A " + clip(AAC, 0.1))


@pytest.mark.parametrize("rate", [8_000, 16_000, 22_050, 24_000, 44_100, 48_000])
def test_raw_samples_cut_inside(rate):
    """Raw samples of any rate survive cuts inside a sample."""
    sound = tone(0.5, rate)
    pieces = [sound[start : start + 333] for start in range(0, len(sound), 333)]
    output = transcoded(pcm(rate), PCM, *pieces)

    assert output == transcoded(pcm(rate), PCM, sound)
    assert heard(output, PCM).seconds == pytest.approx(0.5, abs=0.0002)
    assert heard(output, PCM).pitch_hz == pytest.approx(440, abs=2)


def test_same_samples():
    """Raw samples that are right already are not touched."""
    assert transcoded(PCM, PCM, tone(0.1)) == tone(0.1)


WRITTEN = {
    (1, 8): lambda sample: bytes([(sample >> 8) + 128]),
    (1, 16): lambda sample: pack("<h", sample),
    (1, 24): lambda sample: pack("<i", sample << 8)[:3],
    (1, 32): lambda sample: pack("<i", sample << 16),
    (3, 32): lambda sample: pack("<f", sample / 32_768),
}


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("tag", "bits"), WRITTEN)
def test_wav_samples(tag, bits, channels):
    """Integers and floats of every size, mono and stereo, come out as the same sound."""
    sound = array("h", tone(0.05))
    content = b"".join(WRITTEN[tag, bits](sample) * channels for sample in sound)
    fmt = pack("<HHIIHH", tag, channels, 24_000, 0, channels * bits // 8, bits)
    file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + fmt + b"data\0\0\0\0" + content
    given = array("h", transcoded(WAV, PCM, *(file[start : start + 7] for start in range(0, len(file), 7))))

    assert len(given) == len(sound)
    assert max(abs(one - other) for one, other in zip(given, sound, strict=True)) <= (256 if bits == 8 else 2)


def test_wav_rate_of_no_sound():
    """A wav that claims an absurd rate is refused."""
    file = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + pack("<HHIIHH", 1, 1, 1, 2, 2, 16) + b"data\0\0\0\0" + bytes(100)

    with pytest.raises(Undecodable, match="sample rate"):
        transcoded(WAV, PCM, file)
