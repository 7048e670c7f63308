"""A head is as many lines as it was made of."""

from __future__ import annotations

import pytest

from router.sockets.heads import head_of


def test_a_head_ends_with_an_empty_line() -> None:
    assert head_of([b"HTTP/1.1 200 OK", b"a: b"]) == b"HTTP/1.1 200 OK\r\na: b\r\n\r\n"


@pytest.mark.parametrize("more", [b"\r\nx: y", b"\r", b"\n", b"\0", b"\n\r", b"\r\n", b"\r\n\r\n"])
def test_a_line_cannot_become_two(more: bytes) -> None:
    """Wherever it stands: nobody can write a header, or a request, of their own into ours."""
    for lines in ([b"a: b" + more, b"c: d"], [b"a: b", more + b"c: d"], [b"a: b" + more[:1], b"c" + more[1:] + b": d"]):
        with pytest.raises(ValueError, match="holds what none may hold"):
            head_of(lines)
