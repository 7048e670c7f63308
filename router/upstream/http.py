"""HTTP, by aiohttp: the only file that names its exceptions. Bytes go out as they stand and come in as they arrive.

What may not live here: any vendor's habit, any opinion about a status.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version
from types import SimpleNamespace

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.payload import Payload

from router.upstream.addresses import is_public
from router.upstream.transport import Body, Outgoing, Patience, Response
from router.wire.arriving import Passing
from router.wire.faults import Fault, Kind

__all__ = ["HttpTransport"]

AUTOMATIC_HEADERS = ("Accept", "Accept-Encoding", "Content-Type")
ZLIB_OR_GZIP = 32 + zlib.MAX_WBITS
INFLATED_BYTES = 64 * 1024
USER_AGENT = f"audio-router/{version('audio-router')}"
RECEIVE_BYTES = 256 * 1024  # 2.5 MB a second from a vendor that is 100 ms away
READ_BYTES = 32 * 1024
"""Of an answer at once. A slow client lets us hold twice that, and what the socket brought last (256 KB at most)."""


class HttpTransport:
    """One session for all vendors: connections are kept and reused, cookies and redirects are not followed.

    What must not be sent twice goes over connections of its own: a kept one may turn out to be closed only when the
    request has been written, and nobody could say whether it was read. Where a vendor's answer sends us is asked over
    connections of its own too: none of them leads into our own network, whatever a name resolves to.
    """

    def __init__(self) -> None:
        self._opened: dict[tuple[bool, bool], aiohttp.ClientSession] = {}

    def _session(self, *, is_once: bool, is_foreign: bool) -> aiohttp.ClientSession:
        """Opened at first use, because a session belongs to the running loop."""
        kind = is_once, is_foreign
        if kind not in self._opened:
            self._opened[kind] = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=0, ttl_dns_cache=300, force_close=is_once, socket_factory=_outward if is_foreign else _socket
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"user-agent": USER_AGENT, "accept-encoding": "identity"},
                trace_configs=[_telling_reuse()],
                read_bufsize=READ_BYTES,
                skip_auto_headers=AUTOMATIC_HEADERS,
                auto_decompress=False,
            )
        return self._opened[kind]

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
                return await self._session(is_once=request.is_once, is_foreign=request.is_foreign).request(
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


def _socket(info: aiohttp.AddrInfoType) -> socket.socket:
    """A socket in which the kernel, too, holds little of what slow clients leave unread: else it takes megabytes."""
    one = socket.socket(*info[:3])
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    return one


class _Inward(OSError):
    """An address that only our own network has."""


def _outward(info: aiohttp.AddrInfoType) -> socket.socket:
    """The socket for an address, if it is public. Raises `_Inward`.

    Asked for each address that is about to be connected to, looked up or literal: nothing is resolved again after it.
    """
    host, *_ = info[4]
    if not is_public(str(host)):
        raise _Inward("the result lies at an address that is not public")
    return _socket(info)


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
        with _translated(Kind.GARBLED), _told_of_its_end(self._answer):
            async for chunk in _unpacked(self._answer):
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
        ending.add_done_callback(_taken_note_of)
    return ending


async def _steps(content: aiohttp.StreamReader) -> AsyncIterator[bytes]:
    """What has arrived, in pieces that are small: each is held once more here, and again before the client."""
    while step := await content.read(READ_BYTES):
        yield step


def _unpacked(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """The body as it arrives; inflated where a vendor compresses though we ask it not to."""
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    if packing in {"", "identity"}:
        return _steps(answer.content)
    if packing not in {"gzip", "x-gzip", "deflate"}:
        raise Fault(Kind.GARBLED, "an answer in a compression that nobody asked for")
    return _inflated(_steps(answer.content))


async def _inflated(chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """In bounded steps, and never cut short in silence: aiohttp itself takes half a gzip stream for a whole one."""
    inflate = zlib.decompressobj(wbits=ZLIB_OR_GZIP)
    is_whole = True
    try:
        async for chunk in chunks:
            packed = chunk
            while packed:
                if inflate.eof:  # there may be several, one behind the other
                    inflate = zlib.decompressobj(wbits=ZLIB_OR_GZIP)
                if step := inflate.decompress(packed, INFLATED_BYTES):
                    yield step
                packed = inflate.unconsumed_tail or inflate.unused_data
                is_whole = inflate.eof
    except zlib.error as error:
        raise Fault(Kind.GARBLED, "an answer that is not compressed as it says") from error
    if not is_whole:
        raise Fault(Kind.GARBLED, "a compressed answer that was cut short")


@contextmanager
def _told_of_its_end(answer: aiohttp.ClientResponse) -> Iterator[None]:
    """Let a body fail whose connection has ended before it.

    aiohttp 3.14 closes the connection when a later chunk is no HTTP, forgets the body, and stops the clock of silence:
    who reads it would wait for ever.
    """
    connection, content = answer.connection, answer.content

    def ended(_ending: object) -> None:
        if not content.is_eof() and content.exception() is None:
            content.set_exception(aiohttp.ClientPayloadError("the connection ended in the middle of the answer"))

    if connection is None or connection.protocol is None:
        yield
        return
    ending = connection.protocol.closed
    if ending is None:
        ended(None)
        yield
        return
    ending.remove_done_callback(_taken_note_of)  # once for each connection, which may serve many calls
    ending.add_done_callback(_taken_note_of)
    ending.add_done_callback(ended)
    try:
        yield
    finally:
        ending.remove_done_callback(ended)


def _taken_note_of(ending: asyncio.Future[None]) -> None:
    """How a connection ended that nobody reads from any more: asyncio would log that nobody had asked."""
    if not ending.cancelled():
        ending.exception()


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
        sizes = [len(part) if isinstance(part, bytes) else part.size for part in self._parts]
        self._size = None if None in sizes else sum(size for size in sizes if size)  # without one it goes out chunked

    async def write(self, writer: AbstractStreamWriter) -> None:
        for part in self._parts:
            if isinstance(part, Passing):
                async for piece in part.pieces():
                    await writer.write(piece)
                continue
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
        if isinstance(error.os_error, _Inward):
            raise Fault(Kind.GARBLED, str(error.os_error)) from error
        raise Fault(Kind.CONNECT, f"could not connect: {error.os_error.strerror or error.os_error}") from error
    except (aiohttp.ClientError, OSError) as error:
        said = f": {error}" if isinstance(error, OSError) else ""  # others repeat the vendor's bytes, our key too
        raise Fault(broken, f"the connection broke: {type(error).__name__}{said}") from error
