"""How much a vendor may answer; and the answers that are held whole: read up to that bound, and decoded.

What lives here: sizes, and that a document is JSON. What it says is `answers`' business.
"""

from __future__ import annotations

import msgspec
from msgspec import Struct

from router.upstream.transport import Response
from router.vendors.spec import Json
from router.wire.faults import Fault, Kind

__all__ = ["USUAL", "Bounds", "document_in", "error_in", "whole"]

LARGEST_ERROR_BYTES = 64 * 1024

_decode = msgspec.json.Decoder().decode
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


class Bounds(Struct, frozen=True, gc=False):
    """Bytes of one answer: of what has to be held (JSON, a transcript in events), and of audio that passes through."""

    document: int = 64 * 1024 * 1024  # ten hours of words with times
    reply: int = 1024**3


USUAL = Bounds()


async def whole(response: Response, largest: int) -> bytes:
    """The body. Raises `Fault` (GARBLED) beyond `largest` bytes."""
    parts: list[bytes] = []
    size = 0
    async for chunk in response.chunks():
        parts.append(chunk)
        size += len(chunk)
        if size > largest:
            raise Fault(Kind.GARBLED, f"an answer of more than {largest:,} bytes")
    return b"".join(parts)


async def error_in(response: Response) -> Json:
    """The body of an error, cut where it is long; one that is no JSON is the message itself."""
    parts: list[bytes] = []
    size = 0
    async for chunk in response.chunks():
        parts.append(chunk)
        size += len(chunk)
        if size > LARGEST_ERROR_BYTES:
            break
    body = b"".join(parts)
    try:
        return _decode(body)
    except _UNDECODABLE:
        return {"message": body.decode("utf-8", "replace").strip()}


def document_in(body: bytes) -> Json:
    """The document that a body is. Raises `Fault` (GARBLED) for one that is none."""
    try:
        return _decode(body)
    except _UNDECODABLE as error:
        raise Fault(Kind.GARBLED, f"an answer of {len(body):,} bytes that is not JSON") from error
