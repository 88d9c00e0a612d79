"""What is promised of a cluster's recovery, and how its drills find out whether that holds. Plain values."""

from dataclasses import dataclass, field

HOUR, MINUTE = 3600.0, 60.0


@dataclass(frozen=True, slots=True)
class Objectives:
    """The most that a recovery may take (`rto`) and lose (`rpo`), and that clients may have to wait for a switchover
    (`outage`). Seconds."""

    rto: float = 1 * HOUR
    rpo: float = 15 * MINUTE
    outage: float = 1 * MINUTE


@dataclass(frozen=True, slots=True)
class RowLimit:
    """How many rows a table must have once it is restored. `most` None: no upper limit."""

    database: str
    schema: str
    table: str
    least: int
    most: int | None = None

    @property
    def name(self) -> str:
        return f"{self.database}.{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class HeartbeatPlace:
    """Where our own row is written, and how often, in seconds."""

    database: str
    every: float


@dataclass(frozen=True, slots=True)
class Drilling:
    """How a cluster's drills are held. `random_every`: of the scheduled restore drills one in so many takes a backup at
    random (0: none). `probe` is libpq's way of the probe client, None: as the traffic targets or the servers have it.
    """

    objectives: Objectives = Objectives()
    rows: tuple[RowLimit, ...] = ()
    random_every: int = 4
    probe: str | None = field(default=None, repr=False)


AS_USUAL = Drilling()
