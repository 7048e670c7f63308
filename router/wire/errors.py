"""Errors as a client sees them: OpenAI's envelope, a status, and headers that its SDKs obey.

    RouterError
      CallError
        InvalidCall 400 · Unsupported 400 · Unauthenticated 401 · Forbidden 403 · UnknownModel 404 · NotFound 404
        NotAllowed 405
        TooSlow 408 · NotReady 409 · TooLarge 413 · UnsupportedMedia 415 · TooMany 429
        Unexpected 500 · Unavailable 503 · Stopping 503, in `api.gate`
        RouteExhausted 502, or 400 / 404 / 429 / 504 when every attempt agrees

What lives here: facts for the client. What an attempt at a vendor can suffer is a `wire.faults.Fault`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

__all__ = [
    "LONGEST_MESSAGE",
    "CallError",
    "Forbidden",
    "InvalidCall",
    "NotAllowed",
    "NotFound",
    "NotReady",
    "RouteExhausted",
    "RouterError",
    "TooLarge",
    "TooLong",
    "TooMany",
    "TooSlow",
    "Unauthenticated",
    "Unavailable",
    "Unexpected",
    "UnknownModel",
    "Unsupported",
    "UnsupportedMedia",
]


LONGEST_MESSAGE = 10_000
"""Characters: what is said of a value may repeat it, and a value may be as long as a body."""


class RouterError(Exception):
    """Anything the router itself says no to."""


class CallError(RouterError):
    """An error that becomes a reply: `{"error": {"message", "type", "param", "code"}}`.

    `headers` go out beside it, such as `retry-after` (seconds) and `x-should-retry`.
    """

    status: int = 400
    type: str = "invalid_request_error"

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.message = message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…"
        super().__init__(self.message)
        self.param = param
        self.code = code
        self.headers = dict(headers or {})

    def envelope(self) -> dict[str, Any]:
        """The body, all four keys of it."""
        error = {"message": self.message, "type": self.type, "param": self.param, "code": self.code}
        return {"error": error}

    def body(self) -> bytes:
        """The envelope as JSON."""
        return msgspec.json.encode(self.envelope())


class InvalidCall(CallError):
    """The request itself is wrong; `param` names the field."""


class Unsupported(CallError):
    """No target of the route can serve this call; the message says why, one by one."""


class Unauthenticated(CallError):
    """No key of ours, or a wrong one."""

    status = 401


class Forbidden(CallError):
    """Asked for in good order, and switched off here."""

    status = 403


class UnknownModel(CallError):
    """Neither a route nor `vendor/model`."""

    status = 404


class NotFound(CallError):
    """No such path."""

    status = 404


class NotAllowed(CallError):
    """The path is right, the method is not."""

    status = 405


class TooSlow(CallError):
    """A body that stopped arriving, or all but stopped."""

    status = 408


class NotReady(CallError):
    """What was asked for is not there yet, or never will be."""

    status = 409


class TooLarge(CallError):
    """More bytes than we take."""

    status = 413


class UnsupportedMedia(CallError):
    """A body of a type that this path does not take."""

    status = 415


class Unexpected(CallError):
    """A bug of ours."""

    status = 500
    type = "server_error"


class TooMany(CallError):
    """As many as there may be are there already."""

    status = 429
    type = "rate_limit_error"


class Unavailable(CallError):
    """Something that this server needs for it cannot be used at the moment."""

    status = 503
    type = "server_error"


_TYPES = {400: "invalid_request_error", 404: "invalid_request_error", 429: "rate_limit_error"}


class RouteExhausted(CallError):
    """Every target was tried. The status is what all attempts agree on, else 502."""

    def __init__(self, message: str, status: int, **rest: Any) -> None:
        super().__init__(message, **rest)
        self.status = status
        self.type = _TYPES.get(status, "server_error")


class TooLong(RouteExhausted):
    """Waited for as long as a connection may be silent, and still nothing: there are other ways to ask."""

    def __init__(self, waited_s: float) -> None:
        super().__init__(
            f"Nothing came within {waited_s:g} s, which is as long as a call is waited for here without a byte "
            "(server.max_wait). Ask with `background: true` and fetch it later, or with `stream_format: sse`.",
            504,
            code="use_background",
            headers={"x-should-retry": "false"},
        )
