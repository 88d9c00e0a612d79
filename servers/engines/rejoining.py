"""What bringing a server back as a standby needs of an HA engine, and what was seen that decides the way.

A rewind and a copy may take hours: each is a job on the server's host that outlives the connection and the bot, with
its state in a directory beside the data directory (`<data>.understudy`). Whoever asks later finds it there.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from servers.inventory import Server
from servers.lsn import Lsn
from servers.state import ControlData


class Job(StrEnum):
    """What runs by itself on a host."""

    REWIND = "rewind"
    COPY = "copy"


class JobState(StrEnum):
    NONE = "none"  # nothing of that kind was ever begun there
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    GONE = "gone"  # it was begun, and neither runs nor has left a result: its host went down
    ENDED = "ended"  # somebody cancelled the order that it belongs to
    USED = "used"  # a copy that has taken the data directory's place


@dataclass(frozen=True, slots=True)
class JobReport:
    """How a job stands. `key` is what it was begun with, `seconds` how long it ran; `log` has its last lines.

    `copied` and `total` are bytes, where the log tells; `verifying`: it is all copied, and they count what was compared
    with the manifest since.
    """

    state: JobState
    key: str = ""
    seconds: float = 0.0
    copied: int | None = None
    total: int | None = None
    log: str = ""
    verifying: bool = False


@dataclass(frozen=True, slots=True)
class DirectoryFacts:
    """What a host says of a server's data directory, whether it runs or not. Sizes are in bytes.

    `history` is the text of its timeline's history file. `obstacle` says why it cannot be moved aside, where it cannot.
    `end_lsn` is up to where a standby must replay to be consistent (minRecoveryPoint). `based`: it has a backup_label,
    so it was rewound or copied and not started since. `broken`: a pg_rewind broke off in the middle, and only a new
    copy mends it. `restores`: restore_command is set. `archive_seen`: the archive's directory can be read there.
    """

    exists: bool
    running: bool
    control: ControlData | None
    version: str
    data_checksums: bool
    wal_log_hints: bool
    full_page_writes: bool
    end_lsn: Lsn | None
    end_timeline: int
    history: str
    available: int | None
    tablespaces: tuple[str, ...]
    obstacle: str
    restores: bool
    archive_seen: bool
    broken: bool = False
    based: bool = False


@dataclass(frozen=True, slots=True)
class SourceFacts:
    """What a primary says of what is to be copied from it. Sizes are in bytes; `oldest_wal` where it may be told."""

    size: int
    tablespaces: tuple[str, ...]
    oldest_wal: Lsn | None
    free_senders: int
    free_slots: int


@dataclass(frozen=True, slots=True)
class Reach:
    """How a server gets to another one with the replication role, tried from its own host.

    `replication` is whether it may stream and copy, `files` whether it may read files as pg_rewind does; `detail` says
    what went wrong.
    """

    replication: bool
    files: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Moved:
    """A copy in its place; `aside` is where the old directory lies now, or '' where there was none."""

    detail: str
    aside: str


class Rejoining(Protocol):
    """The part of `servers.engines.engine.Engine` that rewinds and copies."""

    async def directory(self, server: Server, archive: str | None = None, *, timeout: float = 5.0) -> DirectoryFacts:
        """Look at its data directory. `archive`: the directory of the WAL archive, if there is one."""
        ...

    async def history(self, server: Server, timeline: int, *, timeout: float = 5.0) -> str:
        """The history file of that timeline, as the server has it; '' for timeline 1."""
        ...

    async def source(self, server: Server, *, timeout: float = 10.0) -> SourceFacts:
        """What a copy of this server would be."""
        ...

    async def reach(self, server: Server, upstream: Server, *, timeout: float = 8.0) -> Reach:
        """Try the way from one server to the other as the replication role."""
        ...

    async def begin_rewind(
        self, server: Server, upstream: Server, key: str, archive: str | None = None, *, timeout: float = 15.0
    ) -> JobReport:
        """Begin pg_rewind on a stopped server, unless it runs already with that key; refused beside another key's."""
        ...

    async def begin_copy(self, server: Server, upstream: Server, key: str, *, timeout: float = 15.0) -> JobReport:
        """Begin pg_basebackup into a new directory beside the data directory, unless it runs or is done already with
        that key. Refused while one with another key runs."""
        ...

    async def end_copy(self, server: Server, key: str, *, timeout: float = 10.0) -> str:
        """End the copy with that key where it runs; nothing is removed. Where what was copied lies, or ''."""
        ...

    async def job(self, server: Server, job: Job, *, timeout: float = 5.0) -> JobReport:
        """How a job stands."""
        ...

    async def use_copy(self, server: Server, aside: str, *, timeout: float = 30.0) -> Moved:
        """Move a stopped server's data directory aside, to the name that ends in `aside`, and the copy into its place.

        Its own configuration files come with it, and standby.signal is in the copy before it is in its place.
        """
        ...

    async def drop_slot(self, server: Server, slot: str, *, timeout: float = 10.0) -> str:
        """Drop a physical slot that nobody streams from: WAL is kept for it no more. What was done, in one line."""
        ...
