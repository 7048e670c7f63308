"""Durations and sizes as people write them in the table: always with their unit.

What lives here: the two types, their spelling, how msgspec reads and describes them.
"""

from __future__ import annotations

import re
from typing import Any

__all__ = ["Duration", "Size", "describe_unit", "read_unit"]

_SECONDS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
_BYTES = {"B": 1, "KB": 1024, "MB": 1024**2, "GB": 1024**3}


class Duration(float):
    """Seconds, more than zero; written as text such as 2s, 500ms, 1.5m or 1h."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Duration:
        """Read a text; ValueError where it is not one positive number and its unit."""
        number, unit = _split(_DURATION, text)
        return cls(float(number) * _SECONDS[unit])


class Size(int):
    """Bytes, more than zero; written as text such as 25MB, in powers of 1024."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> Size:
        """Read a text; ValueError where it is not one positive whole number and its unit."""
        number, unit = _split(_SIZE, text)
        return cls(int(number) * _BYTES[unit])


# (?=.*[1-9]) refuses zero; (?!\n)$ is the end of the text, in Python and in JavaScript alike.
_DURATION = r"^(?=.*[1-9])([0-9]{1,9}(?:\.[0-9]{1,9})?)(ms|s|m|h)(?!\n)$"
_SIZE = r"^(?=.*[1-9])([0-9]{1,9})(B|KB|MB|GB)(?!\n)$"

_DESCRIPTIONS: dict[type, dict[str, Any]] = {
    Duration: {
        "type": "string",
        "title": "a duration such as 2s or 500ms",
        "pattern": _DURATION,
        "examples": ["500ms", "2s", "1.5m", "1h"],
    },
    Size: {
        "type": "string",
        "title": "a size such as 25MB or 512KB",
        "pattern": _SIZE,
        "examples": ["512KB", "25MB", "1GB"],
    },
}


def read_unit(kind: type, written: object) -> Duration | Size:
    """Serve msgspec as its `dec_hook`. Raises TypeError or ValueError for what is not such a text."""
    if not isinstance(written, str):
        raise TypeError("expected text")
    return Duration.parse(written) if kind is Duration else Size.parse(written)


def describe_unit(kind: type) -> dict[str, Any]:
    """Serve msgspec as its `schema_hook`."""
    return _DESCRIPTIONS[kind]


def _split(pattern: str, text: str) -> tuple[str, str]:
    match = re.search(pattern, text)
    if match is None:
        raise ValueError("expected a number and its unit")
    return match[1], match[2]
