"""Uploads without a usable name get one, by what they begin with."""

from __future__ import annotations

import io

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.wire.containers import HEAD_BYTES, described

MADE = {  # container as FFmpeg names it -> codec, expected ending and type
    "wav": ("pcm_s16le", "wav", "audio/wav"),
    "flac": ("flac", "flac", "audio/flac"),
    "ogg": ("libopus", "ogg", "audio/ogg"),
    "webm": ("libopus", "webm", "audio/webm"),
    "mp4": ("aac", "m4a", "audio/mp4"),
    "adts": ("aac", "aac", "audio/aac"),
    "mp3": ("libmp3lame", "mp3", "audio/mpeg"),
}


def made(container: str) -> bytes:
    """A tenth of a second of silence, as FFmpeg writes it."""
    target = io.BytesIO()
    with av.open(target, "w", format=container) as file:
        stream = file.add_stream(MADE[container][0], rate=48_000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=4_800)
        frame.planes[0].update(bytes(frame.planes[0].buffer_size))
        frame.sample_rate = 48_000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            file.mux(packet)
    return target.getvalue()


@pytest.mark.parametrize("container", MADE)
def test_plain_bytes_are_named_for_what_they_are(container: str) -> None:
    """`upload` and `application/octet-stream`, as the SDKs send bytes, become what a vendor can use."""
    _, ending, content_type = MADE[container]

    named = described("upload", "application/octet-stream", made(container)[:HEAD_BYTES])

    assert named == (f"upload.{ending}", content_type)


def test_mp3_without_a_tag_is_known_by_its_frames() -> None:
    """As encoders stream it."""
    assert described("blob", "", b"\xff\xf3\x84\xc4") == ("blob.mp3", "audio/mpeg")


@pytest.mark.parametrize(
    ("name", "content_type", "head", "expected"),
    [
        ("talk.wav", "audio/x-wav", b"RIFF0000WAVE", ("talk.wav", "audio/x-wav")),
        ("talk.OGA", "application/octet-stream", b"OggS", ("talk.OGA", "audio/ogg")),
        ("talk.mp4", "", b"0000ftypisom", ("talk.mp4", "audio/mp4")),
        ("talk.webm", "audio/webm;codecs=opus", b"\x1aE\xdf\xa3", ("talk.webm", "audio/webm;codecs=opus")),
        ("talk.mp3", "", b"garbage", ("talk.mp3", "audio/mpeg")),
        ("v1.2 final", "", b"fLaC", ("v1.2 final.flac", "audio/flac")),
        ("notes.txt", "text/plain", b"hello", ("notes.txt", "text/plain")),
        ("upload", "", b"", ("upload", "application/octet-stream")),
    ],
)
def test_a_good_name_is_kept(name: str, content_type: str, head: bytes, expected: tuple[str, str]) -> None:
    """And so is a type that says something; what nobody knows stays as it came."""
    assert described(name, content_type, head) == expected


@given(st.binary(max_size=HEAD_BYTES), st.text(max_size=8), st.text(max_size=8))
def test_any_beginning_will_do(head: bytes, name: str, content_type: str) -> None:
    """No bytes are too few or too odd."""
    named, _ = described(name, content_type, head)

    assert named.startswith(name)
