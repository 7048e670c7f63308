"""How a vendor is spoken to and how it says no: where our key goes, where its errors say what they say.

What lives here: facts as values. Who reads them: `upstream`.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from router.wire.faults import Kind

__all__ = ["ErrorShape", "Key"]


class ErrorShape(Struct, frozen=True):
    """Where an error says what it says. Paths are dotted, alternatives split by `|`, `header:` reads a header.

    `kinds` maps the vendor's codes to ours, first; then `by_status` those statuses that mean something of its own, and
    what is usual decides the rest. A code found in a 200 that is not
    in `ok` is a fault too, and so is an event of a stream that has something at `in_event`.
    """

    message: str = "error.message|error|message|detail"
    code: str = "error.code|error.type"
    in_event: str = "error.message|error.type|error.code|error"
    param: str = ""  # where the fields are OpenAI's
    kinds: Mapping[str, Kind] = {}
    by_status: Mapping[int, Kind] = {}
    ok: frozenset[str] = frozenset()


class Key(Struct, frozen=True):
    """Our key in a header: `prefix` and then the secret of that name in the vendor's entry of routes.yaml."""

    header: str = "authorization"
    prefix: str = "Bearer "
    secret: str = "api_key"  # noqa: S105 - its name
