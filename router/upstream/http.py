"""HTTP, by aiohttp: the only file that names its exceptions. Bytes go out as they stand and come in as they arrive.

What may not live here: any vendor's habit, any opinion about a status.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from router.upstream.transport import Body, Outgoing, Patience, Response
from router.wire.faults import Fault, Kind

__all__ = ["HttpTransport"]

AUTOMATIC_HEADERS = ("Accept", "Accept-Encoding", "Content-Type")
USER_AGENT = f"audio-router/{version('audio-router')}"


class HttpTransport:
    """One session for all vendors: connections are kept and reused, cookies and redirects are not followed.

    What must not be sent twice goes over connections of its own: a kept one may turn out to be closed only when the
    request has been written, and nobody could say whether it was read.
    """

    def __init__(self) -> None:
        self._opened: dict[bool, aiohttp.ClientSession] = {}

    def _session(self, *, is_once: bool) -> aiohttp.ClientSession:
        """Opened at first use, because a session belongs to the running loop."""
        if is_once not in self._opened:
            self._opened[is_once] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, ttl_dns_cache=300, force_close=is_once),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": USER_AGENT, "accept-encoding": "identity"},
                trace_configs=[_telling_reuse()],
                skip_auto_headers=AUTOMATIC_HEADERS,
            )
        return self._opened[is_once]

    @asynccontextmanager
    async def send(self, request: Outgoing, patience: Patience, on_sent: Callable[[], None]) -> AsyncIterator[Response]:
        """See `Transport.send`."""
        limits = aiohttp.ClientTimeout(
            total=None, connect=patience.connect_s, sock_connect=patience.connect_s, sock_read=patience.silence_s
        )
        with _translated(Kind.CONNECT):
            answer = await self._begin(request, limits, on_sent)
        try:
            yield _HttpResponse(answer)
        finally:
            answer.close()  # a connection whose answer was read to its end has gone back to the pool already

    async def _begin(
        self, request: Outgoing, limits: aiohttp.ClientTimeout, on_sent: Callable[[], None]
    ) -> aiohttp.ClientResponse:
        """Send, once more if a kept connection turns out to be closed: the vendor gave it up while we wrote."""
        connection = _Connection()
        for is_last in (False, True):
            try:
                return await self._session(is_once=request.is_once).request(
                    request.method,
                    request.url,
                    data=_Replayable(request.body, on_sent),
                    headers=request.headers,
                    timeout=limits,
                    allow_redirects=False,
                    trace_request_ctx=connection,
                )
            except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError):
                if is_last or not connection.is_reused:
                    raise
        raise AssertionError  # the second time returns or raises

    async def close(self) -> None:
        """End every connection."""
        for session in self._opened.values():
            await session.close()


class _HttpResponse:
    def __init__(self, answer: aiohttp.ClientResponse) -> None:
        self._answer = answer

    @property
    def status(self) -> int:
        return self._answer.status

    @property
    def headers(self) -> Mapping[str, str]:
        return self._answer.headers

    async def chunks(self) -> AsyncIterator[bytes]:
        ending = _ending_of(self._answer)
        with _translated(Kind.GARBLED):
            async for chunk in self._answer.content.iter_any():
                yield chunk
        if ending is not None and ending.done() and ending.exception() is not None:
            raise Fault(Kind.GARBLED, "the connection broke in the middle of the answer")


def _ending_of(answer: aiohttp.ClientResponse) -> asyncio.Future[None] | None:
    """How the connection of an answer ends whose body has no length: there a reset would look like the end."""
    is_delimited = "content-length" in answer.headers or "transfer-encoding" in answer.headers
    if is_delimited or answer.connection is None or answer.connection.protocol is None:
        return None
    ending = answer.connection.protocol.closed
    if ending is not None:
        ending.add_done_callback(lambda done: done.cancelled() or done.exception())  # told here, or to nobody
    return ending


class _Connection:
    """What the trace of one request tells of its connection."""

    is_reused = False


def _telling_reuse() -> aiohttp.TraceConfig:
    async def reused(_session: aiohttp.ClientSession, context: SimpleNamespace, _params: object) -> None:
        context.trace_request_ctx.is_reused = True

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(reused)
    return trace


class _Replayable(Payload):
    """A body that is written anew for every attempt, and says when the last byte of it is written."""

    def __init__(self, body: Body, on_sent: Callable[[], None]) -> None:
        super().__init__(body)
        self._parts = [body] if isinstance(body, bytes) else body
        self._on_sent = on_sent
        self._size = sum(len(part) if isinstance(part, bytes) else part.size for part in self._parts)

    async def write(self, writer: AbstractStreamWriter) -> None:
        for part in self._parts:
            for chunk in [part] if isinstance(part, bytes) else part.chunks():
                await writer.write(chunk)
        self._on_sent()

    def decode(self, encoding: str = "utf-8", errors: str = "strict") -> str:  # noqa: ARG002 - asked for by the base
        raise TypeError("an upload is not text")


@contextmanager
def _translated(broken: Kind) -> Iterator[None]:
    """Tell aiohttp's exceptions in our words; `broken` is what a connection that breaks off means at this point."""
    try:
        yield
    except aiohttp.ConnectionTimeoutError as error:
        raise Fault(Kind.CONNECT, "no connection in time") from error
    except (aiohttp.ServerTimeoutError, TimeoutError) as error:
        raise Fault(Kind.TIMEOUT, "silent for too long") from error
    except (aiohttp.InvalidURL, UnicodeError) as error:
        raise Fault(Kind.CONNECT, f"not an address: {error}") from error
    except aiohttp.ClientResponseError as error:
        raise Fault(Kind.GARBLED, f"no HTTP: {error.message}") from error
    except ValueError as error:  # a header that cannot be one
        raise Fault(Kind.CONNECT, "the request cannot be sent: a header of it holds what none may hold") from error
    except (aiohttp.ClientConnectorCertificateError, ssl.SSLError) as error:
        raise Fault(Kind.CONNECT, f"no trusted TLS connection: {error}") from error
    except aiohttp.ClientConnectorError as error:
        raise Fault(Kind.CONNECT, f"could not connect: {error.os_error.strerror or error.os_error}") from error
    except (aiohttp.ClientError, OSError) as error:
        raise Fault(broken, f"the connection broke: {type(error).__name__}: {error}") from error
