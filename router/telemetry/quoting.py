"""A vendor's words without the client's: vendors like to repeat what they were sent when they refuse it.

What lives here: one pure function. Our own secrets are `upstream.lookup`'s to take out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import asdict

__all__ = ["unquoted"]

SHORTEST_WHOLE = 3
"""A client's word of fewer characters stands in too many others to be looked for."""
SHORTEST_RUN = 12
"""Of a text, so many characters in a row are no coincidence; fewer are ordinary words, which the log may have."""
LONGEST_TEXT = 1_000_000
"""Beyond it a string is a recording in base64, which nobody repeats in a message."""
NOT_THE_CLIENTS = frozenset({"model", "format"})

_STARTS = re.compile(r"\b\w|[^\x00-\x7f]")


def unquoted(message: str, *said: object) -> str:
    """A short message, where each string in `said`, and each longer run of one, has become `…`.

    `said`: structs, mappings and sequences of what a vendor was sent.
    """
    texts = sorted({text for one in said for text in _texts(one)}, key=len, reverse=True)
    for text in texts:
        message = message.replace(text, "…")
    whole = "\0".join(texts)
    return _without_runs(message, whole) if len(whole) >= SHORTEST_RUN else message


def _texts(value: object) -> Iterator[str]:
    match value:
        case str() if SHORTEST_WHOLE <= len(value) <= LONGEST_TEXT:
            yield value
        case Struct():
            yield from _texts({name: one for name, one in asdict(value).items() if name not in NOT_THE_CLIENTS})
        case Mapping():
            yield from _texts([*value.values()])
        case Sequence() if not isinstance(value, str | bytes):
            for one in value:
                yield from _texts(one)
        case _:
            return


def _without_runs(message: str, whole: str) -> str:
    kept: list[str] = []
    done = 0
    for start in (found.start() for found in _STARTS.finditer(message)):
        if start < done or message[start : start + SHORTEST_RUN] not in whole:
            continue
        end = start + SHORTEST_RUN
        if end > len(message):
            break
        while end < len(message) and message[start : end + 1] in whole:
            end += 1
        kept += message[done:start], "…"
        done = end
    return "".join(kept) + message[done:]
