"""What a vendor answered: audio on its way, a transcript, or an error in that vendor's shape.

What lives here: telling these apart, and turning errors into faults. It reads what a transport opened, sends nothing.
"""

from __future__ import annotations

import email.utils
import math
from collections.abc import AsyncIterator, Mapping

import msgspec
from msgspec import Struct

from router.upstream.transport import Response
from router.vendors.spec import ErrorShape, Framing, Json, Operation, Unit, Vendor
from router.wire.faults import Fault, Kind
from router.wire.transcripts import Transcript, lacking_in

__all__ = ["Answer", "fault_in", "read_answer"]

LARGEST_ERROR_BYTES = 64 * 1024
LARGEST_DOCUMENT_BYTES = 64 * 1024 * 1024  # ten hours of words with times
LONGEST_MESSAGE = 500
LONGEST_WAIT_S = 86_400.0

BY_STATUS = {
    400: Kind.INPUT,
    401: Kind.KEY,
    402: Kind.QUOTA,
    403: Kind.KEY,
    404: Kind.NO_MODEL,
    408: Kind.TRY_AGAIN,
    409: Kind.TRY_AGAIN,
    413: Kind.INPUT,
    415: Kind.INPUT,
    422: Kind.INPUT,
    425: Kind.TRY_AGAIN,
    429: Kind.BUSY,
}

_decode = msgspec.json.Decoder().decode


class Answer(Struct):
    """A success: `audio` still streaming, or a `transcript`. `units` is what the vendor says it will bill."""

    units: dict[Unit, float]
    audio: AsyncIterator[bytes] | None = None
    transcript: Transcript | None = None


async def read_answer(
    response: Response, operation: Operation, vendor: Vendor, secrets: Mapping[str, str], wants: frozenset[str]
) -> Answer:
    """The answer to a call that `wants` these of a transcript. Raises `Fault`, whose message holds no secret."""
    try:
        return await _read(response, operation, vendor, wants)
    except Fault as fault:
        fault.message = _scrubbed(fault.message, secrets)
        raise


async def _read(response: Response, operation: Operation, vendor: Vendor, wants: frozenset[str]) -> Answer:
    headers = response.headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if response.status >= 300:
        body = await _whole(response, LARGEST_ERROR_BYTES, is_error=True)
        raise fault_in(vendor.errors, response.status, headers, _document(body, is_error=True))
    if operation.reply.framing is Framing.RAW:
        if kind.startswith("text/") or kind.endswith(("json", "xml", "html")):
            document = _document(await _whole(response, LARGEST_ERROR_BYTES, is_error=True), is_error=True)
            raise fault_in(vendor.errors, response.status, headers, document)
        return Answer(units=_units(vendor, None, headers), audio=response.chunks())
    document = _document(await _whole(response, LARGEST_DOCUMENT_BYTES))
    if _code(vendor.errors, document, headers) is not None:
        raise fault_in(vendor.errors, response.status, headers, document)
    heard = _transcript(operation, document)
    if lacking := lacking_in(heard, wants):
        raise Fault(Kind.GARBLED, f"the transcript came without {' and '.join(sorted(lacking))}")
    return Answer(units=_units(vendor, document, headers), transcript=heard)


def _transcript(operation: Operation, document: Json) -> Transcript:
    assert operation.reply.read
    try:
        heard = operation.reply.read(document)
        return msgspec.convert(msgspec.to_builtins(heard), Transcript)  # a struct does not check what it is made of
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError) as error:
        # vendor files index plainly, so that what is missing is told here, once
        raise Fault(Kind.GARBLED, f"unexpected transcript: {type(error).__name__}: {error}") from error


async def _whole(response: Response, largest: int, *, is_error: bool = False) -> bytes:
    """The body up to `largest` bytes; an error's is cut there, a document's is refused beyond."""
    parts: list[bytes] = []
    size = 0
    async for chunk in response.chunks():
        parts.append(chunk)
        size += len(chunk)
        if size > largest:
            if is_error:
                break
            raise Fault(Kind.GARBLED, f"an answer of more than {largest:,} bytes")
    return b"".join(parts)


def _document(body: bytes, *, is_error: bool = False) -> Json:
    try:
        return _decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if is_error:
            return {"message": body.decode("utf-8", "replace").strip()}
        raise Fault(Kind.GARBLED, f"an answer of {len(body):,} bytes that is not JSON") from error


def _units(vendor: Vendor, document: Json, headers: Mapping[str, str]) -> dict[Unit, float]:
    found = {unit: _number(_look(path, document, headers)) for unit, path in vendor.billed.items()}
    return {unit: amount for unit, amount in found.items() if amount is not None and amount >= 0}


def _code(shape: ErrorShape, document: Json, headers: Mapping[str, str]) -> str | None:
    found = _look(shape.code, document, headers)
    return None if found is None or str(found) in shape.ok else str(found)


def fault_in(shape: ErrorShape, status: int, headers: Mapping[str, str], document: Json) -> Fault:
    """The fault that an error answer tells of; the vendor's code says its kind, else the HTTP status."""
    code = _code(shape, document, headers)
    words = _look(shape.message, document, headers) or _look("message", document, {})
    if status < 300:
        kind = shape.kinds.get(code or "", Kind.FAILED if code else Kind.GARBLED)
        message = str(words) if words and code else "text where audio was due"
    else:
        kind = shape.kinds.get(code or "") or BY_STATUS.get(status) or _by_class(status)
        message = str(words or f"answered with status {status}")
    return Fault(kind, message[:LONGEST_MESSAGE], status=status, code=code, retry_after_s=_retry_after_s(headers))


def _by_class(status: int) -> Kind:
    return Kind.INPUT if 400 <= status < 500 else Kind.FAILED


def _retry_after_s(headers: Mapping[str, str]) -> float | None:
    """`retry-after-ms`, `retry-after` in seconds or as a date (by the vendor's own clock); None: nothing usable."""
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return _bounded(milliseconds / 1000)
    text = headers.get("retry-after")
    if (seconds := _number(text)) is not None:
        return _bounded(seconds)
    try:
        then, now = (email.utils.parsedate_to_datetime(one or "") for one in (text, headers.get("date")))
        return _bounded((then - now).total_seconds())
    except (ValueError, TypeError):  # no date, or one of the two without a zone
        return None


def _bounded(seconds: float) -> float:
    return min(max(0.0, seconds), LONGEST_WAIT_S)


def _number(value: str | float | None) -> float | None:
    """A finite number, or None for whatever else a vendor may have written there."""
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _look(paths: str, document: Json, headers: Mapping[str, str]) -> str | int | float | bool | None:
    """The first scalar found along `paths`, leniently: what is not there is None."""
    for path in paths.split("|"):
        value: Json = headers.get(path[7:]) if path.startswith("header:") else _follow(path, document)
        if value is not None and not isinstance(value, dict | list):
            return value  # type: ignore[no-any-return]  # a scalar of JSON
    return None


def _follow(path: str, value: Json) -> Json:
    for key in path.split("."):
        if isinstance(value, dict):
            value = value.get(key)
        elif isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        else:
            return None
    return value


def _scrubbed(message: str, secrets: Mapping[str, str]) -> str:
    """A vendor's words without our secrets, as they may stand in our own log."""
    for secret in secrets.values():
        if len(secret) > 5:
            message = message.replace(secret, "…")
    return message
