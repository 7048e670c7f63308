"""Replies that Litestar makes by itself, as all others here: errors in OpenAI's envelope, and an id on each.

What may not live here: anything of the audio paths, whose exchanges do both on their own.
"""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from litestar import Request, Response
from litestar.datastructures import MutableScopeHeaders
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, ExceptionHandlersMap, Message, Receive, Scope, Send

from router.api.exchange import request_id_of
from router.wire.errors import (
    CallError,
    InvalidCall,
    NotAllowed,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unexpected,
    UnsupportedMedia,
)

__all__ = ["ON_ERROR", "identified", "unexpected"]

_log = structlog.get_logger("audio_router")

LONGEST_SHOWN = 200
"""Characters of a path that a message repeats."""

_CLASSES: Mapping[int, type[CallError]] = {401: Unauthenticated, 413: TooLarge, 415: UnsupportedMedia}


def identified(app: ASGIApp) -> ASGIApp:
    """Middleware: `x-request-id` on each reply. It stands between the application and every message it sends."""

    async def with_id(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableScopeHeaders.from_message(message).setdefault("x-request-id", request_id_of(scope))
            await send(message)

        await app(scope, receive, send_with_id)

    return with_id


def _refused(request: Request, error: Exception) -> Response[bytes]:  # type: ignore[type-arg]
    """Litestar's own refusals, and those of our handlers."""
    if isinstance(error, CallError):
        return _reply(request, error)
    assert isinstance(error, HTTPException)
    if error.status_code >= 500:
        return _unexpected(request, error)
    return _reply(request, _as_call_error(request, error))


def _as_call_error(request: Request, error: HTTPException) -> CallError:  # type: ignore[type-arg]
    path = request.url.path[:LONGEST_SHOWN]
    match error.status_code:
        case 404:
            return NotFound(f"There is nothing at {request.method} {path}.")
        case 405:
            return NotAllowed(f"{request.method} is not allowed at {path}.", headers=error.headers)
        case status:
            message, param = _first_of(error)
            return _CLASSES.get(status, InvalidCall)(message, param=param, headers=error.headers)


def _first_of(error: HTTPException) -> tuple[str, str | None]:
    """What is wrong, and with which field: of several the first, which Litestar keeps in a list beside its summary."""
    match error.extra:
        case [{"message": str(message), "key": str(key)}, *_]:
            return f"Invalid value for '{key}': {message[:1].lower()}{message[1:]}.", key
        case _:
            return error.detail, None


def _unexpected(request: Request, error: Exception) -> Response[bytes]:  # type: ignore[type-arg]
    """A bug of ours."""
    return _reply(request, unexpected(error, request.url.path, request_id_of(request.scope)))


def unexpected(error: Exception, path: str, request_id: str) -> Unexpected:
    """Put a bug of ours into the log, with its traceback, and tell what clients may hear of it."""
    _log.error("unexpected failure", path=path, request_id=request_id, exc_info=error)
    return Unexpected("The router failed unexpectedly; its log says why.")


def _reply(request: Request, error: CallError) -> Response[bytes]:  # type: ignore[type-arg]
    headers = {**error.headers, "x-request-id": request_id_of(request.scope)}
    return Response(error.body(), status_code=error.status, media_type="application/json", headers=headers)


ON_ERROR: ExceptionHandlersMap = {HTTPException: _refused, CallError: _refused, Exception: _unexpected}
