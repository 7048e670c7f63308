"""Forms as they arrive: the same whatever the boundaries, spooled, bounded."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence

import pytest

from router.api.forms import FormLimits, FormReading
from router.wire.errors import CallError, InvalidCall, TooLarge, UnsupportedMedia
from router.wire.spool import IN_MEMORY_BYTES, Spool
from tests.forms import read_form

TYPE = "multipart/form-data; boundary=b"
LIMITS = FormLimits(max_upload=2**20, max_text=100, max_parts=5)


def part(name: str, value: bytes, *more: str, filename: str | None = None) -> bytes:
    disposition = f'Content-Disposition: form-data; name="{name}"' + (f'; filename="{filename}"' if filename else "")
    return b"--b\r\n" + "\r\n".join([*more, disposition]).encode() + b"\r\n\r\n" + value + b"\r\n"


async def arriving(chunks: Sequence[bytes]) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


FORM = (
    part("file", b"\r\n--RIFF\r\n", "Content-Type: audio/webm;codecs=opus", filename="a/b\\spoken.webm")
    + part("model", "größe".encode(), "Content-Type: text/plain; charset=utf-8")
    + part("include[]", b"logprobs")
    + b"--b--\r\n"
)


async def test_a_form_is_the_same_wherever_its_bytes_are_cut() -> None:
    """Two pieces at every boundary, and byte by byte; types before dispositions, values that look like boundaries."""
    cuts = [(FORM[:index], FORM[index:]) for index in range(1, len(FORM))]
    for chunks in [[FORM], *cuts, [FORM[index : index + 1] for index in range(len(FORM))]]:
        form = await read_form(TYPE, arriving(chunks), LIMITS)

        assert form.fields == [("model", "größe"), ("include[]", "logprobs")]
        assert form.file
        assert (form.file.name, form.file.content_type) == ("spoken.webm", "audio/webm")
        assert b"".join(form.file.chunks()) == b"\r\n--RIFF\r\n"


async def test_a_long_file_is_spooled_to_disk_and_is_whole() -> None:
    """Beyond what is held in memory it is a temporary file, byte for byte."""
    content = bytes(range(256)) * (IN_MEMORY_BYTES // 128)
    body = part("file", content, filename="a.wav") + b"--b--"
    chunks = [body[index : index + 65_536] for index in range(0, len(body), 65_536)]

    form = await read_form(TYPE, arriving(chunks), LIMITS)

    assert form.file
    assert form.file.size == len(content)
    assert b"".join(form.file.chunks(1_000)) == content
    form.file.close()


@pytest.mark.parametrize(
    ("body", "error"),
    [
        (part("file", bytes(2**20 + 1), filename="a") + b"--b--", TooLarge),
        (part("prompt", b"x" * 101) + b"--b--", TooLarge),
        (part("a", b"") * 6 + b"--b--", TooLarge),
        (part("a", b"x")[:-4], InvalidCall),
        (b"--b\r\nno colon here\r\n\r\nx\r\n--b--", InvalidCall),
        (b"--b\r\nContent-Disposition: attachment\r\n\r\nx\r\n--b--", InvalidCall),
        (b"nothing of the kind", InvalidCall),
    ],
)
async def test_what_is_broken_or_too_much_is_refused(body: bytes, error: type[CallError]) -> None:
    """Bounds on the file, the texts and the number of parts; and no temporary file is left open."""
    with pytest.raises(error):
        await read_form(TYPE, arriving([body]), LIMITS)


async def test_a_head_that_is_no_text_is_told_in_words() -> None:
    """Not as Python would print its exception."""
    with pytest.raises(InvalidCall, match="The form is broken: a head of a part is not UTF-8 text") as broken:
        await read_form(
            TYPE, arriving([b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--']), LIMITS
        )

    assert "Error" not in broken.value.message


@pytest.mark.parametrize(
    ("declared", "content_type"),
    [
        ("audio/x-wav", "audio/x-wav"),
        ("Audio/WAV; codecs=1", "audio/wav"),
        ("audio/wav\nx-evil: 1", "audio/mpeg"),
        ("audio/wav\rx-evil: 1", "audio/mpeg"),
        ("größe/x", "audio/mpeg"),
        ("nonsense", "audio/mpeg"),
    ],
)
async def test_a_type_is_a_type_or_nothing(declared: str, content_type: str) -> None:
    """What could break a head of ours is as good as not declared: then the name tells."""
    body = part("file", b"?", f"Content-Type: {declared}", filename="a.mp3") + b"--b--"

    form = await read_form(TYPE, arriving([body]), LIMITS)

    assert form.file
    assert form.file.content_type == content_type


async def test_what_was_spooled_is_one_piece_again() -> None:
    """In memory or on disk; and what is mapped outlives the file."""
    for size in (0, 5, IN_MEMORY_BYTES, IN_MEMORY_BYTES + 1):
        content = bytes(index % 251 for index in range(size))
        spool = Spool(size)
        for offset in range(0, size, 100_000):
            spool.write(content[offset : offset + 100_000])
        whole = spool.whole()
        spool.close()

        assert whole[:] == content


@pytest.mark.parametrize("content_type", ["", "multipart/form-data", "text/plain; boundary=b"])
async def test_another_type_is_refused(content_type: str) -> None:
    """With words on what is expected."""
    with pytest.raises(UnsupportedMedia, match="multipart/form-data; boundary="):
        await read_form(content_type, arriving([FORM]), LIMITS)


async def begun_at(chunks: Sequence[bytes], length: int | None) -> tuple[FormReading, list[tuple[str, str]]]:
    reading = FormReading(TYPE, arriving(chunks), LIMITS, length)
    await reading.to_file()
    return reading, list(reading.form.fields)


@pytest.mark.parametrize("end", [b"--b--\r\n", b"--b--"])
async def test_a_file_is_known_before_its_end_wherever_its_form_is_cut(end: bytes) -> None:
    """Its name, the fields before it, and how long it will be; what lies in it looks like its end all over."""
    content = b"RIFF" + b"\r\n--a\r\n--\r\r\n-and-other-sounds" * 10
    form = part("model", b"m") + part("file", content, filename="a.bin") + end
    begun = 0
    for cut in range(1, len(form)):
        reading, fields = await begun_at([form[:cut], form[cut:]], len(form))
        if file := reading.arriving:
            begun += 1
            assert (file.name, file.content_type, fields) == ("a.bin", "application/octet-stream", [("model", "m")])
            assert file.supposed == file.size == len(content) + (2 if end.endswith(b"\n") else 0)
            assert not file.is_whole
        await reading.to_end()
        assert reading.form.file
        assert b"".join(reading.form.file.chunks()) == content
        reading.close()
    assert begun > len(content) // 3


async def test_what_passes_the_parser_by_is_what_it_would_have_read() -> None:
    """A long file in pieces of every size, with a boundary in any of them."""
    content = b"\r\n--a" * 200
    form = part("model", b"m") + part("file", content, filename="a.wav") + part("language", b"de") + b"--b--\r\n"
    for size in (1, 2, 7, 8, 9, 10, 11, 50, 97, 333):
        pieces = [form[at : at + size] for at in range(0, len(form), size)]
        read = await read_form(TYPE, arriving(pieces), LIMITS)

        assert read.file
        assert b"".join(read.file.chunks()) == content
        assert read.fields == [("model", "m"), ("language", "de")]


@pytest.mark.parametrize("content", [b"", b"RIFF", b"x" * 63])
async def test_a_file_that_is_hardly_one_is_read_to_the_end(content: bytes) -> None:
    """What it is cannot be known before."""
    form = part("file", content, filename="a") + part("model", b"m") + b"--b--"
    reading, _ = await begun_at([form[at : at + 1] for at in range(len(form))], len(form))

    assert reading.arriving is None
    assert reading.form.file
    assert reading.form.file.size == len(content)


async def test_a_length_that_is_not_known_is_bounded() -> None:
    """By what is taken at all."""
    form = part("file", b"x" * 500, filename="a") + b"--b--"
    reading, _ = await begun_at([form[:200], form[200:]], None)

    assert reading.arriving
    assert (reading.arriving.supposed, reading.arriving.size) == (None, LIMITS.max_upload)
    reading.close()
