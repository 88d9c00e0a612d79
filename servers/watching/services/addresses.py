"""Where a question over the web may lead: what an answer or a name points to inside is not asked.

Who writes the settings chooses the first address; where an answer sends us after that is the answer's choice, and what
a name resolves to is its owner's. So it is looked at for every connection, at the moment it is made: a name that
changes in between gains nothing.
"""

import ipaddress
import socket
from collections.abc import Collection
from enum import IntEnum

from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: the last 32 bits are an IPv4 address
# Where clouds tell machines about themselves beside the link-local address; AWS's and Alibaba's.
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")})


class AddressRefused(OSError):
    """An address that the settings do not allow."""


class Reach(IntEnum):
    """How far inside an address may lie."""

    PUBLIC = 0  # not at all
    PRIVATE = 1  # in the networks of one's own: neither here (loopback), nor link-local or a cloud's metadata service
    ANYWHERE = 2


class Guard:
    """Says which addresses may be asked on behalf of one URL of the settings.

    Its own host and port lead where they were written to lead: an address to itself, a name into private networks too.
    Another port of the same host is no further inside than a private network, another host is not inside at all.
    `allowed`: hosts that may lead anywhere.
    """

    def __init__(self, host: str, port: int, allowed: Collection[str]) -> None:
        self._host = _bare(host)
        self._port = port
        self._allowed = frozenset(_bare(one) for one in allowed)

    def is_own(self, host: str, port: int) -> bool:
        return _bare(host) == self._host and port == self._port

    def reach(self, host: str, port: int) -> Reach:
        bare = _bare(host)
        written = bare == "localhost" or _address(bare) is not None
        if bare in self._allowed or (self.is_own(host, port) and written):
            return Reach.ANYWHERE
        return Reach.PRIVATE if bare == self._host else Reach.PUBLIC

    def check(self, host: str, port: int, addresses: Collection[str]) -> None:
        """Raises AddressRefused where one of these addresses of the host may not be asked."""
        reach = self.reach(host, port)
        if any(inside(address) > reach for address in addresses):
            raise AddressRefused(f"{host} leads inside")

    def check_literal(self, host: str, port: int) -> None:
        """An address in the place of a name is never resolved, so it is looked at here. Raises AddressRefused."""
        if _address(_bare(host)) is not None:
            self.check(host, port, (_bare(host),))


class GuardedResolver(AbstractResolver):
    """Resolves names, and refuses those that lead where the guard lets nobody."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._resolver = ThreadedResolver()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._resolver.resolve(host, port, family)
        self._guard.check(host, port, [one["host"] for one in found])
        return found

    async def close(self) -> None:
        await self._resolver.close()


def inside(address: str) -> Reach:
    """How far inside an address lies, an IPv4 one within an IPv6 one included. What is none is as far as can be.

    https://docs.python.org/3.11/library/ipaddress.html, is_global: by IANA's registries of special addresses.
    """
    ip = _address(address)
    if ip is None:
        return Reach.ANYWHERE
    ip = _embedded(ip) or ip
    here = ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast
    if here or ip in _METADATA or (ip.is_reserved and not ip.is_global):
        return Reach.ANYWHERE
    return Reach.PUBLIC if ip.is_global else Reach.PRIVATE


def _embedded(ip: Ip) -> ipaddress.IPv4Address | None:
    if isinstance(ip, ipaddress.IPv4Address):
        return None
    if ip in _NAT64 or (int(ip) >> 32 == 0 and int(ip) > 1):  # ::a.b.c.d is of old, and still understood
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)


def _address(text: str) -> Ip | None:
    try:
        return ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None


def _bare(host: str) -> str:
    return host.strip("[]").rstrip(".").lower()
