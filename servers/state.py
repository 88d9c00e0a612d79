"""The state of a cluster: one immutable value that probes, commands and views all read.

It says what was seen, and for each server how each answer was obtained or why there is none.
What it means is decided in `servers.verdict`, nowhere else.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from servers.lsn import Lsn
from servers.timelines import Stretch
from servers.watching.watched import NOTHING_WATCHED, Watched

if TYPE_CHECKING:
    from servers.backups.archive import ArchiveState
    from servers.backups.filling import Filling
    from servers.backups.partial.state import PartialState
    from servers.patroni_state import PatroniState


class Outcome(StrEnum):
    """How an attempt to get an answer ended."""

    ANSWERED = "answered"
    REFUSED = "refused"  # the host is there, nobody listens
    UNREACHABLE = "unreachable"  # no route, name unknown, connection reset
    TIMED_OUT = "timed out"
    DENIED = "denied"  # wrong password, key or host key, missing right
    STARTING = "starting"  # PostgreSQL says that it is starting up, shutting down or recovering
    FAILED = "failed"  # an answer that makes no sense, or an error of ours
    NOT_ASKED = "not asked"


@dataclass(frozen=True, slots=True)
class Answer:
    """How one answer was obtained: when, in how many seconds, and what was wrong with it, in one line."""

    outcome: Outcome
    at: datetime
    seconds: float
    detail: str = ""

    @property
    def ok(self) -> bool:
        return self.outcome is Outcome.ANSWERED

    @property
    def how(self) -> str:
        """How it ended, in words: “timed out: no answer within 2 s”, “Connection refused”."""
        if not self.detail:
            return str(self.outcome)
        said = self.outcome.value in self.detail.lower()
        return self.detail if said else f"{self.outcome}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Receiver:
    """A standby's pg_stat_wal_receiver row."""

    status: str
    sender_host: str | None
    sender_port: int | None
    slot: str | None
    flushed_lsn: Lsn | None
    last_message_age_seconds: float | None


@dataclass(frozen=True, slots=True)
class Upstream:
    """Where a standby's primary_conninfo leads; the rest of it (a password perhaps) is not kept."""

    host: str
    port: int


@dataclass(frozen=True, slots=True)
class ReplicationRow:
    """A primary's pg_stat_replication row. LSNs are None where the role may not see them."""

    application_name: str
    client_address: str | None
    state: str
    sync_state: str
    sent_lsn: Lsn | None
    write_lsn: Lsn | None
    flush_lsn: Lsn | None
    replay_lsn: Lsn | None
    replay_lag_seconds: float | None
    write_lag_seconds: float | None = None
    flush_lag_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Slot:
    """A pg_replication_slots row."""

    name: str
    active: bool
    restart_lsn: Lsn | None
    wal_status: str | None
    safe_wal_size: int | None


@dataclass(frozen=True, slots=True)
class Archiver:
    """pg_stat_archiver, with ages in seconds by the server's own clock."""

    mode: str
    archived_count: int
    last_archived_wal: str | None
    last_archived_age_seconds: float | None
    failed_count: int
    last_failed_wal: str | None
    last_failed_age_seconds: float | None
    oldest_ready_age_seconds: float | None  # how long the oldest finished segment has waited; None where not known


@dataclass(frozen=True, slots=True)
class SqlFacts:
    """What a server says of itself by SQL."""

    version_number: int
    in_recovery: bool
    timeline: int
    system_identifier: str
    started_at: datetime
    wal_lsn: Lsn | None  # a primary's pg_current_wal_lsn()
    receive_lsn: Lsn | None  # a standby's last received and flushed position
    replay_lsn: Lsn | None
    replay_paused: bool
    last_replayed_transaction_age_seconds: float | None
    receiver: Receiver | None
    replication: tuple[ReplicationRow, ...]
    slots: tuple[Slot, ...]
    archiver: Archiver | None
    connections: int
    max_connections: int
    reserved_connections: int
    sees_everything: bool  # member of pg_monitor (or superuser): without it LSNs and rows are NULL
    synchronous_standby_names: str
    data_checksums: bool
    wal_log_hints: bool
    wal_segment_size: int
    upstream: Upstream | None = None  # None: a primary, or not told
    synchronous_commit: str | None = None  # as this session has it; a role or a database may have another


@dataclass(frozen=True, slots=True)
class ControlData:
    """What pg_controldata says of a data directory, running or not."""

    state: str  # "in production", "shut down", "in archive recovery", "shut down in recovery", …
    system_identifier: str
    timeline: int
    checkpoint_lsn: Lsn
    redo_lsn: Lsn


@dataclass(frozen=True, slots=True)
class DiskUse:
    """One file system, in bytes, as df tells."""

    path: str
    mount: str
    size: int
    used: int
    available: int

    @property
    def used_fraction(self) -> float:
        total = self.used + self.available
        return self.used / total if total else 0.0


class PeerReply(StrEnum):
    """What pg_isready says, tried from another server."""

    ACCEPTING = "accepting connections"
    REJECTING = "rejecting connections"
    NO_RESPONSE = "no response"
    NOT_TRIED = "not tried"


@dataclass(frozen=True, slots=True)
class PeerTry:
    """One server's own TCP try of another."""

    peer: str
    reply: PeerReply


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What a server's host says by SSH."""

    postmaster_pid: int | None  # a live one; None: there is none
    postmaster_stopped: bool  # the process exists and is stopped (SIGSTOP) or in uninterruptible sleep
    standby_signal: bool
    control: ControlData | None
    disks: tuple[DiskUse, ...]
    load: tuple[float, float, float] | None
    clock_offset_seconds: float | None  # the host's clock less ours
    peers: tuple[PeerTry, ...]
    timeline_history: tuple[Stretch, ...] = ()  # by the newest history file in pg_wal; none on a first timeline

    def peer(self, name: str) -> PeerReply:
        return next((tried.reply for tried in self.peers if tried.peer == name), PeerReply.NOT_TRIED)


class Role(StrEnum):
    PRIMARY = "primary"
    STANDBY = "standby"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ServerState:
    """One server as it was seen. `sql` and `host` are None when their answer is not ok.

    `last_role` is what the last successful look by SQL found, and when: it survives the loss of the server.
    `last_wal_lsn` is a primary's position at that look, and `wal_rate` how fast it wrote before, in bytes a second.
    `missed_at` is the first look since then that got no answer by SQL.
    """

    name: str
    sql: SqlFacts | None
    sql_answer: Answer
    host: HostFacts | None
    ssh_answer: Answer
    last_role: Role = Role.UNKNOWN
    last_seen_at: datetime | None = None
    last_wal_lsn: Lsn | None = None
    wal_rate: float | None = None
    missed_at: datetime | None = None

    @property
    def role(self) -> Role:
        """The role that the server itself says it has now; unknown when it says nothing."""
        if self.sql is None:
            return Role.UNKNOWN
        return Role.STANDBY if self.sql.in_recovery else Role.PRIMARY


@dataclass(frozen=True, slots=True)
class WitnessView:
    """What the witness sees of each server from where it stands, or why it does not say."""

    answer: Answer
    tries: tuple[PeerTry, ...]

    def reply(self, name: str) -> PeerReply:
        return next((tried.reply for tried in self.tries if tried.peer == name), PeerReply.NOT_TRIED)


@dataclass(frozen=True, slots=True)
class TargetView:
    """Where a traffic target leads clients, or why it does not say. `server` None: to none of the servers, to several,
    or it cannot tell. `held`: clients wait there."""

    name: str
    kind: str
    answer: Answer
    server: str | None
    held: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class BaseBackup:
    """One base backup that was found. `finished_at` is None for one that is not complete.

    `size` is what it takes where it lies, in bytes. `kind` is "full", "diff" or "incr", and `based_on` the name of the
    backup without which one of the latter two is worth nothing. `repository` is where it lies ("local", "repo2", an
    off-site store). `verified_at`: when it was last read as a whole and agreed with its checksums, where that is known.
    `has_wal`: it brings the WAL from its start to its end itself (pg_basebackup --wal-method=stream or fetch).
    `problem` is what the tool itself found wrong with it (it failed, pages were damaged when they were copied), or ''.
    `ours`: the native tool made it, by the mark that its job leaves beside it; people made any other one by hand.
    """

    name: str
    path: str
    started_at: datetime | None
    finished_at: datetime | None
    size: int
    start_lsn: Lsn | None
    end_lsn: Lsn | None
    timeline: int | None
    kind: str = "full"
    based_on: str | None = None
    repository: str = "local"
    encrypted: bool = False
    verified_at: datetime | None = None
    has_wal: bool = False
    problem: str = ""
    ours: bool = False


@dataclass(frozen=True, slots=True)
class EncryptionKey:
    """A key that backups are encrypted to, as the host's key ring has it. `expires_at` None: never.

    `missing`: it is not there, or nothing can be encrypted to it any more.
    """

    fingerprint: str
    expires_at: datetime | None = None
    missing: bool = False


@dataclass(frozen=True, slots=True)
class OffsiteBackup:
    """A backup that is off site as a whole: its bytes, and what of it is not as it was copied, a line each."""

    name: str
    size: int
    differences: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OffsiteState:
    """The backups that are off site as a whole, by name, or why nothing is known of them.

    `wal_copied_at` is when all archived WAL was last seen to be there; None: not since this process began.
    """

    answer: Answer
    backups: tuple[OffsiteBackup, ...] = ()
    wal_copied_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class BackupState:
    """The base backups (newest first) and the WAL archive, or why nothing is known of them.

    `disks` are the file systems on which they lie, with their `path` there; none for an object store, or not known.
    `offsite` None: the settings name no place off site. `keys` are those that the settings have backups encrypted to.
    """

    answer: Answer
    backups: tuple[BaseBackup, ...]
    archived_segments: int | None
    last_archived_at: datetime | None
    disks: tuple[DiskUse, ...] = ()
    offsite: OffsiteState | None = None
    keys: tuple[EncryptionKey, ...] = ()


@dataclass(frozen=True, slots=True)
class ClusterState:
    """One look at a cluster, gathered in one concurrent pass."""

    cluster: str
    at: datetime
    servers: tuple[ServerState, ...]
    backups: BackupState | None = None
    witness: WitnessView | None = None  # None: there is none, or all is so well that it was not asked
    patroni: "PatroniState | None" = None  # None: Patroni does not run this cluster
    traffic: tuple[
        TargetView, ...
    ] = ()  # as last seen by the monitor; none before it has looked, or where there is none
    archive: "ArchiveState | None" = None  # None: it was not listed yet, or the settings name no backups
    partial: "PartialState | None" = None  # None: not listed yet, or the settings have no dumps or volumes
    filling: "tuple[Filling, ...]" = ()  # how full the backups' file systems were since the start, one entry each
    watched: Watched = NOTHING_WATCHED  # by the slower watches

    def server(self, name: str) -> ServerState:
        """The state of the server of that name; KeyError if there is none."""
        for server in self.servers:
            if server.name == name:
                return server
        raise KeyError(name)
