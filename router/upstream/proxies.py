"""The way out of a network that has only one: an HTTP proxy, by CONNECT.

What lives here: which vendors are asked through it, and how a socket to it becomes one to the vendor (RFC 9110, 9.3.6).
The environment says where it is, as for every program: `HTTPS_PROXY`, `ALL_PROXY`, `NO_PROXY`.
"""

from __future__ import annotations

import asyncio
import socket
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import unquote, urlsplit

from msgspec import Struct

from router.wire.faults import Fault, Kind

__all__ = ["Proxy", "UnusableProxy", "proxy_of", "tunnelled"]

LARGEST_REPLY = 16 * 1024


class UnusableProxy(Exception):
    """The environment names a proxy that cannot be used; the message says which variable, and what was expected."""


class Proxy(Struct, frozen=True):
    """Where it is, what it wants to know of us, and for whom it is not used (as `NO_PROXY` has it)."""

    host: str
    port: int
    authorization: str | None = None
    bypassed: str = ""

    def is_for(self, host: str) -> bool:
        """Whether a host is reached through it."""
        from urllib.request import (  # type: ignore[attr-defined]  # noqa: PLC0415 - heavy; the stubs lack it
            proxy_bypass_environment,
        )

        return not proxy_bypass_environment(host, {"no": self.bypassed})


def proxy_of(environment: Mapping[str, str]) -> Proxy | None:
    """The proxy for `https://` addresses; those in the clear are one's own servers, and asked directly.

    Raises `UnusableProxy`.
    """
    named = ((name, environment.get(name)) for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"))
    variable, url = next(((name, value) for name, value in named if value), (None, None))
    if variable is None or url is None:
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        host, port = parts.hostname, parts.port or 80
    except ValueError:
        host, port = None, 0
    if not host or parts.scheme != "http":
        raise UnusableProxy(f"{variable}: expected the address of an HTTP proxy, such as http://proxy.example:3128")
    authorization = None
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        authorization = f"Basic {b64encode(user.encode()).decode()}"
    return Proxy(host, port, authorization, environment.get("no_proxy") or environment.get("NO_PROXY") or "")


async def tunnelled(own: socket.socket, proxy: Proxy, host: str, port: int) -> None:
    """Make of a socket to the proxy one to a host. Raises `Fault` (CONNECT)."""
    loop = asyncio.get_running_loop()
    place = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {place} HTTP/1.1", f"host: {place}"]
    if proxy.authorization:
        lines.append(f"proxy-authorization: {proxy.authorization}")
    await loop.sock_sendall(own, "\r\n".join([*lines, "", ""]).encode())
    reply = b""
    while b"\r\n\r\n" not in reply:  # nothing comes behind it: the vendor waits for our first word
        part = await loop.sock_recv(own, 1024)
        reply += part
        if not part or len(reply) > LARGEST_REPLY:
            raise Fault(Kind.CONNECT, "the proxy closed the connection, or said too much")
    status = reply.split(b" ", 2)[1:2]
    if not status or not status[0].startswith(b"2"):
        shown = reply.partition(b"\r\n")[0].decode("latin-1")
        raise Fault(Kind.CONNECT, f"the proxy refused: {shown:.100}")
