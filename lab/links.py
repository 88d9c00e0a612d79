"""The links of the practice world. Each is one way: who connects, to which server, to which service."""

from dataclasses import dataclass
from enum import StrEnum

from lab.relay import Relay, RelayMode
from lab.relay_flow import Slowness

BOT = "bot"
CLIENTS = "clients"
SERVERS = "servers"  # all other servers, where there are more than one: they reach a server over one link
NETWORK = "127.0.0.1"  # where the bot and the clients come from, and where they reach the servers


class Service(StrEnum):
    SQL = "sql"
    SSH = "ssh"


@dataclass(frozen=True, slots=True)
class Link:
    """From `origin` (the bot, the clients, a server that replicates, or all that do) to a service of a server."""

    origin: str
    server: str
    service: Service

    @property
    def ends(self) -> frozenset[str]:
        return frozenset((self.origin, self.server))

    def __str__(self) -> str:
        return f"{self.origin}-{self.server}:{self.service}"


class Links:
    """All relays of a world, found by what they link."""

    def __init__(self) -> None:
        self._relays: dict[Link, Relay] = {}

    def add(self, link: Link, listen: tuple[str, int], upstream: tuple[str, int], source: str | None = None) -> Relay:
        """Make the relay of a link; it listens from `start` on."""
        relay = Relay(listen, upstream, source)
        self._relays[link] = relay
        return relay

    def start(self) -> None:
        for relay in self._relays.values():
            relay.start()

    def relay(self, origin: str, server: str, service: Service = Service.SQL) -> Relay:
        """The relay of one link; KeyError when there is no such link."""
        return self._relays[Link(origin, server, service)]

    def named(self, target: str) -> list[Relay]:
        """The relays that a target means: `bot-db1` (all between the two, both ways) or `bot-db1:ssh`.

        KeyError when there is none.
        """
        ends, _, service = target.partition(":")
        wanted = frozenset(ends.split("-"))
        found = [
            relay
            for link, relay in self._relays.items()
            if link.ends == wanted and (not service or link.service == service)
        ]
        if not found:
            raise KeyError(target)
        return found

    def targets(self) -> list[str]:
        """What `named` understands."""
        pairs = {"-".join((link.origin, link.server)) for link in self._relays if link.origin in (BOT, CLIENTS)}
        servers = {"-".join(sorted(link.ends)) for link in self._relays if link.origin not in (BOT, CLIENTS)}
        services = {str(link) for link in self._relays if link.origin == BOT}
        return sorted(pairs) + sorted(servers) + sorted(services)

    def set_mode(self, target: str, mode: RelayMode) -> None:
        for relay in self.named(target):
            relay.set_mode(mode)

    def slow(self, target: str, slowness: Slowness | None) -> None:
        for relay in self.named(target):
            relay.slow(slowness)

    def heal(self) -> None:
        """Mend every link."""
        for relay in self._relays.values():
            relay.slow(None)
            if relay.mode is not RelayMode.PASS:
                relay.set_mode(RelayMode.PASS)

    def disturbed(self) -> dict[str, str]:
        """The links that do not simply pass, with what they do instead."""
        return {
            str(link): relay.mode.value if relay.mode is not RelayMode.PASS else "slow"
            for link, relay in self._relays.items()
            if relay.mode is not RelayMode.PASS or relay.slowness is not None
        }

    def look(self, server: str) -> None:
        """A service of a server was started or stopped: take notice at once."""
        for link, relay in self._relays.items():
            if link.server == server:
                relay.look()

    async def close(self) -> None:
        for relay in self._relays.values():
            await relay.close()
