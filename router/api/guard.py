"""Before every path: which web pages may call, and by which names this machine may be called while no key is asked for.

What lives here: the headers Host and Origin, and CORS. It stands around the whole application, raw handlers and what is
at no path included. Whose key it is the doors ask.

Without a key, whoever reaches the server may use it. Only programs of this machine reach a loopback address, but a
browser is one of them, and runs what any web page says: a page calls from an Origin of its own, or by a host name that
has come to mean 127.0.0.1 (DNS rebinding).
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

from litestar.types import ASGIApp, Message, Receive, Scope, Send
from msgspec import Struct

from router.api.docs.statuses import HEADERS
from router.api.exchange import Exchange
from router.wire.errors import Forbidden

__all__ = ["Rules", "granting", "guarded"]

_LOOPBACK = rb"(?:localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])(?::[0-9]{1,5})?"
_OWN_HOST = re.compile(_LOOPBACK, re.IGNORECASE)
_OWN_ORIGIN = re.compile(rb"https?://" + _LOOPBACK, re.IGNORECASE)
_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]+")
"""Header names in a list, as a browser asks for them."""

METHODS = b"GET, HEAD, POST, DELETE"
PREFLIGHT_S = b"7200"
"""Chromium remembers no longer; and what is granted is looked up with each call all the same."""
EXPOSED = ", ".join(sorted(HEADERS)).encode()

Header = tuple[bytes, bytes]
_VARY = (b"vary", b"origin")


class Rules(Struct, frozen=True):
    """What holds at the moment. `is_public`: it may be reached by any name, as somebody insisted."""

    is_open: bool
    origins: Collection[str]
    is_public: bool = False


def guarded(app: ASGIApp, rules: Callable[[], Rules]) -> ASGIApp:
    """`app` behind this guard."""

    def guard(scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        now = rules()
        if not (now.is_open or now.origins):
            return app(scope, receive, send)
        return looked_at(now, scope, receive, send)

    async def looked_at(now: Rules, scope: Scope, receive: Receive, send: Send) -> None:
        hosts, origins = _told(scope["headers"])
        is_listed = len(origins) == 1 and origins[0].decode("latin-1") in now.origins
        if now.origins:
            scope.setdefault("state", {})["granted"] = _grant(origins[0]) if is_listed else [_VARY]
            send = granting(scope, send)
        if now.is_open and (refusal := _refusal(hosts, origins, now, is_listed=is_listed)):
            await Exchange(scope, receive, send).fail(refusal, {})
        elif is_listed and (preflight := _preflight(scope)):
            exchange = Exchange(scope, receive, send)
            await exchange.start(204, preflight)
            await exchange.finish()
        else:
            await app(scope, receive, send)

    return guard


def granting(scope: Scope, send: Send) -> Send:
    """`send`, and in the head of the reply what the page that asks has been granted."""
    granted: Sequence[Header] = scope.get("state", {}).get("granted", ())
    if not granted:
        return send

    async def send_granted(message: Message) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *granted]
        await send(message)

    return send_granted


def _told(headers: Iterable[Header]) -> tuple[list[bytes], list[bytes]]:
    """Every Host and every Origin: of two, one may be meant for us and the other for somebody before us."""
    hosts: list[bytes] = []
    origins: list[bytes] = []
    for name, value in headers:
        if name == b"host":
            hosts.append(value)
        elif name == b"origin":
            origins.append(value)
    return hosts, origins


def _refusal(hosts: list[bytes], origins: list[bytes], rules: Rules, *, is_listed: bool) -> Forbidden | None:
    """Why a request may not pass while everybody may who reaches the server."""
    if not rules.is_public and not (len(hosts) == 1 and _OWN_HOST.fullmatch(hosts[0])):
        return Forbidden(
            "Without a key this server answers its own machine alone, by the names localhost, 127.0.0.1 and [::1]; "
            f"the header Host of this request is {_shown(hosts)}. Set a key (`keys:`) to be reached by other names.",
            code="foreign_host",
        )
    if not is_listed and not all(map(_OWN_ORIGIN.fullmatch, origins)):
        return Forbidden(
            "Without a key this server takes no calls from web pages of other origins; the header Origin of this one "
            f"is {_shown(origins)}. List it in `server.cors`, or set a key (`keys:`).",
            code="foreign_origin",
        )
    return None


def _shown(values: list[bytes]) -> str:
    return repr(b", ".join(values)[:100].decode("latin-1")) if values else "none"


def _grant(origin: bytes) -> Sequence[Header]:
    """No credentials among it: a browser's cookies mean nothing here, and a page sends its key itself."""
    return [(b"access-control-allow-origin", origin), (b"access-control-expose-headers", EXPOSED), _VARY]


def _preflight(scope: Scope) -> Sequence[Header] | None:
    """What a browser wants to know before a page's call; None for any other request."""
    asked = dict(scope["headers"])
    if scope["method"] != "OPTIONS" or b"access-control-request-method" not in asked:  # type: ignore[typeddict-item]
        return None
    names = asked.get(b"access-control-request-headers", b"")  # the SDKs send a dozen of their own
    return [
        (b"access-control-allow-methods", METHODS),
        *([(b"access-control-allow-headers", names)] if _NAMES.fullmatch(names) else []),
        (b"access-control-max-age", PREFLIGHT_S),
    ]
