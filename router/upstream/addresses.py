"""Where a draft goes: to the vendor itself, or to an address the vendor gave, which has to be one it may give. Pure.

What lives here: the one decision on who gets our key, and which hosts a result may be fetched from: by name before it
is asked for, and by address (`is_public`) when it is connected to.
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from msgspec import Struct

from router.vendors.spec import Vendor
from router.wire.faults import Fault, Kind

__all__ = ["Address", "address_of", "is_public"]

PLAIN_HOST = re.compile(r"[a-z0-9.-]+")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
GLOBAL_UNICAST = IPv6Network("2000::/3")
NAT64 = IPv6Network("64:ff9b::/96")


class Address(Struct, frozen=True):
    """A whole URL; `is_vendors`: it is of the origin that the key belongs to.

    `is_foreign`: it is the vendor's word alone, so that no address of our own network may be behind it.
    """

    url: str
    is_vendors: bool
    is_foreign: bool = False


def address_of(url: str, vendor: Vendor) -> Address:
    """The address of a draft. Raises `Fault` (GARBLED) for one that this vendor may not send us to.

    A result may lie at a host that the vendor file or the table names, by https; a vendor on loopback may keep its
    results on loopback.
    """
    if url.startswith("/") or not vendor.base_url:  # a program of this machine is no address at all
        return Address(vendor.base_url + url, is_vendors=True)
    if not url.startswith(("http://", "https://")):
        raise Fault(Kind.GARBLED, f"the vendor named an address that is none: {url!r:.100}")
    try:
        parts, base = urlsplit(url), urlsplit(vendor.base_url)
        host, is_vendors = parts.hostname or "", _origin(url) == _origin(vendor.base_url)
    except ValueError as error:
        raise Fault(Kind.GARBLED, "the vendor named an address that is none") from error
    is_plain = bool(PLAIN_HOST.fullmatch(host)) and parts.port in (None, 443)
    is_local = host in LOOPBACK and base.hostname in LOOPBACK
    is_named = (
        is_plain and parts.scheme == "https" and any(fnmatchcase(host, pattern) for pattern in vendor.result_hosts)
    )
    if parts.username is not None or not (is_vendors or is_local or is_named):
        raise Fault(
            Kind.GARBLED,
            f"the result lies at {host!r}, which is none of the hosts it may lie at: "
            f"{', '.join(vendor.result_hosts) or 'only the vendor itself'} (result_hosts of the vendor allows more)",
        )
    return Address(url, is_vendors=is_vendors, is_foreign=not (is_vendors or is_local))


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: not of this machine, its network, or nobody's."""
    try:
        ip = _within(ip_address(address))
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        return ip in GLOBAL_UNICAST and ip.is_global
    return ip.is_global and not (ip.is_multicast or ip.is_reserved)


def _within(ip: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address that an IPv6 one leads to, where it is one of those that do."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip in NAT64:
        return IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _origin(url: str) -> tuple[str, str | None, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
