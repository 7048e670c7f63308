"""Sound files as clients send them, and files that only look like it."""

from __future__ import annotations

import io
import struct
from array import array
from itertools import pairwise
from pathlib import Path

import av
import pytest

from router.engines import sound_file
from router.engines.pipe import Refusal
from router.engines.sound_file import BYTES_A_SECOND, SAMPLE_RATE_HZ, SoundFile
from tests.engines.clips import TONE_HZ, packed, tone

PACKINGS = [
    ("wav", "pcm_s16le"),
    ("wav", "pcm_mulaw"),
    ("wav", "pcm_f32le"),
    ("mp3", "libmp3lame"),
    ("ipod", "aac"),
    ("mp4", "libopus"),
    ("mov", "alac"),
    ("webm", "libopus"),
    ("webm", "vorbis"),
    ("matroska", "flac"),
    ("ogg", "libopus"),
    ("ogg", "vorbis"),
    ("ogg", "flac"),
    ("flac", "flac"),
    ("adts", "aac"),
    ("aiff", "pcm_s16be"),
    ("mpegts", "aac"),
]


def decoded(content: bytes) -> bytes:
    return b"".join(SoundFile(io.BytesIO(content)).blocks())


def code_of(content: bytes) -> str:
    with pytest.raises(Refusal) as caught:
        decoded(content)
    return caught.value.code


@pytest.mark.parametrize(("container", "codec"), PACKINGS)
def test_decodes(container: str, codec: str) -> None:
    """Each container and codec comes out as the tone that went in: its length, its pitch, one channel, 16 kHz."""
    pcm = decoded(packed(tone(1, 44_100, channels=2), 44_100, container, codec, "stereo"))
    samples = array("h", pcm)
    assert len(samples) == pytest.approx(SAMPLE_RATE_HZ, rel=0.06)
    middle = samples[4000:12_000]
    crossings = sum(1 for before, after in pairwise(middle) if before < 0 <= after)
    assert crossings / 0.5 == pytest.approx(TONE_HZ, rel=0.02)
    assert max(middle) > 8000


def test_tells_its_duration() -> None:
    """The duration is that of the decoded sound, and the blocks are many."""
    sound = SoundFile(io.BytesIO(packed(tone(2, 8000), 8000, "wav", "pcm_s16le")))
    blocks = list(sound.blocks())
    assert sound.duration_s == 2.0
    assert max(map(len, blocks)) < BYTES_A_SECOND


def test_changes_shape_in_mid_stream() -> None:
    """A stream that goes from mono to stereo and to another rate is decoded to its end."""
    parts = [
        packed(tone(1, 44_100), 44_100, "mp3", "libmp3lame"),
        packed(tone(1, 44_100, channels=2), 44_100, "mp3", "libmp3lame", "stereo"),
        packed(tone(1, 22_050), 22_050, "mp3", "libmp3lame"),
    ]
    assert len(decoded(b"".join(parts))) == pytest.approx(3 * BYTES_A_SECOND, rel=0.05)


def test_leaves_damage_out() -> None:
    """A damaged stretch costs itself, not the file."""
    whole = bytearray(packed(tone(4, 44_100), 44_100, "mp3", "libmp3lame"))
    whole[20_000:24_000] = bytes(4000)
    assert len(decoded(bytes(whole))) > 3 * BYTES_A_SECOND


def test_truncated_file() -> None:
    """A file whose end is missing is decoded as far as it goes."""
    whole = packed(tone(4, 44_100), 44_100, "flac", "flac")
    assert 1 * BYTES_A_SECOND < len(decoded(whole[: len(whole) // 2])) < 3 * BYTES_A_SECOND


@pytest.mark.parametrize("content", [b"", b"\0" * 1000, packed(tone(1, 8000), 8000, "ipod", "aac")[:500]])
def test_refuses_what_cannot_be_decoded(content: bytes) -> None:
    """Nothing, zeros and half a header are refused."""
    assert code_of(content) == "undecodable_audio"


def test_refuses_a_file_without_samples() -> None:
    """A header with no sound behind it is refused."""
    empty = b"RIFF\x24\0\0\0WAVEfmt " + struct.pack("<IHHIIHH", 16, 1, 1, 8000, 16_000, 2, 16) + b"data\0\0\0\0"
    assert code_of(empty) == "undecodable_audio"


def test_refuses_pictures() -> None:
    """A film without a sound track is refused."""
    film = io.BytesIO()
    with av.open(film, "w", format="matroska") as output:
        stream = output.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for picture in (av.VideoFrame(64, 64, "yuv420p"), None):
            output.mux(stream.encode(picture))
    assert code_of(film.getvalue()) == "no_audio_stream"


def test_refuses_endless_sound(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file that holds too much sound is refused as soon as that is known."""
    monkeypatch.setattr(sound_file, "MAX_DURATION_S", 60)
    assert code_of(packed(bytes(2 * 8000 * 61), 8000, "flac", "flac")) == "audio_too_long"
    assert len(decoded(packed(bytes(2 * 8000 * 59), 8000, "flac", "flac"))) == 59 * BYTES_A_SECOND


def test_opens_no_other_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A list of files is refused, though FFmpeg by itself would read them."""
    (tmp_path / "secret.aac").write_bytes(packed(tone(1, 8000), 8000, "adts", "aac"))
    monkeypatch.chdir(tmp_path)
    playlist = b"ffconcat version 1.0\nfile secret.aac\n"
    with av.open(io.BytesIO(playlist)) as unguarded:
        assert any(frame.samples for frame in unguarded.decode(audio=0))
    assert code_of(playlist) == "undecodable_audio"


def test_opens_no_socket() -> None:
    """A session description is refused, though FFmpeg by itself would listen on the port that it names, for ever."""
    session = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
    assert code_of(session) == "undecodable_audio"
