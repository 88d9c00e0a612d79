"""What leads clients to a cluster's primary, and what an order needs of it so that they follow to another one.

Actions may be repeated: one that finds its work already done says so. Time-outs are in seconds and bound the whole
action. What goes wrong is raised as ActionFailed, with what happened and what to do next.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from servers.engines.engine import Done


@dataclass(frozen=True, slots=True)
class Address:
    """A server as clients reach it, which may be another way than the bot's own."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


Addresses = Mapping[str, Address]  # server → address


@dataclass(frozen=True, slots=True)
class Move:
    """Clients are to go from the server `old` to the server `new` of a cluster."""

    cluster: str
    old: str
    new: str

    @property
    def back(self) -> "Move":
        return Move(self.cluster, self.new, self.old)


@dataclass(frozen=True, slots=True)
class Pointing:
    """Where a target leads clients now. `server` is None where that is no server of the cluster, or several.

    `held`: clients wait there and reach nobody. `detail` is what was seen, in one line.
    """

    server: str | None
    detail: str
    held: bool = False


class TrafficTarget(Protocol):
    """One place that leads clients to the primary."""

    @property
    def name(self) -> str:
        """Its name in the settings, unlike any server's of its cluster."""
        ...

    @property
    def identity(self) -> str:
        """`servers.identity.identity` of its settings: what it leads, where it is, and how it is reached."""
        ...

    @property
    def kind(self) -> str:
        """What it is, in the field's words."""
        ...

    @property
    def holding(self) -> str | None:
        """What clients notice while it keeps them from the old primary, as a sentence; None where it cannot."""
        ...

    @property
    def hold_seconds(self) -> float:
        """How long `hold` may take."""
        ...

    @property
    def redirect_seconds(self) -> float:
        """How long `redirect`, `release` and `verify` may take together."""
        ...

    def leads_to(self, server: str) -> str:
        """What it would be pointed at for that server, in a few words: a material fact of the plan."""
        ...

    async def look(self, *, timeout: float) -> Pointing:
        """Where clients are led now, and that everything is there which `redirect` will need."""
        ...

    async def hold(self, move: Move, *, timeout: float) -> Done:
        """Keep clients from `move.old`. Whoever is held must be released, so a hold that fails has released them."""
        ...

    async def redirect(self, move: Move, *, timeout: float) -> Done:
        """Lead clients to `move.new`. Those that are held are still held."""
        ...

    async def release(self, move: Move, *, timeout: float) -> Done:
        """Let clients go on to where they are led now."""
        ...

    async def verify(self, move: Move, *, timeout: float) -> Done:
        """Prove that clients reach `move.new`."""
        ...

    async def undo(self, move: Move, *, timeout: float) -> Done:
        """As it was before: clients reach `move.old`, and nobody is held."""
        ...


@runtime_checkable
class Passable(Protocol):
    """A target through which a connection of our own can be made, as clients make theirs."""

    @property
    def road(self) -> str | None:
        """libpq's conninfo, None where the settings have none. It may hold a password."""
        ...


def server_at(addresses: Addresses, host: str, port: int | None) -> str | None:
    """The server with that address; without a port, the one whose host it is."""
    for name, address in addresses.items():
        if address.host == host and (port is None or address.port == port):
            return name
    return None
