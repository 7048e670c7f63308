"""What stands where in a vendor's answer: errors, codes, billed units, how long to wait. Pure.

What lives here: following the paths that a vendor file gives, leniently; what is not there is None.
"""

from __future__ import annotations

import email.utils
import math
from collections.abc import Mapping
from urllib.parse import quote

from router.vendors.looking import look
from router.vendors.spec import ErrorShape, Json, Unit, Vendor
from router.wire.faults import Fault, Kind

__all__ = ["Discreet", "error_in_event", "error_in_success", "fault_in", "units_in"]

LONGEST_MESSAGE = 500
LONGEST_PARAM = 100
SHORTEST_SECRET = 5  # among the settings are regions and the like, and no key is so short
LARGEST_NUMBER = 1e12  # of whatever is counted; beyond it, somebody is mistaken
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


def units_in(vendor: Vendor, document: Json, headers: Mapping[str, str]) -> dict[Unit, float]:
    """What a document or the headers of an answer say will be billed."""
    found = {
        unit: _number(look(path, document, headers))
        for unit, path in vendor.billed.items()
        if document is not None or "header:" in path
    }
    return {unit: amount for unit, amount in found.items() if amount is not None and amount >= 0}


def error_in_success(shape: ErrorShape, document: Json, headers: Mapping[str, str]) -> Fault | None:
    """The fault that a 200 tells of by a code of the vendor's; None where it is the success it seems."""
    return fault_in(shape, 200, headers, document) if _code(shape, document, headers) is not None else None


def error_in_event(shape: ErrorShape, event: Json) -> Fault | None:
    """The fault that an event of a stream tells of, by its code or by being shaped as an error; None for no error."""
    code = _code(shape, event, {})
    if code is None and look(shape.in_event, event, {}) is None:
        return None
    words = look(shape.message, event, {})
    return Fault(shape.kinds.get(code or "", Kind.FAILED), str(words or "an error"), code=code)


def _code(shape: ErrorShape, document: Json, headers: Mapping[str, str]) -> str | None:
    if document is None and "header:" not in shape.code:
        return None
    found = look(shape.code, document, headers)
    return None if found is None or str(found) in shape.ok else str(found)


def fault_in(shape: ErrorShape, status: int, headers: Mapping[str, str], document: Json) -> Fault:
    """The fault that an error answer tells of; the vendor's code says its kind, else the HTTP status."""
    code = _code(shape, document, headers)
    words = look(shape.message, document, headers) or look("message", document, {})
    if status < 300:
        kind = shape.kinds.get(code or "", Kind.FAILED if code else Kind.GARBLED)
        message = str(words) if words and code else "text where audio was due"
    else:
        kind = shape.kinds.get(code or "") or shape.by_status.get(status) or BY_STATUS.get(status) or _by_class(status)
        message = str(words or f"answered with status {status}")
    param = look(shape.param, document, {})
    return Fault(
        kind,
        message,
        status=status,
        code=code,
        param=param if isinstance(param, str) else None,
        retry_after_s=_retry_after_s(headers),
    )


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
        number = float(value) if value is not None and not isinstance(value, bool) else math.nan
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) and abs(number) <= LARGEST_NUMBER else None


class Discreet:
    """Take our secrets out of whatever a fault that leaves here repeats of a vendor's words; and cut them, after that.

    Its arguments and causes go too, which a traceback would show.
    """

    __slots__ = ("_secrets",)

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets

    def __enter__(self) -> None:
        """Nothing is said yet."""

    def __exit__(self, _kind: type[BaseException] | None, fault: BaseException | None, _trace: object) -> None:
        if isinstance(fault, Fault):
            fault.message = _scrubbed(fault.message, self._secrets)[:LONGEST_MESSAGE]
            fault.code = fault.code and _scrubbed(fault.code, self._secrets)[:LONGEST_PARAM]
            fault.param = fault.param and _scrubbed(fault.param, self._secrets)[:LONGEST_PARAM]
            fault.args = (fault.message,)
            fault.__cause__, fault.__suppress_context__ = None, True


def _scrubbed(words: str, secrets: Mapping[str, str]) -> str:
    """Without the secrets, also where they are written as in an address."""
    for secret in secrets.values():
        if len(secret) > SHORTEST_SECRET:
            words = words.replace(secret, "…").replace(quote(secret, safe=""), "…")
    return words
