"""HTTP/1.1 to vendors: bytes go out as they stand and come in as they arrive.

What lives here: heads of requests, and when one is sent once more. What happens on a connection: `connection`; where
connections come from: `pool`. What may not live here: any vendor's habit, any opinion about a status.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import lru_cache
from importlib.metadata import version
from types import TracebackType
from urllib.parse import quote, unquote, urlsplit

from msgspec import Struct
from msgspec.structs import replace

from router.sockets.heads import head_of
from router.upstream.connection import Connection
from router.upstream.incoming import Answer, Unheard
from router.upstream.pool import Pool, Way
from router.upstream.proxies import Proxy
from router.upstream.transport import Outgoing, Patience, Response, size_of
from router.wire.faults import Fault, Kind

__all__ = ["HttpTransport"]

OWN_HEADERS = (f"user-agent: audio-router/{version('audio-router')}", "accept-encoding: identity")
BODILESS = frozenset({"GET", "DELETE"})
PORTS = {"http": 80, "https": 443}
AS_IT_STANDS = "/%:@!$&'()*+,;=~?[]"
"""What an address may hold beside letters and digits; whatever else is in it is escaped."""


class HttpTransport:
    """Connections to all vendors, kept and reused; cookies and redirects are not followed.

    What must not be sent twice goes over connections of its own: a kept one may turn out to be closed only when the
    request has been written, and nobody could say whether it was read. Where a vendor's answer sends us is asked over
    connections of its own too: none of them leads into our own network, whatever a name resolves to.
    """

    def __init__(self, proxy: Proxy | None = None) -> None:
        self._pool = Pool(proxy)

    def send(
        self, request: Outgoing, patience: Patience, on_sent: Callable[[], None]
    ) -> AbstractAsyncContextManager[Response]:
        """See `Transport.send`."""
        return _Sending(self._pool, request, patience, on_sent)

    async def close(self) -> None:
        """End every connection."""
        await self._pool.close()


class _Sending:
    """One request, and its answer while the context lasts."""

    def __init__(self, pool: Pool, request: Outgoing, patience: Patience, on_sent: Callable[[], None]) -> None:
        self._pool = pool
        self._request = request
        self._patience = patience
        self._on_sent = on_sent
        self._answer: Answer | None = None

    async def __aenter__(self) -> Response:
        """Send, once more if a kept connection turns out to be closed: the vendor gave it up while we wrote."""
        request, pool = self._request, self._pool
        place = _place_of(request.url)
        way = replace(place.way, is_foreign=True) if request.is_foreign else place.way
        head = _head(request, place)
        if not request.is_once and (connection := pool.kept(way)):
            try:
                return await self._asked(connection, head)
            except Unheard:
                pass
        return await self._asked(await pool.new(way, self._patience.connect_s, is_kept=not request.is_once), head)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the vendor's call; a connection whose answer was read to its end is kept."""
        assert self._answer
        self._answer.close()

    async def _asked(self, connection: Connection, head: bytes) -> Answer:
        self._answer = answer = connection.ask(head, self._request.body, self._patience.silence_s, self._on_sent)
        try:
            await answer.begun()
        except BaseException:
            answer.close()
            raise
        return answer


class _Place(Struct, frozen=True):
    """What an address says: whom to connect to, what to ask for there, and as whom."""

    way: Way
    target: str
    name: str
    authorization: str | None


@lru_cache(256)
def _place_of(url: str) -> _Place:
    """Raises `Fault` (CONNECT) for what is no address."""
    try:
        parts = urlsplit(url)
        usual = PORTS[parts.scheme]
        host = (parts.hostname or "").encode("idna").decode()
        port = parts.port or usual
    except (KeyError, ValueError) as error:
        raise Fault(Kind.CONNECT, f"not an address: {error}") from None
    if not host:
        raise Fault(Kind.CONNECT, "not an address: it names no host")
    name = f"[{host}]" if ":" in host else host
    asked = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    authorization = None
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(user.encode()).decode()}"
    return _Place(
        Way(host, port, parts.scheme == "https"),
        quote(asked, safe=AS_IT_STANDS),
        name if port == usual else f"{name}:{port}",
        authorization,
    )


def _head(request: Outgoing, place: _Place) -> bytes:
    """The head of a request. Raises `Fault` (CONNECT) for a header that none can be; our key may be in it."""
    lines = [f"{request.method} {place.target} HTTP/1.1", f"host: {place.name}", *OWN_HEADERS]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    if place.authorization and "authorization" not in request.headers:
        lines.append(f"authorization: {place.authorization}")
    size = size_of(request.body)
    if size is None:
        lines.append("transfer-encoding: chunked")
    elif size or request.method not in BODILESS:
        lines.append(f"content-length: {size}")
    if request.is_once:
        lines.append("connection: close")
    try:
        return head_of([line.encode() for line in lines])
    except ValueError as error:
        raise Fault(Kind.CONNECT, f"the request cannot be sent: {error}") from None
