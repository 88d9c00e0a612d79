"""A consistent copy of the ledger's file while others write to it, and what a copy holds. All of this blocks."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ledger.audit_chain import verify
from ledger.audit_segments import ledger_id
from ledger.connection import connect, prepare
from ledger.errors import LedgerError, Problem, in_words
from ledger.redact import Redactor

_BUSY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class LedgerEnd:
    """Which ledger it is, and where its audit log ends: the number of records, and the hash of the last one."""

    ledger: str
    records: int
    head: str


def copy_ledger(path: Path, into: Path) -> LedgerEnd:
    """Copy it as it is at one moment, into a new file; writers are not held up. Raises LedgerError.

    SQLite's backup API, all pages in one step: https://www.sqlite.org/backup.html. Unlike VACUUM INTO it leaves row
    numbers, and with them the order of steps, as they are.
    """
    with (
        in_words(path),
        closing(sqlite3.connect(path, timeout=_BUSY_SECONDS)) as source,
        closing(sqlite3.connect(into)) as target,
    ):
        source.backup(target)
    into.chmod(0o600)
    return end_of(into)


def end_of(path: Path) -> LedgerEnd:
    """Read all of a ledger's file, and prove its audit log. Raises LedgerError where something is not as written."""
    with in_words(path):
        prepare(path, create=False)
        db = connect(path, Redactor(), writable=False)
        try:
            found = db.execute("PRAGMA integrity_check(1)").fetchone()[0]
            if found != "ok":
                raise LedgerError(Problem.DAMAGED, f"The ledger {path} is damaged: {found}.")
            seen = verify(db)
            if not seen.ok:
                wrong = f"record {seen.first_bad}: {seen.reason}"
                raise LedgerError(Problem.DAMAGED, f"The audit log in {path} is not whole, {wrong}.")
            return LedgerEnd(ledger_id(db), seen.count, seen.head)
        finally:
            db.close()
