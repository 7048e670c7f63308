"""What goes out: playable from its first byte, and never further behind than was said."""

from __future__ import annotations

from array import array

import av
import pytest

from bench.inside.transcoding import FIRST_BYTE_MS, first_byte_ms
from router.media.paths import MUSIC, MUSIC_DELAY_MS, SPEECH
from router.media.transcode import DELAY_MS, Transcoder
from router.media.wav import wav_header
from router.wire.audio import AAC, FLAC, MP3, OPUS, PCM, SPEECH_FORMATS, WAV, pcm
from tests.media.parts import pieces
from tests.media.sounds import both_tones, heard, tone, transcoded

WANTED = list(SPEECH_FORMATS.values())


class Player:
    """Plays what has arrived so far of a stream, as a client would that plays while it loads."""

    def __init__(self, wanted, shape=SPEECH):
        self._wanted = wanted
        self._second_bytes = shape.rate * shape.channels * 2  # of wav
        self._content = b""
        self._seconds = 0.0
        self._codec = av.CodecContext.create(wanted.codec, "r") if wanted in (MP3, AAC) else None

    def play(self, output: bytes) -> float:
        """Take more bytes; returns the seconds of sound that all bytes so far give."""
        self._content += output
        if self._codec is None:
            return self._play_file()
        for packet in self._codec.parse(output) if output else ():
            self._seconds += sum(frame.samples / frame.sample_rate for frame in self._codec.decode(packet))
        return self._seconds

    def _play_file(self) -> float:
        if self._wanted == WAV:
            return max(0, len(self._content) - 44) / self._second_bytes
        try:
            return heard(self._content, self._wanted).seconds
        except av.error.FFmpegError:  # not a packet yet behind the header
            return 0.0


@pytest.mark.parametrize("piece_samples", [480, 163], ids=["20 ms", "7 ms"])
@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_delay(wanted, piece_samples):
    """After every piece that went in, all sound but the codec's own delay can be heard."""
    sound = tone(1)
    transcoder, player = Transcoder(PCM, wanted), Player(wanted)
    for start in range(0, len(sound), piece_samples * 2):
        piece = sound[start : start + piece_samples * 2]
        heard_s = player.play(transcoder.feed(piece))

        fed_s = (start + len(piece)) / 48_000
        assert fed_s - heard_s <= DELAY_MS[wanted.codec] / 1000 + 1e-9


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_delay_with_resampling(wanted):
    """Input of another rate is behind by 16 of its samples more, and no further."""
    sound = tone(1, 16_000)
    transcoder, player = Transcoder(pcm(16_000), wanted), Player(wanted)
    for start in range(0, len(sound), 640):
        heard_s = player.play(transcoder.feed(sound[start : start + 640]))

        fed_s = (start + 640) / 32_000
        assert fed_s - heard_s <= DELAY_MS[wanted.codec] / 1000 + 16.5 / 16_000


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_delay_of_music(wanted):
    """Music has delays of its own, and where the rate changes the resampler's 16 samples more."""
    rate = MUSIC.within(wanted).rate
    may_be_s = MUSIC_DELAY_MS[wanted.codec] / 1000 + (0 if rate == 44_100 else 16.5 / min(rate, 44_100))
    transcoder, player = Transcoder(WAV, wanted, MUSIC), Player(wanted, MUSIC)
    fed = 0
    for piece in pieces(both_tones(0.4), 882 * 4):
        heard_s = player.play(transcoder.feed(piece if fed else wav_header(44_100, 2) + piece))

        fed += len(piece) // 4
        assert fed / 44_100 - heard_s <= may_be_s + 1e-9


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_first_encoded_byte(wanted):
    """Fed by the millisecond: no more goes in than `FIRST_BYTE_MS` allows until the first of it comes out, encoded."""
    assert first_byte_ms(wanted) <= FIRST_BYTE_MS[wanted.codec]


def test_delay_of_mp3():
    """mp3, which most clients ask for, is at most 48 ms behind."""
    assert DELAY_MS["mp3"] <= 48


MAGIC = {MP3: b"\xff\xf3", OPUS: b"OggS", AAC: b"\xff\xf1", FLAC: b"fLaC", WAV: b"RIFF\xff\xff\xff\xffWAVE", PCM: b""}


@pytest.mark.parametrize("wanted", WANTED, ids=str)
def test_magic(wanted):
    """Each format begins with the bytes that it is known by."""
    assert transcoded(PCM, wanted, tone(0.2)).startswith(MAGIC[wanted])


@pytest.mark.parametrize("wanted", [OPUS, FLAC, WAV], ids=str)
def test_header_leaves_first(wanted):
    """Where there is a header it leaves with the first sample, long before the first packet is full."""
    header = Transcoder(PCM, wanted).feed(bytes(2))

    assert header.startswith(MAGIC[wanted])
    if wanted == OPUS:
        assert b"OpusHead" in header
        assert b"OpusTags" in header


@pytest.mark.parametrize("samples", [1, 323, 324, 325, 479, 480, 481, 24_000])
@pytest.mark.parametrize("wanted", [OPUS, FLAC, WAV, PCM], ids=str)
def test_exact_length(wanted, samples):
    """The formats that can say where the sound ends give exactly as many samples as went in."""
    sound = heard(transcoded(PCM, wanted, tone(1)[: samples * 2]), wanted)

    assert len(sound.samples) * 24_000 == samples * sound.rate


@pytest.mark.parametrize("wanted", [FLAC, WAV, PCM], ids=str)
def test_lossless(wanted):
    """The lossless formats keep every sample."""
    assert heard(transcoded(PCM, wanted, tone(0.5)), wanted).samples == array("h", tone(0.5))


def test_wav_header():
    """A wav is a header of 44 bytes that promises no length, and the samples."""
    assert transcoded(PCM, WAV, tone(0.1)) == wav_header(24_000) + tone(0.1)


def test_adts_frames():
    """Every ADTS header says its frame's length rightly, so that a player finds the next one."""
    content = transcoded(PCM, AAC, tone(1))
    at = frames = 0
    while at < len(content):
        assert content[at : at + 3] == b"\xff\xf1\x58"
        at += (content[at + 3] & 3) << 11 | content[at + 4] << 3 | content[at + 5] >> 5
        frames += 1

    assert at == len(content)
    assert frames == 25


def test_mp3_frames_stand_alone():
    """No mp3 frame borrows bits from an earlier one: the byte behind its head, where it would say so, is zero."""
    content = transcoded(PCM, MP3, tone(1))
    heads = range(0, len(content), 192)

    assert all(content[at : at + 2] == b"\xff\xf3" for at in heads)
    assert not any(content[at + 4] for at in heads)


def test_opus_pages():
    """Every Opus packet is a page, pages are numbered, and only the last one closes the stream."""
    pages = transcoded(PCM, OPUS, tone(0.2)).split(b"OggS")[1:]

    assert [int.from_bytes(page[14:18], "little") for page in pages] == list(range(len(pages)))
    assert [page[1] for page in pages] == [2] + [0] * (len(pages) - 2) + [4]
    assert len({page[10:14] for page in pages}) == 1
    assert int.from_bytes(pages[-1][2:10], "little") == 312 + 9_600  # the pre-skip, and 0.2 s of 48 kHz


def test_opus_streams_differ():
    """Two Opus streams have serial numbers of their own, so that joining their files gives a valid one."""
    first, second = (transcoded(PCM, OPUS, tone(0.1)) for _ in range(2))

    assert first[14:18] != second[14:18]
    assert heard(first + second, OPUS).seconds >= 0.2
