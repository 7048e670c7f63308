"""Bodies that are JSON, and what is said of those that are not.

What lives here: the one refusal. Which fields a body may have: `speech`, `sounds`, `listening`.
"""

from __future__ import annotations

import msgspec

from router.wire.errors import InvalidCall

__all__ = ["UNDECODABLE", "undecodable"]

UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""What decoding raises."""


def undecodable(error: Exception) -> InvalidCall:
    """A body that is not the JSON it should be, in words that are not Python's; `error` is one of `UNDECODABLE`."""
    match error:
        case UnicodeDecodeError():
            why = "it is not UTF-8 text"
        case RecursionError():
            why = "it is nested too deeply"
        case _:
            why = str(error)
    return InvalidCall(f"The body is not valid JSON: {why}.", code="invalid_json")
