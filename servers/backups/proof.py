"""What was proven of a recovered instance, as its host said."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from servers.drilling import RowLimit
from servers.sections import Sections


@dataclass(frozen=True, slots=True)
class DatabaseProof:
    """`rows` are those of the `counted` tables; `indexes` were found in order by amcheck, None: it is not installed.

    `statements` are the CREATE and ALTER statements in a dump of its schema.
    """

    name: str
    tables: int
    counted: int
    rows: int
    indexes: int | None
    statements: int


@dataclass(frozen=True, slots=True)
class Counted:
    """A table that has limits. `rows` None: it could not be counted, for `why`."""

    limit: RowLimit
    rows: int | None
    why: str = ""

    @property
    def wrong(self) -> str | None:
        """What is not as it must be, in a few words."""
        name, least, most = self.limit.name, self.limit.least, self.limit.most
        if self.rows is None:
            return f"{name} could not be counted: {self.why or 'no answer'}"
        if self.rows < least:
            return f"{name} has {self.rows} rows, at least {least} are wanted"
        return None if most is None or self.rows <= most else f"{name} has {self.rows} rows, at most {most} are wanted"


@dataclass(frozen=True, slots=True)
class Proof:
    """`broken` has a line for each database that could not be read. `checksum_failures` None: they are off.

    `counted` are the tables that have limits. `beaten_at`: the last heartbeat that came back, by the clock of the
    server that wrote it; None: there was none.
    """

    databases: tuple[DatabaseProof, ...]
    broken: tuple[str, ...]
    checksum_failures: int | None
    counted: tuple[Counted, ...] = ()
    beaten_at: datetime | None = None

    @property
    def holds(self) -> bool:
        return bool(self.databases) and not self.broken and not self.checksum_failures and not self.out_of_limits

    @property
    def out_of_limits(self) -> tuple[str, ...]:
        return tuple(wrong for one in self.counted if (wrong := one.wrong) is not None)


def proof_of(found: Sections, limits: Sequence[RowLimit] = ()) -> Proof:
    """ValueError when it makes no sense."""
    setting, _, failures = (found.one("checksums") or "").partition("|")
    return Proof(
        tuple(_database(line) for line in found.values.get("proved", ())),
        tuple(found.values.get("broken", ())),
        int(failures) if setting == "on" else None,
        _counted(found.values.get("rows", ()), limits),
        _beaten_at(found.one("heartbeat")),
    )


def _counted(lines: Sequence[str], limits: Sequence[RowLimit]) -> tuple[Counted, ...]:
    """A table of which nothing was said was not counted."""
    said = {tuple(line.split("|", 3)[:3]): line.split("|", 3)[3].strip() for line in lines}
    return tuple(_count(limit, said.get((limit.database, limit.schema, limit.table), "")) for limit in limits)


def _count(limit: RowLimit, said: str) -> Counted:
    return Counted(limit, int(said)) if said.isdigit() else Counted(limit, None, said.removeprefix("none "))


def _beaten_at(said: str | None) -> datetime | None:
    return datetime.fromtimestamp(float(said), UTC) if said else None


def _database(line: str) -> DatabaseProof:
    tables, counted, rows, indexes, statements, name = line.split("|", 5)
    checked = None if indexes == "none" else int(indexes)
    return DatabaseProof(name, int(tables), int(counted), int(rows), checked, int(statements))
