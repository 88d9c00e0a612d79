"""What is known of a host: one value a topic, and where there is none, why."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Generic, TypeVar

from servers.state import Answer

T = TypeVar("T", covariant=True)


@dataclass(frozen=True, slots=True)
class Found(Generic[T]):
    """A topic's value; None: it is not known, and `why` says in one line what stands in the way. `absent`: the host
    has nothing of that kind (no RAID, no Tailscale), which is neither well nor unknown."""

    value: T | None = None
    why: str = "not looked at yet"
    absent: bool = False


@dataclass(frozen=True, slots=True)
class FileSystem:
    """A file system of a local disk. Bytes and inodes; no inodes where it does not count them.

    `full_in` and `inodes_full_in`: seconds until nothing is left at the rate that was seen; infinite where it does not
    fill up, None where too little was seen to tell.
    """

    mount: str
    size: int
    used: int
    available: int
    inodes_used: int = 0
    inodes_available: int = 0
    full_in: float | None = None
    inodes_full_in: float | None = None

    @property
    def used_share(self) -> float:
        total = self.used + self.available
        return self.used / total if total else 0.0

    @property
    def inodes_used_share(self) -> float | None:
        total = self.inodes_used + self.inodes_available
        return self.inodes_used / total if total else None


@dataclass(frozen=True, slots=True)
class Load:
    """Load averages over 1, 5 and 15 minutes, and the processors there are."""

    one: float
    five: float
    fifteen: float
    cores: int


@dataclass(frozen=True, slots=True)
class Memory:
    """In bytes. `total` is what is there for programs: without huge pages, which are given away for good; `available`
    with what ZFS would give back."""

    total: int
    available: int
    swap_total: int
    swap_free: int


@dataclass(frozen=True, slots=True)
class Swapping:
    """Bytes a second since the last look."""

    read: float
    written: float


@dataclass(frozen=True, slots=True)
class Stall:
    """Pressure stall information of one resource: the share of the last minute in which some, or all, of the tasks
    that had something to do waited for it."""

    resource: str  # cpu, memory, io
    some: float
    full: float | None  # None: this kernel does not tell


@dataclass(frozen=True, slots=True)
class Array:
    """A software RAID array. `missing`: members that should be in use and are not. `activity`: what it is doing
    (recovery, resync, check, …) and how far that is, or ''."""

    name: str
    level: str
    missing: int
    faulty: tuple[str, ...] = ()
    inactive: bool = False
    activity: str = ""

    @property
    def degraded(self) -> bool:
        return self.missing > 0 or self.inactive


@dataclass(frozen=True, slots=True)
class Drive:
    """What a drive says of its own health; `passed` None: it does not say, and `why`."""

    name: str
    passed: bool | None
    why: str = ""


@dataclass(frozen=True, slots=True)
class Reboot:
    """Whether the host waits for a reboot: for what, and for how many seconds by now. No reasons: it does not."""

    reasons: tuple[str, ...] = ()
    waits: float = 0.0


class PortReply(StrEnum):
    """What came of a try to connect, from one host to another."""

    OPEN = "open"
    REFUSED = "refused"  # the other host answers that nobody listens there
    SILENT = "no answer"  # dropped on the way, or the other host is off
    FAILED = "failed"  # no route, an unknown name
    UNTRIED = "not tried"


@dataclass(frozen=True, slots=True)
class PortTry:
    """A host's own try of a port elsewhere. `target` is a server's name, or a host as the settings have it.

    `required`: the settings say that it must be open; else it only must not be lost once it was: `was_open`.
    """

    target: str
    port: int
    reply: PortReply
    required: bool
    was_open: bool = False
    what: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Way:
    """The way from a host to another server, over the last looks: packets sent and answered (none where only the time
    of a connection is known), and the median of the round trips, in seconds."""

    target: str
    sent: int
    answered: int
    round_trip: float | None

    @property
    def loss(self) -> float | None:
        return (self.sent - self.answered) / self.sent if self.sent else None


@dataclass(frozen=True, slots=True)
class TailnetPeer:
    """Another server of the cluster, as Tailscale sees it from here. `relay`: what it goes through for want of a direct
    way, or ''; `active`: there was traffic a moment ago, so that this is known."""

    server: str
    online: bool
    active: bool
    relay: str = ""


@dataclass(frozen=True, slots=True)
class Tailnet:
    """A host's Tailscale. `state` is Tailscale's word, "Running" where it is well; `key_left`: seconds until its key
    expires, None: never, or not told."""

    state: str
    key_left: float | None
    peers: tuple[TailnetPeer, ...]


@dataclass(frozen=True, slots=True)
class HostWatch:
    """One host as the slow look saw it. Where `answer` is not ok, every topic is unknown for that reason.

    `oom_kills`: processes that the kernel ended for want of memory within the last hour, as far as we looked on.
    `open_files`: the share of the file handles that the kernel allows. `ways`: one to each other server. `timeouts`:
    how many of the last looks, `looks` in all, got no answer in time; `failures`: how many in a row failed, until now.
    """

    server: str
    answer: Answer
    file_systems: Found[tuple[FileSystem, ...]] = Found()
    load: Found[Load] = Found()
    memory: Found[Memory] = Found()
    swapping: Found[Swapping] = Found()
    stalls: Found[tuple[Stall, ...]] = Found()
    oom_kills: Found[int] = Found()
    open_files: Found[float] = Found()
    arrays: Found[tuple[Array, ...]] = Found()
    drives: Found[tuple[Drive, ...]] = Found()
    reboot: Found[Reboot] = Found()
    failed_units: Found[tuple[str, ...]] = Found()
    synchronised: Found[bool] = Found()
    tailnet: Found[Tailnet] = Found()
    ports: tuple[PortTry, ...] = ()
    ways: tuple[tuple[str, Found[Way]], ...] = ()
    timeouts: int = 0
    looks: int = 0
    failures: int = 0


@dataclass(frozen=True, slots=True)
class HostWatches:
    """The hosts of a cluster, a server each."""

    at: datetime
    hosts: tuple[HostWatch, ...]

    def host(self, server: str) -> HostWatch | None:
        return next((host for host in self.hosts if host.server == server), None)
