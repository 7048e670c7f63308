"""How long an upload is, told by its header or counted from its packets, and never by opening anything else."""

from __future__ import annotations

import asyncio
import io
import tempfile
import threading
from collections.abc import Iterator
from functools import cache

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.media import length, probe
from router.media.length import length_of
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


class Clock:
    """Moves on by a step whenever it is looked at."""

    def __init__(self, step: float) -> None:
        self._step = step
        self.looks = 0

    def monotonic(self) -> float:
        self.looks += 1
        return self.looks * self._step


@pytest.mark.parametrize("name", ["header.ogg", "packets.webm", "frames.mp3", "frames.aac"])
def test_too_much_work_is_given_up(monkeypatch, name: str) -> None:
    """After a second, wherever it is spent, and at once; one that is done in time has its length."""
    make = made if name == "header.ogg" else streamed
    content = make({"ogg": "ogg", "webm": "webm", "mp3": "mp3", "aac": "adts"}[name[-4:].strip(".")], 10)
    monkeypatch.setattr(probe, "time", quick := Clock(0))
    assert seconds_of(upload(content)) == pytest.approx(10, abs=TOLERANCE_S)

    for looks in range(2, quick.looks + 1):
        monkeypatch.setattr(probe, "time", slow := Clock(probe.MOST_S / (looks - 1.5)))
        assert seconds_of(upload(content)) is None
        assert slow.looks <= looks + 5  # FFmpeg may ask a few times more for what it did not get


async def test_a_long_line_is_not_waited_in(monkeypatch) -> None:
    """Many at once are told nothing and leave the line; the next has its length."""
    free, begun = threading.Event(), []
    held = length._THREAD.submit(free.wait)
    with monkeypatch.context() as hurried:
        hurried.setattr(length, "MOST_WAIT_S", 0)
        hurried.setattr(probe, "seconds_of", begun.append)
        assert await asyncio.gather(*(length_of(upload(made("wav"))) for _ in range(20))) == [None] * 20
    free.set()

    assert await length_of(upload(made("wav"))) == pytest.approx(2)
    assert held.done()
    assert begun == []


@pytest.mark.parametrize("content", [b"RIFF and nothing behind it", None])
async def test_a_file_is_read_once_however_often_its_length_is_asked_for(monkeypatch, content: bytes | None) -> None:
    """By the router's choice, its bill and the transcript; also where nothing came of it."""
    read = []
    monkeypatch.setattr(probe, "seconds_of", lambda one: read.append(one) or seconds_of(one))
    asked = upload(content or made("wav"))

    lengths = [await length_of(asked) for _ in range(3)]

    assert lengths == [None] * 3 if content else lengths == [pytest.approx(2)] * 3
    assert read == [asked]


def without_table(seconds: int, **options: str) -> bytes:
    """An mp3 that does not say how many frames it has."""
    return made("mp3", seconds, (("write_xing", "0"), *options.items()))


TAG_V1 = b"TAG" + bytes(125)


@pytest.mark.parametrize("ending", [b"", TAG_V1, b"APETAGEX" + bytes(300)])
def test_an_mp3_without_a_table_is_counted_frame_by_frame(monkeypatch, ending: bytes) -> None:
    """Without FFmpeg, to the frame, whatever tags are around it, and wherever a read from disk ends."""
    content = without_table(10)
    expected = counted_by_ffmpeg(content)
    monkeypatch.setattr(probe.av, "open", None)

    assert seconds_of(upload(content + ending)) == pytest.approx(expected, abs=0.001)
    for step in (1, 7, 1000):
        monkeypatch.setattr(Upload, "chunks", lambda self, step=step: chunks_of(self, step))
        assert seconds_of(upload(content + ending)) == pytest.approx(expected, abs=0.001)


def test_an_mp3_with_something_between_its_frames_is_left_to_ffmpeg() -> None:
    """As when two files are put one after the other."""
    content = without_table(2)

    assert seconds_of(upload(content * 2)) == pytest.approx(counted_by_ffmpeg(content * 2))


@pytest.mark.parametrize("rate", [8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000])
def test_every_rate_of_an_mp3_is_known(monkeypatch, rate: int) -> None:
    """At more than one bit rate, with padded frames and without."""
    for bit_rate in (8_000, 64_000) if rate < 32_000 else (32_000, 320_000):
        content = mp3_at(rate, bit_rate)
        expected = counted_by_ffmpeg(content)
        with monkeypatch.context() as alone:
            alone.setattr(probe.av, "open", None)
            assert seconds_of(upload(content)) == pytest.approx(expected, abs=0.001)


def mp3_at(rate: int, bit_rate: int) -> bytes:
    target = io.BytesIO()
    raw = av.CodecContext.create("pcm_s16le", "r")
    raw.sample_rate, raw.layout = rate, "mono"
    with av.open(target, "w", format="mp3", container_options={"write_xing": "0"}) as file:
        stream = file.add_stream("libmp3lame", rate=rate, layout="mono")
        stream.bit_rate = bit_rate
        for frame in [*raw.decode(av.Packet(tone(1.0, rate) * 2)), None]:
            file.mux(stream.encode(frame))
    return target.getvalue()


def counted_by_ffmpeg(content: bytes) -> float:
    with av.open(io.BytesIO(content), "r", format="mp3") as file:
        return sum(float(one.duration * one.time_base) for one in file.demux(audio=0) if one.duration)


def chunks_of(source: Upload, step: int) -> Iterator[bytes]:
    return (source.read_at(at, step) for at in range(0, source.size, step))


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
