"""Heads of HTTP/1.1 as they are written: lines, and an empty one behind them.

What lives here: that no line can become two. What is in them: whoever writes.
"""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["head_of"]


def head_of(lines: Sequence[bytes]) -> bytes:
    """The head. Raises `ValueError` for a line that holds what none may hold: CR, LF or NUL (RFC 9110, 5.5)."""
    head = b"\r\n".join([*lines, b"", b""])
    if not head.count(b"\r") == head.count(b"\n") == len(lines) + 1 or b"\0" in head:
        raise ValueError("a header holds what none may hold")
    return head
