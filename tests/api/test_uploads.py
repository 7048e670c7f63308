"""JSON with the audio in base64: read into the same form, bounded, and refused in words."""

from __future__ import annotations

import base64
import contextlib
import threading
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.api import uploads
from router.api.forms import Form, FormLimits
from router.api.uploads import LARGE_BYTES, reading_of
from router.wire.errors import InvalidCall, TooLarge, UnsupportedMedia
from router.wire.spool import IN_MEMORY_BYTES, Spool
from router.wire.upload import Upload

LIMITS = FormLimits(max_upload=2**20, max_text=1_000)
WAVE = b"RIFF\x24\x00\x00\x00WAVEfmt "


def in_base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def arriving(body: bytes, step: int = 65_536) -> Callable[[int], AsyncIterator[bytes]]:
    """As a door hands it over: at most so many bytes."""

    async def chunks(largest: int) -> AsyncIterator[bytes]:
        assert len(body) <= largest, "the door would have refused it"
        for offset in range(0, len(body), step):
            yield body[offset : offset + step]

    return chunks


async def read(body: bytes, content_type: str = "application/json", limits: FormLimits = LIMITS) -> Form:
    reading = reading_of(content_type, arriving(body), limits)
    await reading.to_end()
    return reading.form


@pytest.mark.parametrize(
    ("audio", "name", "content_type"),
    [
        ({"data": in_base64(WAVE), "format": "wav"}, "upload.wav", "audio/wav"),
        ({"data": in_base64(WAVE), "format": "WAV"}, "upload.wav", "audio/wav"),
        ({"data": in_base64(WAVE)}, "upload.wav", "audio/wav"),
        ({"data": in_base64(WAVE), "format": None, "more": [1]}, "upload.wav", "audio/wav"),
        ({"data": in_base64(b"?" * 20), "format": "mp3"}, "upload.mp3", "audio/mpeg"),
        ({"data": in_base64(b"?" * 20)}, "upload", "application/octet-stream"),
    ],
)
@pytest.mark.parametrize("declared", ["application/json", "Application/JSON; charset=utf-8"])
async def test_the_audio_is_a_file_like_any_other(
    declared: str, audio: dict[str, object], name: str, content_type: str
) -> None:
    """Named by its format, or by what it is; everything beside it keeps the type that JSON gave it, null is absent."""
    beside = {"model": "m", "temperature": 0.5, "stream": True, "tags": ["a", 1], "vendor": {"a": None}, "prompt": None}

    form = await read(msgspec.json.encode({**beside, "input_audio": audio}), declared)

    assert form.fields == [(key, value) for key, value in beside.items() if key != "prompt"]
    assert form.file
    assert (form.file.name, form.file.content_type) == (name, content_type)
    assert in_base64(b"".join(form.file.chunks())) == audio["data"]


async def test_the_largest_audio_is_whole_and_lies_on_disk() -> None:
    """To the byte, with the slashes as PHP writes them; a byte more is too much."""
    content = bytes(range(256)) * (2**20 // 256)
    limits = FormLimits(max_upload=len(content), max_text=2**20)
    body = b'{"input_audio":{"format":"wav","data":"%b"}}'

    form = await read(body % in_base64(content).replace("/", "\\/").encode(), limits=limits)

    assert form.file
    assert form.file.size == len(content) > IN_MEMORY_BYTES
    assert b"".join(form.file.chunks()) == content
    form.file.close()
    with pytest.raises(TooLarge, match="The file is larger than 1,048,576 bytes"):
        await read(body % in_base64(content + b"x").encode(), limits=limits)


async def test_the_bound_of_a_body_is_that_of_its_parts() -> None:
    """The file in base64 and the text beside it; what is beside it may not be larger because the file is small."""
    assert LIMITS.max_json == len(base64.b64encode(bytes(2**20))) + 1_000
    with pytest.raises(TooLarge, match="The fields beside the audio are larger than 1,000 bytes"):
        await read(msgspec.json.encode({"input_audio": {"data": in_base64(WAVE)}, "prompt": "x" * 1_000}))


FEW = FormLimits(max_upload=2**20, max_text=2**20, max_parts=8)


@pytest.mark.parametrize(
    ("beside", "param"),
    [
        ({"languages": ["x"] * 8}, "languages"),
        ({"a": [1] * 100_000}, "a"),
        ({"a": [[[]]] * 4}, "a"),
        ({"model": "m", "a": {"b": {"c": [1, 2, 3], "d": {"e": [4, 5]}}}}, "a"),
        ({f"n{index}": "" for index in range(9)}, "n8"),
        ({f"n{index}": None for index in range(9)}, "n8"),
        ({f"a[{index}][x]": "" for index in range(50_000)}, "a[8][x]"),
    ],
)
async def test_fields_are_as_many_as_the_parts_of_a_form(
    monkeypatch: pytest.MonkeyPatch, beside: dict[str, object], param: str
) -> None:
    """Items and members count with them; what is too much is named, and no value has been decoded by then."""
    monkeypatch.setattr(uploads, "_typed", None)
    with pytest.raises(InvalidCall, match="more than 8 fields, items and members") as refused:
        await read(msgspec.json.encode({**beside, "input_audio": {"data": in_base64(WAVE)}}), limits=FEW)

    assert refused.value.param == param


async def test_as_many_fields_as_that_are_taken() -> None:
    """The audio and what lies in it are not among them; a text with commas is one."""
    beside = {"model": "m", "languages": ["de"], "prompt": "a,[b],{c}" * 9, "v": {"x": [1]}, "l": []}

    audio = {"data": in_base64(WAVE), "more": [1] * 99}
    form = await read(msgspec.json.encode({"input_audio": audio, **beside}), limits=FEW)

    assert form.fields == list(beside.items())


@pytest.mark.parametrize(("size", "in_the_loop"), [(LARGE_BYTES // 2, True), (LARGE_BYTES, False)])
async def test_a_large_body_is_decoded_beside_the_event_loop(
    monkeypatch: pytest.MonkeyPatch, size: int, *, in_the_loop: bool
) -> None:
    """A small one is not worth a thread."""
    decoding: list[threading.Thread] = []

    class Watched(Spool):
        def to_upload(self, name: str, content_type: str) -> Upload:
            decoding.append(threading.current_thread())
            return super().to_upload(name, content_type)

    monkeypatch.setattr(uploads, "Spool", Watched)
    form = await read(msgspec.json.encode({"input_audio": {"data": in_base64(bytes(size))}}))

    assert form.file
    assert form.file.size == size
    form.file.close()
    assert [thread is threading.current_thread() for thread in decoding] == [in_the_loop]


@pytest.mark.parametrize(
    ("body", "param", "says"),
    [
        (b"", None, "not valid JSON"),
        (b"[]", None, "not valid JSON: Expected `object`"),
        (b"{} {}", None, "not valid JSON"),
        (b'{"model":"m"}', "input_audio.data", "Missing required parameter"),
        (b'{"input_audio":{}}', "input_audio.data", "Missing required parameter"),
        (b'{"input_audio":{"data":""}}', "input_audio.data", "Missing required parameter"),
        (b'{"input_audio":null}', "input_audio", "expected `object`"),
        (b'{"input_audio":"UklGRg=="}', "input_audio", "expected `object`"),
        (b'{"input_audio":{"data":5}}', "input_audio.data", "expected `bytes`"),
        (b'{"input_audio":{"data":"UklGRg="}}', "input_audio.data", "invalid base64"),
        (b'{"input_audio":{"data":"data:audio/wav;base64,UklGRg=="}}', "input_audio.data", "invalid base64"),
        (b'{"input_audio":{"data":"UklGRg==","format":"pcm9"}}', "input_audio.format", "'pcm9'; known: aac, flac"),
        (b'{"input_audio":{"data":"UklGRg==","format":"../wav"}}', "input_audio.format", "known: aac"),
        (b'{"input_audio":{"data":"UklGRg==","format":5}}', "input_audio.format", "expected `str | null`"),
        (b'{"input_audio":{"data":"UklGRg=="},"prompt":"\xff"}', None, "not UTF-8"),
        (b'{"input_audio":{"data":"UklGRg=="},"seed":1e999}', "seed", "out of range"),
        (b'{"input_audio":{"data":"UklGRg=="},"x":"\\ud800"}', None, "not valid JSON"),
    ],
)
async def test_a_bad_body_is_told_by_field(body: bytes, param: str | None, says: str) -> None:
    """A 400 that names the field, and never the words of an exception of Python's."""
    with pytest.raises(InvalidCall) as refused:
        await read(body)

    assert refused.value.param == param
    assert says in refused.value.message


async def test_a_body_without_end_of_depth_is_refused() -> None:
    """Deeper than any Python allows."""
    with pytest.raises(InvalidCall, match="nested too deeply"):
        await read(b'{"x":' + b"[" * 100_000, limits=FormLimits(max_upload=2**20))


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded", "audio/wav"])
async def test_another_type_is_told_both_shapes(content_type: str) -> None:
    with pytest.raises(UnsupportedMedia, match=r"multipart/form-data; boundary=.*application/json.*input_audio"):
        await read(b"{}", content_type)


VALUES = st.recursive(
    st.none() | st.integers() | st.text('a[]"é=', max_size=4) | st.just("UklGRg=="),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(["data", "format"]), inner),
    max_leaves=4,
)
OBJECTS = st.dictionaries(st.sampled_from(["input_audio", "model", "x[y]"]), VALUES)


@given(st.binary(max_size=50) | OBJECTS.map(msgspec.json.encode))
async def test_no_body_does_more_than_be_refused(body: bytes) -> None:
    """Bytes of any kind, and JSON of any shape."""
    with contextlib.suppress(InvalidCall, TooLarge):
        assert (await read(body)).file
