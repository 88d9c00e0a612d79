"""What was proven of a recovered instance, as its host said."""

from dataclasses import dataclass

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
class Proof:
    """`broken` has a line for each database that could not be read. `checksum_failures` None: they are off."""

    databases: tuple[DatabaseProof, ...]
    broken: tuple[str, ...]
    checksum_failures: int | None

    @property
    def holds(self) -> bool:
        return bool(self.databases) and not self.broken and not self.checksum_failures


def proof_of(found: Sections) -> Proof:
    """ValueError when it makes no sense."""
    setting, _, failures = (found.one("checksums") or "").partition("|")
    return Proof(
        tuple(_database(line) for line in found.values.get("proved", ())),
        tuple(found.values.get("broken", ())),
        int(failures) if setting == "on" else None,
    )


def _database(line: str) -> DatabaseProof:
    tables, counted, rows, indexes, statements, name = line.split("|", 5)
    checked = None if indexes == "none" else int(indexes)
    return DatabaseProof(name, int(tables), int(counted), int(rows), checked, int(statements))
