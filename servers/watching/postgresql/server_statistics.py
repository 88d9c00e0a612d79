"""What one server's statistics said at one moment, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Session:
    """A session worth naming. Ages in seconds, None where it has no such age; `query` is without literals."""

    pid: int
    user: str
    database: str
    application_name: str
    client_address: str | None
    kind: str  # pg_stat_activity.backend_type
    state: str
    transaction_age: float | None
    state_age: float | None
    query: str

    @property
    def who(self) -> str:
        """“pid 4711 (app@shop, checkout)”."""
        application = f", {self.application_name}" if self.application_name else ""
        named = f"{self.user}@{self.database}" if self.user else self.kind
        return f"pid {self.pid} ({named}{application})"


@dataclass(frozen=True, slots=True)
class Locked:
    """A session that waits for a lock, or one that others wait for. `blocked_by` are pids, 0 a prepared transaction.

    `wait_age` is how long it has waited by pg_locks.waitstart; None before PostgreSQL 14, and for who does not wait.
    """

    session: Session
    blocked_by: tuple[int, ...]
    mode: str
    wait_age: float | None

    @property
    def waits(self) -> bool:
        return bool(self.blocked_by)


@dataclass(frozen=True, slots=True)
class XminHolder:
    """What keeps VACUUM from removing dead rows, and how many transactions ago that began."""

    kind: str
    name: str
    age: int


@dataclass(frozen=True, slots=True)
class PreparedTransaction:
    gid: str
    age: float


@dataclass(frozen=True, slots=True)
class DatabaseAge:
    """How many transaction ids and multixacts ago a database was last frozen as a whole."""

    database: str
    transaction_ids: int
    multixacts: int


@dataclass(frozen=True, slots=True)
class DamagedDatabase:
    """Pages whose checksum did not fit, counted since the statistics were reset; `age` of the last one in seconds."""

    database: str
    failures: int
    age: float | None


@dataclass(frozen=True, slots=True)
class Counters:
    """What only grows, at one moment of the server's clock (Unix seconds).

    `epoch` changes when counting begins anew: with a restart, a reset, a promotion.
    """

    at: float
    epoch: tuple[float | bool | None, ...]
    values: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class ReplicationLink:
    """One walsender's connection. `client_address` None: over a socket of the same host."""

    application_name: str
    client_address: str | None
    encrypted: bool


@dataclass(frozen=True, slots=True)
class ServerStatistics:
    """One answer. `connections` are clients' by state; `settings` those that are compared within the pair."""

    version_number: int
    in_recovery: bool
    sees_everything: bool
    connections: Mapping[str, int]
    waiting: int
    transactions: tuple[Session, ...]
    idle_in_transaction: tuple[Session, ...]
    locked: tuple[Locked, ...]
    xmin_holders: tuple[XminHolder, ...]
    prepared: tuple[PreparedTransaction, ...]
    ages: tuple[DatabaseAge, ...]
    damaged: tuple[DamagedDatabase, ...]
    counters: Counters
    settings: Mapping[str, str]
    pending_restart: tuple[str, ...]
    links: tuple[ReplicationLink, ...]
    databases: tuple[str, ...] = ()
    has_statement_statistics: bool = False
    conflicts: Mapping[str, float] = field(default_factory=dict)
