"""Every way from a vendor's format to a client's, of one stream and of several that follow each other."""

from __future__ import annotations

from array import array
from itertools import permutations

import pytest

from router.media.transcode import Transcoder, Undecodable
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, SPEECH_FORMATS, WAV, Format, pcm
from tests.media.sounds import TONE_HZ, clip, heard, tone, transcoded

SOURCES = [pcm(16_000), pcm(22_050), PCM, pcm(48_000), WAV, MP3, FLAC, AAC, OPUS]
PADDING_S = {  # priming, and the rest of the last frame; our own opus says where the sound ends
    "mp3": (1_105 + 576) / 24_000,
    "aac": (1_024 + 1_024) / 24_000,
    "opus": 0.02,
    "flac": 0,
    "wav": 0,
    "pcm": 0,
}
GARBAGE = {
    "json": b'{"error": {"message": "the model is overloaded"}}' * 50,
    "html": b"<!doctype html><html><body>Bad gateway</body></html>" * 50,
    "zeros": bytes(5_000),
    "text": bytes(range(32, 127)) * 40,
}
CODED = [WAV, MP3, FLAC, AAC, OPUS]


def pieces(content: bytes, size: int) -> list[bytes]:
    return [content[start : start + size] for start in range(0, len(content), size)]


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
@pytest.mark.parametrize("source", SOURCES, ids=str)
def test_every_way(source, wanted):
    """The same tone of the same length comes out of every way, whatever the pieces it came in."""
    content = clip(source, 0.6)
    sound = heard(transcoded(source, wanted, *pieces(content, 777)), wanted)

    assert sound.pitch_hz == pytest.approx(TONE_HZ, abs=2)
    padding_s = PADDING_S[source.codec] + PADDING_S[wanted.codec]
    assert 0.6 - 0.001 <= sound.seconds <= 0.6 + padding_s + 0.001


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
@pytest.mark.parametrize("source", CODED, ids=str)
def test_garbage(source, garbage):
    """Bytes of another kind are refused with a word on what was expected."""
    with pytest.raises(Undecodable, match=f"expected ({source.codec}|ogg)"):
        transcoded(source, OPUS, *pieces(garbage, 1_000))


@pytest.mark.parametrize(("source", "other"), [*permutations(CODED, 2)], ids=str)
def test_mistaken(source, other):
    """A stream of one format that was announced as another is refused, not played as noise."""
    with pytest.raises(Undecodable):
        transcoded(source, MP3, clip(other, 0.6))


@pytest.mark.parametrize("source", [MP3, AAC], ids=str)
def test_endless_garbage(source):
    """Whoever sends on and on without a sound is refused before the end, and not kept in memory."""
    transcoder = Transcoder(source, PCM)

    with pytest.raises(Undecodable, match=f"expected {source.codec}"):
        list(map(transcoder.feed, [b"nothing to hear" * 3_000] * 40))


@pytest.mark.parametrize("source", [*CODED, PCM], ids=str)
@pytest.mark.parametrize("chunks", [[], [b""]], ids=["no chunk", "empty chunk"])
def test_empty(source, chunks):
    """An answer without a byte has no sound in it."""
    with pytest.raises(Undecodable, match="no sound in 0 bytes"):
        transcoded(source, MP3, *chunks)


@pytest.mark.parametrize("source", CODED, ids=str)
def test_one_byte(source):
    """A single byte, be it the right one, is no sound."""
    with pytest.raises(Undecodable, match=f"expected {source}"):
        transcoded(source, MP3, clip(source, 0.1)[:1])


@pytest.mark.parametrize("source", CODED, ids=str)
def test_header_alone(source):
    """A header without sound behind it is no sound."""
    with pytest.raises(Undecodable, match=f"expected {source}"):
        transcoded(source, WAV, clip(source, 0.1)[:40])


def test_no_way():
    """Asking for a way that does not exist is the caller's mistake."""
    with pytest.raises(ValueError, match="no way from pcm@24000 to pcm@16000"):
        Transcoder(PCM, pcm(16_000))


# ------------------------------------------------------------------ parts

PART_S = 0.3  # a whole number of the tone's waves: it goes on in the next part where it stopped in this one


def in_parts(source: Format, wanted: Format, *parts: bytes, size: int = 777) -> bytes:
    """What comes of parts that follow each other."""
    transcoder = Transcoder(source, wanted)
    output = []
    for at, part in enumerate(parts):
        output += [transcoder.next_part()] if at else []
        output += map(transcoder.feed, pieces(part, size))
    return b"".join([*output, transcoder.close()])


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
@pytest.mark.parametrize("source", [PCM, pcm(16_000), WAV, FLAC], ids=str)
def test_parts_are_one(source, wanted):
    """Where nothing is lost, parts come out as the very bytes that the whole gives, whatever lies in between."""
    parts = in_parts(source, wanted, *[clip(source, PART_S)] * 3)
    whole = transcoded(source, wanted, clip(source, 3 * PART_S))

    if wanted == OPUS:  # but for the number of its stream, which is drawn
        parts, whole = heard(parts, OPUS).samples, heard(whole, OPUS).samples
    assert parts == whole


@pytest.mark.parametrize("source", [WAV, FLAC], ids=str)
def test_no_seam_in_the_resampler(source):
    """A change of rate does not begin anew with a part."""
    parts = in_parts(source, PCM, *[clip(source, PART_S, rate=16_000)] * 3)

    assert parts == transcoded(source, PCM, clip(source, 3 * PART_S, rate=16_000))


def is_near(samples: array, others: array) -> bool:
    """Whether no sample is off by more than a fifth of the tone's height, which Opus at 32 kbit/s may cost."""
    return len(samples) == len(others) and max(map(abs, map(int.__sub__, samples, others))) < 12_000 / 5


def test_seam_of_opus():
    """Opus says where its sound begins and ends: parts have their exact length, and no gap or crackle between them."""
    part = transcoded(PCM, OPUS, tone(PART_S))

    assert is_near(array("h", in_parts(OPUS, PCM, *[part] * 3)), array("h", tone(3 * PART_S)))


def test_end_of_opus_on_a_long_page():
    """One page may hold the whole sound; its end is cut off as well, to the sample."""
    file = bytearray(clip(OPUS, PART_S))
    last = file.rindex(b"OggS")
    file[last + 6 : last + 14] = (312 + round(PART_S * 48_000)).to_bytes(8, "little")

    assert is_near(array("h", in_parts(OPUS, PCM, *[bytes(file)] * 3)), array("h", tone(3 * PART_S)))


UNTOLD = {"none": (4, -1), "zero": (4, 0), "absurd": (4, 1 << 60), "not the last": (0, 313)}


@pytest.mark.parametrize(("flags", "position"), UNTOLD.values(), ids=UNTOLD)
def test_end_of_opus_untold(flags, position):
    """A page that does not say where the sound ends costs none of it."""
    file = bytearray(clip(OPUS, PART_S))
    last = file.rindex(b"OggS")
    file[last + 5] = flags
    file[last + 6 : last + 14] = position.to_bytes(8, "little", signed=True)

    assert PART_S <= heard(transcoded(OPUS, PCM, bytes(file)), PCM).seconds <= PART_S + 0.02


@pytest.mark.parametrize("size", [1, 13, 100_000])
def test_end_of_opus_cut_anywhere(size):
    """The end is found in pieces of any size."""
    part = transcoded(PCM, OPUS, tone(PART_S))

    assert in_parts(OPUS, PCM, part, part, size=size) == in_parts(OPUS, PCM, part, part)


@pytest.mark.parametrize("source", [MP3, AAC], ids=str)
def test_seam_of_others(source):
    """mp3 and aac do not say where their sound begins: each part brings its priming along, and no more."""
    sound = heard(in_parts(source, PCM, *[clip(source, PART_S)] * 3), PCM)

    assert 3 * PART_S <= sound.seconds <= 3 * (PART_S + PADDING_S[source.codec])


@pytest.mark.parametrize("wanted", SPEECH_FORMATS.values(), ids=str)
def test_parts_of_other_shapes(wanted):
    """A part may have another rate and other channels than the one before; the output is one stream all the same."""
    parts = [clip(WAV, 0.3), clip(WAV, 0.3, rate=44_100, layout="stereo"), clip(WAV, 0.3, rate=8_000)]
    sound = heard(in_parts(WAV, wanted, *parts), wanted)

    assert sound.pitch_hz == pytest.approx(TONE_HZ, abs=3)
    assert 0.9 - 0.001 <= sound.seconds <= 0.9 + PADDING_S[wanted.codec] + 0.001


@pytest.mark.parametrize("source", [*CODED, PCM], ids=str)
@pytest.mark.parametrize("silent", [0, 1, 2])
def test_part_without_sound(source, silent):
    """Any part without a sound ends it, and what came before does not hide it."""
    parts = [clip(source, 0.1)] * 3
    parts[silent] = b""

    with pytest.raises(Undecodable, match="no sound in 0 bytes"):
        in_parts(source, MP3, *parts)


def test_half_a_sample():
    """A part that ends inside a sample does not shift those of the next."""
    assert in_parts(PCM, WAV, tone(0.1) + b"x", tone(0.1)) == in_parts(PCM, WAV, tone(0.1), tone(0.1))
