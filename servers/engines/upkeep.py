"""What restart and reload need to know of a server, and to do to it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from servers.inventory import Server

if TYPE_CHECKING:
    from servers.engines.engine import Done


@dataclass(frozen=True, slots=True)
class FileError:
    """A line of a configuration file that the server would not take. `line` is None where it has none."""

    file: str
    line: int | None
    what: str


@dataclass(frozen=True, slots=True)
class Configuration:
    """The configuration files as the server reads them now, in force or not.

    `needs_restart` are settings whose new value waits for a restart; `digest` is over everything that is set.
    """

    errors: tuple[FileError, ...]
    needs_restart: tuple[str, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Transaction:
    """One that has been open for long; `who` is user and application, as they name themselves."""

    pid: int
    who: str
    state: str
    seconds: float


@dataclass(frozen=True, slots=True)
class InUse:
    """Who would be cut off by a restart, but for ourselves. `replicas`: application names of those that stream."""

    sessions: int
    long_transactions: tuple[Transaction, ...]
    base_backups: int
    prepared: int
    replicas: tuple[str, ...]
    synchronous: int


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What a reload changed (a line each, values only where they are no secrets), and what still needs a restart."""

    seconds: float
    changed: tuple[str, ...]
    needs_restart: tuple[str, ...]


class Upkeep(Protocol):
    """Part of `servers.engines.engine.Engine`."""

    async def configuration(self, server: Server, *, timeout: float = 5.0) -> Configuration:
        """What the files say. ActionFailed when they cannot be read."""
        ...

    async def in_use(self, server: Server, *, timeout: float = 5.0) -> InUse:
        """Who uses the server now. ActionFailed when it does not say."""
        ...

    async def reload(self, server: Server, *, timeout: float = 15.0) -> Reloaded:
        """Read the files again, and wait until that has happened."""
        ...

    async def restart(self, server: Server, *, timeout: float = 120.0) -> "Done":
        """A fast stop and a start by the service's own means. ActionFailed says whether it runs, and what to do."""
        ...
