"""An upload can be read any number of times, from memory and from a file alike."""

from __future__ import annotations

import tempfile

import pytest

from router.wire.upload import Upload


@pytest.mark.parametrize("in_file", [False, True])
def test_every_reading_starts_anew(in_file: bool) -> None:
    """Two readers at once do not disturb each other, and closing gives the file back."""
    content = bytes(range(256)) * 10
    if in_file:
        file = tempfile.TemporaryFile(buffering=0)
        file.write(content)
        upload = Upload("a", "b", file)
    else:
        upload = Upload("a", "b", content)

    first, second = upload.chunks(100), upload.chunks(7)
    mixed = [(next(first), next(second)) for _ in range(3)]

    assert upload.size == len(content)
    assert mixed[2] == (content[200:300], content[14:21])
    assert b"".join(upload.chunks(999)) == content
    assert upload.read_at(len(content), 10) == b""
    upload.close()
    if in_file:
        assert file.closed
