"""How long an upload is, told by its header or counted from its packets, and never by opening anything else."""

from __future__ import annotations

import io
import tempfile
from functools import cache

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.media import probe
from router.media.probe import seconds_of
from router.wire.upload import Upload
from tests.media.sounds import tone

MADE = {  # container as FFmpeg names it -> codec
    "wav": "pcm_s16le",
    "flac": "flac",
    "ogg": "libopus",
    "webm": "libopus",
    "mp4": "aac",
    "adts": "aac",
    "mp3": "libmp3lame",
}
STREAMED = [one for one in MADE if one != "mp4"]  # which its muxer cannot write without seeking
TOLERANCE_S = 0.05  # an encoder's priming, and a last frame that is only partly sound


class Pipe:
    """What a muxer writes to when it cannot go back and complete a header, as a recorder in a browser does."""

    def __init__(self) -> None:
        self.content = bytearray()

    def write(self, content: bytes) -> int:
        self.content += content
        return len(content)


def _write(target: io.BytesIO | Pipe, container: str, seconds: float, options: dict[str, str]) -> None:
    raw = av.CodecContext.create("pcm_s16le", "r")
    raw.sample_rate, raw.layout = 48_000, "mono"
    with av.open(target, "w", format=container, container_options=options) as file:
        stream = file.add_stream(MADE[container], rate=48_000, layout="mono")
        for frame in [*raw.decode(av.Packet(tone(1.0, 48_000) * round(seconds))), None]:
            file.mux(stream.encode(frame))


@cache
def made(container: str, seconds: int = 2, options: tuple[tuple[str, str], ...] = ()) -> bytes:
    """A tone of whole seconds as FFmpeg writes it into a file."""
    target = io.BytesIO()
    _write(target, container, seconds, dict(options))
    return target.getvalue()


@cache
def streamed(container: str, seconds: int = 2) -> bytes:
    """The same into a pipe: the header does not know how long it will be."""
    target = Pipe()
    _write(target, container, seconds, {})
    return bytes(target.content)


def upload(content: bytes, name: str = "upload") -> Upload:
    return Upload(name, "application/octet-stream", content)


@pytest.mark.parametrize("container", MADE)
def test_every_container_tells_its_length(container: str) -> None:
    """Whatever the upload is called."""
    assert seconds_of(upload(made(container))) == pytest.approx(2, abs=TOLERANCE_S)


@pytest.mark.parametrize("container", STREAMED)
def test_a_recording_without_a_length_is_counted(container: str) -> None:
    """As MediaRecorder and streaming encoders write it."""
    assert seconds_of(upload(streamed(container))) == pytest.approx(2, abs=TOLERANCE_S)


@pytest.mark.parametrize("flags", ["frag_keyframe+empty_moov", "frag_every_frame+empty_moov+default_base_moof"])
def test_a_fragmented_mp4_is_as_long_as_all_its_fragments(flags: str) -> None:
    """As Safari records."""
    assert seconds_of(upload(made("mp4", 2, (("movflags", flags),)))) == pytest.approx(2, abs=TOLERANCE_S)


@pytest.mark.parametrize("container", ["mp4", "webm", "mp3"])
def test_a_minute_in_a_file(container: str) -> None:
    """Read from disk, by offset."""
    file = tempfile.TemporaryFile()
    file.write(made(container, 60))
    file.flush()
    spooled = Upload("upload", "", file)

    assert seconds_of(spooled) == pytest.approx(60, abs=TOLERANCE_S)
    spooled.close()


@pytest.mark.parametrize("container", STREAMED)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.95])
def test_what_is_cut_off_is_not_counted(container: str, part: float) -> None:
    """No header promises more than there is; a second of Ogg may share a page."""
    content = streamed(container)

    seconds = seconds_of(upload(content[: int(len(content) * part)]))

    assert seconds is None or 2 * part - 1.1 <= seconds <= 2 * part + 0.2


@pytest.mark.parametrize("size", [0, 0x7FFFFFFF, 0xFFFFFFFF])
def test_a_wav_with_a_placeholder_for_its_size_ends_with_the_file(size: int) -> None:
    """As vendors and encoders stream it."""
    content = bytearray(made("wav"))
    at = content.index(b"data") + 4
    content[at : at + 4] = size.to_bytes(4, "little")

    assert seconds_of(upload(bytes(content))) == pytest.approx(2)


def test_a_name_decides_where_the_bytes_do_not() -> None:
    """An mp3 may have something in front of it."""
    content = bytes(100) + streamed("mp3")

    assert seconds_of(upload(content)) is None
    assert seconds_of(upload(content, "talk.mp3")) == pytest.approx(2, abs=TOLERANCE_S)


def test_nothing_that_a_file_names_is_opened(tmp_path) -> None:
    """Playlists and scripts of FFmpeg are not sound, whatever they are called."""
    (tmp_path / "secret.wav").write_bytes(made("wav"))
    playlist = f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{tmp_path}/secret.wav\n#EXT-X-ENDLIST\n"
    script = f"ffconcat version 1.0\nfile {tmp_path}/secret.wav\n"

    for content in (playlist, script):
        for name in ("upload", "list.m3u8", "a.mp3", "a.wav", "a.mp4", "a.webm", "a.ogg", "a.aac", "a.flac"):
            assert seconds_of(upload(content.encode(), name)) is None


def test_too_much_work_is_given_up(monkeypatch) -> None:
    """Bytes and packets are counted; a header that tells costs little."""
    monkeypatch.setattr(probe, "MOST_BYTES", 20_000)

    assert seconds_of(upload(streamed("webm", 10))) is None
    monkeypatch.setattr(probe, "MOST_BYTES", 200_000)
    monkeypatch.setattr(probe, "PACKET_BYTES", 1_000)
    assert seconds_of(upload(streamed("webm", 10))) is None
    assert seconds_of(upload(made("webm", 10))) == pytest.approx(10, abs=TOLERANCE_S)


@pytest.mark.parametrize("container", MADE)
@given(data=st.data())
def test_a_damaged_file_has_a_length_or_none(container: str, data) -> None:
    """Cut anywhere, with any of its bytes changed."""
    content = bytearray(made(container, 1)[: data.draw(st.integers(0, len(made(container, 1))))])
    for at in data.draw(st.lists(st.integers(0, max(0, len(content) - 1)), max_size=20)) if content else ():
        content[at] = data.draw(st.integers(0, 255))

    seconds = seconds_of(upload(bytes(content)))

    assert seconds is None or 0 < seconds <= probe.LONGEST_S


HEADS = [b"RIFF0000WAVE", b"fLaC", b"OggS", b"\x1aE\xdf\xa3", b"\0\0\0\x20ftyp", b"\xff\xf1", b"\xff\xfb\x90", b"ID3"]


@given(
    st.sampled_from([b"", *HEADS]), st.binary(max_size=500), st.sampled_from(["", "a.mp3", "a.mp4", "a.txt", "a.ogg"])
)
def test_any_bytes_will_do(head: bytes, rest: bytes, name: str) -> None:
    """Nothing is raised."""
    seconds = seconds_of(upload(head + rest, name))

    assert seconds is None or 0 < seconds <= probe.LONGEST_S
