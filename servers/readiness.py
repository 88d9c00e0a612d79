"""What only a planned promotion needs to know of a server: settings that must match, and what a stop would cut off.

Asked once for a plan, never by the monitor. PostgreSQL 13 to 18; all of it is open to a member of pg_monitor.
Which settings a standby must have at least as large as its primary:
https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, LiteralString

LONG_SECONDS = 60.0  # a transaction that has been open for longer is named

READINESS: LiteralString = """
SELECT current_setting('wal_level') AS wal_level,
       current_setting('hot_standby') = 'on' AS hot_standby,
       current_setting('max_connections')::int AS max_connections,
       current_setting('max_worker_processes')::int AS max_worker_processes,
       current_setting('max_wal_senders')::int AS max_wal_senders,
       current_setting('max_prepared_transactions')::int AS max_prepared_transactions,
       current_setting('max_locks_per_transaction')::int AS max_locks_per_transaction,
       current_setting('max_replication_slots')::int AS max_replication_slots,
       current_setting('archive_mode') AS archive_mode,
       -- Only whether it is the same elsewhere is needed of a command that may hold credentials.
       encode(sha256(convert_to(current_setting('archive_command'), 'UTF8')), 'hex') AS archive_command,
       current_setting('archive_command') IN ('', '(disabled)') AS archive_command_empty,
       coalesce(current_setting('archive_library', true), '') AS archive_library,
       (SELECT coalesce(jsonb_agg(to_jsonb(backup)), '[]') FROM (
           SELECT coalesce(activity.application_name, '') AS application_name, progress.phase,
                  round(100.0 * backup_streamed / nullif(backup_total, 0))::int AS percent
             FROM pg_stat_progress_basebackup AS progress
             LEFT JOIN pg_stat_activity AS activity USING (pid) ORDER BY pid LIMIT 8) AS backup) AS backups,
       (SELECT coalesce(jsonb_agg(to_jsonb(prepared)), '[]') FROM (
           SELECT gid, database, extract(epoch FROM clock_timestamp() - prepared)::float8 AS age
             FROM pg_prepared_xacts ORDER BY prepared LIMIT 8) AS prepared) AS prepared,
       (SELECT coalesce(jsonb_agg(to_jsonb(open)), '[]') FROM (
           SELECT pid, coalesce(usename, '') AS usename, coalesce(application_name, '') AS application_name,
                  extract(epoch FROM clock_timestamp() - xact_start)::float8 AS age
             FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
              AND xact_start < clock_timestamp() - make_interval(secs => %s)
            ORDER BY xact_start LIMIT 8) AS open) AS transactions
"""

# At least as large on a standby as on its primary, else replay stops.
LIMITS = (
    "max_connections",
    "max_worker_processes",
    "max_wal_senders",
    "max_prepared_transactions",
    "max_locks_per_transaction",
)


class WalLevel(StrEnum):
    """In their order: each writes what the one before it does, and more."""

    MINIMAL = "minimal"
    REPLICA = "replica"
    LOGICAL = "logical"


@dataclass(frozen=True, slots=True)
class BaseBackupRunning:
    """A base backup that is being taken from this server; `percent` is None while its size is not known."""

    application_name: str
    phase: str
    percent: int | None


@dataclass(frozen=True, slots=True)
class PreparedTransaction:
    """A transaction that was prepared (PREPARE TRANSACTION) and waits for its second phase. Age in seconds."""

    gid: str
    database: str
    age: float


@dataclass(frozen=True, slots=True)
class OpenTransaction:
    """A client's transaction that has been open for long. Age in seconds. What it does is not asked."""

    pid: int
    user: str
    application_name: str
    age: float


@dataclass(frozen=True, slots=True)
class Readiness:
    """One server's settings and what is under way there. `archive_command` is a digest, '' where none is set."""

    wal_level: WalLevel
    hot_standby: bool
    limits: Mapping[str, int]
    max_replication_slots: int
    archive_mode: str
    archive_command: str
    archive_library: str
    backups: tuple[BaseBackupRunning, ...]
    prepared: tuple[PreparedTransaction, ...]
    transactions: tuple[OpenTransaction, ...]


@dataclass(frozen=True, slots=True)
class ArchiveTry:
    """Whether a server could archive, as its own host tells. None: not tried, or not known.

    `program`: the first word of its archive_command, as the shell would find it. `directory`: the archive's directory
    took a file there. `tool`: the archiving tool's own check went well.
    """

    program: bool | None
    directory: bool | None
    detail: str
    tool: bool | None = None

    @property
    def fails(self) -> bool:
        return False in (self.program, self.directory, self.tool)

    @property
    def proves(self) -> bool:
        """More was tried than that a program is there."""
        return not self.fails and True in (self.directory, self.tool)


def readiness_of(row: Mapping[str, Any]) -> Readiness:
    """The answer in a row of READINESS. KeyError, TypeError or ValueError for a row that makes no sense."""
    return Readiness(
        wal_level=WalLevel(row["wal_level"]),
        hot_standby=bool(row["hot_standby"]),
        limits={name: int(row[name]) for name in LIMITS},
        max_replication_slots=int(row["max_replication_slots"]),
        archive_mode=str(row["archive_mode"]),
        archive_command="" if row["archive_command_empty"] else str(row["archive_command"]),
        archive_library=str(row["archive_library"]),
        backups=tuple(
            BaseBackupRunning(each["application_name"], each["phase"], each["percent"]) for each in row["backups"]
        ),
        prepared=tuple(PreparedTransaction(each["gid"], each["database"], each["age"]) for each in row["prepared"]),
        transactions=tuple(
            OpenTransaction(each["pid"], each["usename"], each["application_name"], each["age"])
            for each in row["transactions"]
        ),
    )
