"""What can be broken in the practice world, and mended again: each fault with what it does, in one line."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum

from lab import fault_actions as actions
from lab.builder import World
from lab.errors import FaultNotAvailable, LabError


class FaultKind(StrEnum):
    KILL = "kill"
    FREEZE = "freeze"
    THAW = "thaw"
    STOP = "stop"
    START = "start"
    STOP_SSH = "stop-ssh"
    START_SSH = "start-ssh"
    CUT = "cut"
    DROP = "drop"
    STALL = "stall"
    SLOW = "slow"
    MEND_LINK = "mend-link"
    FILL_DISK = "fill-disk"
    EMPTY_DISK = "empty-disk"
    PAUSE_REPLAY = "pause-replay"
    RESUME_REPLAY = "resume-replay"
    BREAK_ARCHIVE = "break-archive"
    MEND_ARCHIVE = "mend-archive"
    AGE_BACKUPS = "age-backups"
    TAKE_BACKUP = "take-backup"
    HEAL = "heal"


class TargetKind(StrEnum):
    """What a fault is done to."""

    SERVER = "server"
    LINK = "link"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `act` does it to a target and says, in one line, what was done; LabError when it cannot be done."""

    kind: FaultKind
    title: str
    description: str
    target: TargetKind
    act: Callable[[World, str], Awaitable[str]]
    needs_own_disk: bool = False


def catalogue() -> tuple[Fault, ...]:
    """Every fault, in the order in which people want them."""
    return (*_of_programs(), *_of_links(), *_of_disks_and_replay(), *_of_the_cluster())


def _of_programs() -> tuple[Fault, ...]:
    """What becomes of a server's programs."""
    return (
        Fault(
            FaultKind.KILL,
            "kill -9 the postmaster",
            "Kills PostgreSQL's first process; the others end by themselves at once",
            TargetKind.SERVER,
            actions.kill,
        ),
        Fault(
            FaultKind.FREEZE,
            "Freeze PostgreSQL",
            "SIGSTOP for all its processes: connections stay open, nothing answers",
            TargetKind.SERVER,
            actions.freeze,
        ),
        Fault(FaultKind.THAW, "Thaw PostgreSQL", "SIGCONT for all its processes", TargetKind.SERVER, actions.thaw),
        Fault(
            FaultKind.STOP,
            "Stop PostgreSQL",
            "A fast shutdown, as by an administrator",
            TargetKind.SERVER,
            actions.stop,
        ),
        Fault(
            FaultKind.START,
            "Start PostgreSQL",
            "Starts it as what it last was: after a failover, an old primary becomes a second one",
            TargetKind.SERVER,
            actions.start,
        ),
        Fault(
            FaultKind.STOP_SSH,
            "Stop SSH",
            "Ends the SSH server and every connection to it",
            TargetKind.SERVER,
            actions.stop_ssh,
        ),
        Fault(FaultKind.START_SSH, "Start SSH", "Starts the SSH server again", TargetKind.SERVER, actions.start_ssh),
    )


def _of_links() -> tuple[Fault, ...]:
    """What becomes of the ways to a server."""
    return (
        Fault(
            FaultKind.CUT, "Cut a link", "Connections over it are reset, new ones refused", TargetKind.LINK, actions.cut
        ),
        Fault(
            FaultKind.DROP,
            "Lose a link's packets",
            "Connections over it hang, new ones time out",
            TargetKind.LINK,
            actions.drop,
        ),
        Fault(
            FaultKind.STALL,
            "Stall a link",
            "Connections are taken and stay open, nothing passes",
            TargetKind.LINK,
            actions.stall,
        ),
        Fault(FaultKind.SLOW, "Slow a link down", actions.SLOW_TEXT, TargetKind.LINK, actions.slow),
        Fault(
            FaultKind.MEND_LINK, "Mend a link", "Everything passes again at once", TargetKind.LINK, actions.mend_link
        ),
    )


def _of_disks_and_replay() -> tuple[Fault, ...]:
    """What a server cannot do while it runs."""
    return (
        Fault(
            FaultKind.FILL_DISK,
            "Fill the disk",
            actions.FILL_TEXT,
            TargetKind.SERVER,
            actions.fill_disk,
            needs_own_disk=True,
        ),
        Fault(
            FaultKind.EMPTY_DISK,
            "Free the disk",
            "Removes what filled it",
            TargetKind.SERVER,
            actions.empty_disk,
            needs_own_disk=True,
        ),
        Fault(
            FaultKind.PAUSE_REPLAY,
            "Pause replay",
            "The standby receives WAL but applies none",
            TargetKind.SERVER,
            actions.pause,
        ),
        Fault(
            FaultKind.RESUME_REPLAY, "Resume replay", "The standby applies WAL again", TargetKind.SERVER, actions.resume
        ),
    )


def _of_the_cluster() -> tuple[Fault, ...]:
    """The archive, the backups, and the way back from everything."""
    return (
        Fault(
            FaultKind.BREAK_ARCHIVE,
            "Break the WAL archive",
            "Its directory takes no files any more, so that archive_command fails",
            TargetKind.CLUSTER,
            actions.break_archive,
        ),
        Fault(
            FaultKind.MEND_ARCHIVE,
            "Mend the WAL archive",
            "Its directory takes files again",
            TargetKind.CLUSTER,
            actions.mend_archive,
        ),
        Fault(FaultKind.AGE_BACKUPS, "Make the backups old", actions.AGE_TEXT, TargetKind.CLUSTER, actions.age_backups),
        Fault(
            FaultKind.TAKE_BACKUP,
            "Take a base backup",
            "Runs pg_basebackup on this server",
            TargetKind.SERVER,
            actions.backup,
        ),
        Fault(
            FaultKind.HEAL,
            "Heal everything",
            "Mends links, disks, archive, SSH and replay, and starts what is down where that makes no second primary",
            TargetKind.CLUSTER,
            actions.heal,
        ),
    )


class Faults:
    """The faults of one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._catalogue = {fault.kind: fault for fault in catalogue()}

    def all(self) -> tuple[Fault, ...]:
        return tuple(self._catalogue.values())

    def targets(self, fault: Fault) -> list[str]:
        """What a fault can be done to in this world."""
        match fault.target:
            case TargetKind.SERVER:
                return list(self._world.servers)
            case TargetKind.LINK:
                return self._world.links.targets()
            case TargetKind.CLUSTER:
                return [self._world.options.cluster]

    def why_not(self, fault: Fault) -> str | None:
        """Why a fault is not available here; None when it is."""
        if fault.needs_own_disk and not all(server.own_disk for server in self._world.servers.values()):
            return "the servers have no disks of their own here: that needs root, and a lab that was asked for them"
        return None

    async def apply(self, kind: FaultKind | str, target: str = "") -> str:
        """Do it, and say in one line what was done. Where a fault has one target only, it need not be named.

        LabError when there is no such fault or target, or when it cannot be done now; FaultNotAvailable when it cannot
        be done here at all.
        """
        fault = self._named(kind)
        reason = self.why_not(fault)
        if reason is not None:
            raise FaultNotAvailable(f"{fault.title}: {reason}")
        targets = self.targets(fault)
        if not target and len(targets) == 1:
            target = targets[0]
        if target not in targets:
            raise LabError(f"{fault.title} cannot be done to {target!r}; choose {', '.join(targets)}")
        return await fault.act(self._world, target)

    def _named(self, kind: FaultKind | str) -> Fault:
        try:
            return self._catalogue[FaultKind(kind)]
        except ValueError:
            raise LabError(f"there is no fault {kind!r}; there are {', '.join(FaultKind)}") from None
