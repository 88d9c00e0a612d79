"""A name: what it resolves to here, and which server of the cluster that is."""

import asyncio
import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field

from servers.state import Outcome
from servers.watching.services.failures import failure, unknown
from servers.watching.services.view import Seen, ServiceDown


@dataclass(frozen=True, slots=True)
class DnsName:
    """`addresses`: what it must resolve to, no more and no less. `servers`, of a name that leads to the primary: each
    server's host as the name leads there, an address or a name. Both may be empty."""

    host: str
    addresses: tuple[str, ...] = ()
    servers: Mapping[str, str] = field(default_factory=dict)
    kind: str = "dns"

    async def look(self, timeout: float) -> Seen:
        found = await self._ask(self.host, timeout)
        problems = _differences(found, self.addresses)
        detail = f"{self.host} resolves to {', '.join(sorted(found))}"
        if not self.servers:
            return Seen(problems, detail=detail)
        known = dict(zip(self.servers, await self._servers(timeout), strict=True))
        led = [server for server, addresses in known.items() if found <= addresses]
        return Seen(problems, leads_to=led[0] if len(led) == 1 else "", detail=detail)

    async def _servers(self, timeout: float) -> list[frozenset[str]]:
        """Where the servers are. A server whose name is not known is nowhere: the name does not lead there."""

        async def where(host: str) -> frozenset[str]:
            try:
                return await self._ask(host, timeout)
            except ServiceDown:
                return frozenset()

        return await asyncio.gather(*(where(host) for host in self.servers.values()))

    async def _ask(self, host: str, timeout: float) -> frozenset[str]:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                found = await loop.getaddrinfo(host, None, type=socket.SOCK_STREAM)
        except TimeoutError:
            raise unknown(f"{host}: no answer from the resolver within {timeout:g} s", Outcome.TIMED_OUT) from None
        except UnicodeError:
            raise ServiceDown(f"{host} is no name") from None
        except OSError as error:
            raise failure(error, host) from None
        return frozenset(str(entry[4][0]) for entry in found)


def _differences(found: frozenset[str], wanted: tuple[str, ...]) -> tuple[str, ...]:
    right = frozenset(str(ipaddress.ip_address(one)) for one in wanted)
    if not right or found == right:
        return ()
    return (f"it resolves to {', '.join(sorted(found))}, not to {', '.join(sorted(right))}",)
