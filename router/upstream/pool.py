"""Connections to vendors: made, kept between requests, and given up in time.

What lives here: names and their addresses, TLS, and who may be connected to. What is said over a connection: `http`.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import ip_address
from time import monotonic

import aiohappyeyeballs
from aiohappyeyeballs import AddrInfoType
from msgspec import Struct

from router.upstream.addresses import is_public
from router.upstream.connection import Connection
from router.upstream.proxies import Proxy, tunnelled
from router.wire.faults import Fault, Kind

__all__ = ["Pool", "Way"]

RECEIVE_BYTES = 256 * 1024  # 2.5 MB a second from a vendor that is 100 ms away
KEPT_S = 15.0
"""How long a connection waits for its next request: servers wait longer."""
NAME_S = 300.0
MOST_NAMES = 1_000
"""Of which addresses are remembered: vendors may keep results at ever new hosts."""
NEXT_ADDRESS_S = 0.25
"""Until the next address of a host is tried beside one that does not answer (RFC 8305)."""


class Way(Struct, frozen=True):
    """Whom a connection leads to. `is_foreign`: as in `Outgoing`."""

    host: str
    port: int
    is_tls: bool = False
    is_foreign: bool = False


class Pool:
    """All connections of a process to vendors; of a way the one that was used last is used next.

    `proxy`: through which those by TLS go. It resolves names itself, so that nobody here sees at which address a result
    lies; but who answers there has to have the certificate of a name that was allowed.
    """

    def __init__(self, proxy: Proxy | None = None) -> None:
        self._proxy = proxy
        self._kept: dict[Way, deque[tuple[float, Connection]]] = {}
        self._open: set[Connection] = set()
        self._names: dict[tuple[str, int], tuple[float, asyncio.Task[Sequence[AddrInfoType]]]] = {}
        self._tls: asyncio.Task[ssl.SSLContext] | None = None
        self._sweep: asyncio.TimerHandle | None = None

    def kept(self, way: Way) -> Connection | None:
        """One that is open and waits, if there is one."""
        waiting = self._kept.get(way)
        while waiting:
            _, connection = waiting.pop()
            if connection.is_open:
                return connection
        return None

    async def new(self, way: Way, connect_s: float, *, is_kept: bool) -> Connection:
        """A connection of its own, kept later or not. Raises `Fault` (CONNECT), or GARBLED for where none may lead."""
        try:
            async with asyncio.timeout(connect_s):
                return await self._connected(way, is_kept=is_kept)
        except TimeoutError as error:
            raise Fault(Kind.CONNECT, "no connection in time") from error
        except (ssl.SSLError, ssl.CertificateError) as error:
            raise Fault(Kind.CONNECT, f"no trusted TLS connection: {error}") from error
        except _Inward as error:
            raise Fault(Kind.GARBLED, str(error)) from error
        except UnicodeError as error:
            raise Fault(Kind.CONNECT, f"not an address: {error}") from error
        except OSError as error:
            raise Fault(Kind.CONNECT, f"could not connect: {error.strerror or error}") from error

    async def close(self) -> None:
        """End every connection."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in tuple(self._open):
            connection.end()
        await asyncio.sleep(0)  # asyncio tells the connections in its next turn

    # ------------------------------------------------------------------ made

    async def _connected(self, way: Way, *, is_kept: bool) -> Connection:
        loop = asyncio.get_running_loop()
        tls = await self._trusted() if way.is_tls else None  # before there is a socket that could be left open
        proxy = self._proxy if self._proxy and way.is_tls and self._proxy.is_for(way.host) else None
        own = await aiohappyeyeballs.start_connection(
            await (self._addresses(proxy.host, proxy.port) if proxy else self._addresses(way.host, way.port)),
            happy_eyeballs_delay=NEXT_ADDRESS_S,
            loop=loop,
            socket_factory=_outward if way.is_foreign and not proxy else _socket,
        )
        if proxy:
            try:
                await tunnelled(own, proxy, way.host, way.port)
            except BaseException:
                own.close()
                raise
        keep: Callable[[Connection], None] = (lambda one: self._keep(way, one)) if is_kept else Connection.end
        _, connection = await loop.create_connection(
            lambda: Connection(loop, keep, self._forget),
            sock=own,
            ssl=tls,
            server_hostname=way.host if way.is_tls else None,
        )
        if connection.is_open:  # else it has been forgotten already
            self._open.add(connection)
        return connection

    async def _addresses(self, host: str, port: int) -> Sequence[AddrInfoType]:
        """Looked up once for all who ask at the same time, and remembered for a while."""
        loop = asyncio.get_running_loop()
        until, looking = self._names.get((host, port), (0.0, None))
        if looking is None or until < loop.time() or (looking.done() and looking.exception()):
            if len(self._names) >= MOST_NAMES:
                self._names.clear()
            looking = loop.create_task(_looked_up(host, port))
            self._names[host, port] = loop.time() + NAME_S, looking
        return await asyncio.shield(looking)

    async def _trusted(self) -> ssl.SSLContext:
        """Made with the first TLS connection, beside the loop: it reads the authorities of the system."""
        if self._tls is None:
            self._tls = asyncio.get_running_loop().create_task(asyncio.to_thread(_tls))
        return await asyncio.shield(self._tls)

    # ------------------------------------------------------------------ kept

    def _keep(self, way: Way, connection: Connection) -> None:
        self._kept.setdefault(way, deque()).append((monotonic(), connection))
        if self._sweep is None:
            self._sweep = asyncio.get_running_loop().call_later(KEPT_S, self._swept)

    def _swept(self) -> None:
        """Give up those that have waited too long, and those that have ended while they waited."""
        oldest = monotonic() - KEPT_S
        for way, waiting in list(self._kept.items()):
            while waiting and (waiting[0][0] <= oldest or not waiting[0][1].is_open):
                waiting.popleft()[1].end()
            if not waiting:
                del self._kept[way]
        again = asyncio.get_running_loop().call_later
        self._sweep = again(KEPT_S / 2, self._swept) if self._kept else None

    def _forget(self, connection: Connection) -> None:
        self._open.discard(connection)


class _Inward(OSError):
    """An address that only our own network has."""


def _socket(info: AddrInfoType) -> socket.socket:
    """A socket in which the kernel, too, holds little of what slow clients leave unread: else it takes megabytes."""
    one = socket.socket(*info[:3])
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BYTES)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return one


def _outward(info: AddrInfoType) -> socket.socket:
    """The socket for an address, if it is public. Raises `_Inward`.

    Asked for each address that is about to be connected to, looked up or literal: nothing is resolved again after it.
    """
    host, *_ = info[4]
    if not is_public(str(host)):
        raise _Inward("the result lies at an address that is not public")
    return _socket(info)


async def _looked_up(host: str, port: int) -> Sequence[AddrInfoType]:
    """The addresses of a name; of an address itself nobody is asked."""
    with suppress(ValueError):
        family = socket.AF_INET6 if ip_address(host).version == 6 else socket.AF_INET
        return [(family, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", (host, port))]
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    if not found:
        raise OSError(f"{host} has no address")
    return found


def _tls() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    return context
