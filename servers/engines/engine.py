"""What an order needs an HA engine to do. Each action does one thing and comes back with proof, or raises ActionFailed.

Actions may be repeated: one that finds its work already done proves that and says so.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from servers.engines.rejoining import Rejoining
from servers.engines.replicating import ReplicationSetup
from servers.engines.upkeep import Upkeep
from servers.inventory import Server
from servers.lsn import Lsn
from servers.readiness import ArchiveTry, Readiness
from servers.state import ControlData


class StopMode(StrEnum):
    """pg_ctl's ways to stop. Fast ends sessions and writes a shutdown checkpoint; immediate does not."""

    FAST = "fast"
    IMMEDIATE = "immediate"


@dataclass(frozen=True, slots=True)
class Done:
    """What an action did and saw, in one line; exit status and output where a remote command ran."""

    detail: str
    seconds: float
    exit_status: int | None = None
    output: str = ""


@dataclass(frozen=True, slots=True)
class Stopped(Done):
    """A server that was stopped, with what pg_controldata says of it afterwards, and whether it is marked by now."""

    control: ControlData | None = None
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Promoted(Done):
    """A standby that has become a primary: its new timeline, and a position on it."""

    timeline: int | None = None
    lsn: Lsn | None = None


@dataclass(frozen=True, slots=True)
class FenceProof(Done):
    """What was seen of a server that must not take writes, as its own host tells."""

    postmaster_pid: int | None = None
    processes: tuple[int, ...] = ()  # others that still work in the data directory
    listeners: tuple[str, ...] = ()  # addresses on which somebody listens on its port
    standby_signal: bool = False
    control: ControlData | None = None
    elsewhere: str = ""  # who answers with the same data where the settings lead, from another data directory

    @property
    def holds(self) -> bool:
        """Nothing runs and nothing listens, and the data directory could be read to say so."""
        silent = self.postmaster_pid is None and not self.processes and not self.listeners and not self.elsewhere
        return silent and self.control is not None


class ActionFailed(Exception):
    """An action did not do, or could not prove, what it promised. Says what happened and what to do next."""

    def __init__(self, message: str, *, exit_status: int | None = None, output: str = "") -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.output = output


class Engine(Rejoining, ReplicationSetup, Upkeep, Protocol):
    """What promotes, stops and rebuilds servers. Time-outs are in seconds and bound the whole action."""

    name: str

    async def checkpoint(self, server: Server, *, timeout: float = 60.0) -> Done:
        """Write out what is dirty, so that the stop that follows is short."""
        ...

    async def switch_wal(self, server: Server, *, timeout: float = 10.0) -> str:
        """Finish the segment that a primary writes now, so that it is archived; the name of the last one with WAL.

        https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-BACKUP
        """
        ...

    async def stop(
        self, server: Server, mode: StopMode = StopMode.FAST, *, mark: bool = False, timeout: float = 60.0
    ) -> Stopped:
        """Stop through the service's own means, and wait until no postmaster is left.

        With `mark`, one that has shut down cleanly is marked in the same breath, as by `mark_fenced`; the answer says
        whether it is. Raises ActionFailed after the time-out; nothing is killed here.
        """
        ...

    async def start(self, server: Server, *, timeout: float = 60.0) -> Done:
        """Start the server in the role it had when it was stopped, and wait until it takes connections.

        Takes away the mark of `mark_fenced` where there is one: this undoes a switchover's stop before promotion.
        """
        ...

    async def fence(self, server: Server, *, system: str = "", timeout: float = 10.0) -> FenceProof:
        """Make sure that the server takes no writes: mark it, kill what runs (stopped or hung too), prove it.

        `system`: the system identifier of its data, where it is known. Data of another one is not touched.

        Returns only a proof that holds; raises ActionFailed with what was seen otherwise.
        """
        ...

    async def fence_proof(self, server: Server, *, timeout: float = 5.0) -> FenceProof:
        """Only look. The proof may not hold; ActionFailed only when the host cannot be asked."""
        ...

    async def mark_fenced(self, server: Server, *, timeout: float = 5.0) -> Done:
        """Put standby.signal into a stopped server's data directory: an accidental start comes up read-only."""
        ...

    async def control_data(self, server: Server, *, timeout: float = 5.0) -> ControlData:
        """What pg_controldata says of the server's data directory, running or not."""
        ...

    async def wait_replayed(self, standby: Server, stopped: ControlData, *, timeout: float = 30.0) -> Done:
        """Wait until the standby has replayed the shutdown checkpoint of the stopped primary: nothing is missing.

        Raises ActionFailed at once when `stopped` is not a clean shutdown ("shut down"): it could prove nothing.
        """
        ...

    async def promote(self, standby: Server, *, timeout: float = 60.0) -> Promoted:
        """Promote, and wait until the server says that it is no longer in recovery."""
        ...

    async def verify_write(self, server: Server, note: str, *, timeout: float = 10.0) -> Done:
        """One real, durably committed write that needs no table, with `note` in it."""
        ...

    async def ensure_slot(self, server: Server, slot: str, *, timeout: float = 10.0) -> Done:
        """A physical replication slot of that name on the server, reserving WAL from now on."""
        ...

    async def start_as_standby(self, server: Server, upstream: Server, *, timeout: float = 60.0) -> Done:
        """Start a stopped server as the standby of `upstream`, and wait until it streams on upstream's timeline.

        Uses `upstream.replication` and `server.slot`.
        """
        ...

    async def follow(self, standby: Server, upstream: Server, *, timeout: float = 30.0) -> Done:
        """Point a running standby at the primary `upstream`, and wait until it streams on that one's timeline.

        Makes its slot there. A standby that has WAL from behind the point where that timeline began is left as it was:
        ActionFailed says so. Uses `upstream.replication` and `standby.slot`.
        """
        ...

    async def readiness(self, server: Server, *, timeout: float = 1.0) -> Readiness:
        """Its settings that a switchover must compare, and what is under way there that it would cut off."""
        ...

    async def archive_try(self, server: Server, directory: str | None, *, timeout: float = 5.0) -> ArchiveTry:
        """Whether it could archive: what its archive_command's kind offers for a try is tried, and nothing is archived.

        `directory`: the archive's, as the settings have it.
        """
        ...
