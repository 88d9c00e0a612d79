"""What goes wrong with the ledger itself: the file, the disk, the schema. Each says what to do next."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path


class Problem(StrEnum):
    """Why the ledger could not do what was asked."""

    BUSY = "busy"
    FULL = "full"
    READ_ONLY = "read-only"
    CANNOT_OPEN = "cannot open"
    NOT_A_LEDGER = "not a ledger"
    TOO_NEW = "too new"
    DAMAGED = "damaged"
    DISK = "disk"
    REFUSED = "refused"
    CLOSED = "closed"
    MISUSED = "misused"


class LedgerError(Exception):
    """The ledger could not do what was asked; nothing of the change was kept.

    The message says what happened and what to do next, `problem` says it to code.
    """

    def __init__(self, problem: Problem, message: str) -> None:
        super().__init__(message)
        self.problem = problem


# Primary result codes (the low byte of the extended ones): https://www.sqlite.org/rescode.html
_BY_CODE: dict[int, tuple[Problem, str]] = {
    sqlite3.SQLITE_BUSY: (
        Problem.BUSY,
        "another process has been writing to it for too long. Try again; if it stays so, look for a second "
        "bot or a backup that holds the file",
    ),
    sqlite3.SQLITE_LOCKED: (Problem.BUSY, "it is locked within this process. Try again"),
    sqlite3.SQLITE_FULL: (Problem.FULL, "its disk is full. Make room there, then try again"),
    sqlite3.SQLITE_READONLY: (
        Problem.READ_ONLY,
        "it cannot be written to. Give this user write access to the file and its directory, "
        "or mount the file system read-write",
    ),
    sqlite3.SQLITE_PERM: (Problem.READ_ONLY, "access was denied. Give this user access to the file and its directory"),
    sqlite3.SQLITE_CANTOPEN: (
        Problem.CANNOT_OPEN,
        "it cannot be opened. Check that the path is a file in an existing directory which this user may write to",
    ),
    sqlite3.SQLITE_NOTADB: (
        Problem.NOT_A_LEDGER,
        "the file is no SQLite database. Name another path, or move that file away",
    ),
    sqlite3.SQLITE_CORRUPT: (
        Problem.DAMAGED,
        "the file is damaged. Keep it, run `understudy audit verify` on a copy, and start on a restored copy",
    ),
    sqlite3.SQLITE_IOERR: (Problem.DISK, "reading or writing its disk failed. Look at the disk and the kernel's log"),
    sqlite3.SQLITE_CONSTRAINT: (Problem.REFUSED, "a rule of the ledger refused the change"),
}


def from_sqlite(error: sqlite3.Error, path: Path) -> LedgerError:
    """The same failure in words, with what to do next."""
    # Errors of the Python driver itself carry no code.
    code = getattr(error, "sqlite_errorcode", None)
    known = _BY_CODE.get(code & 0xFF) if isinstance(code, int) else None
    if known is None:
        return LedgerError(Problem.MISUSED, f"The ledger {path} failed: {error}.")
    problem, words = known
    return LedgerError(problem, f"The ledger {path} failed: {words} (SQLite says: {error}).")


@contextmanager
def in_words(path: Path) -> Iterator[None]:
    """Lets SQLite's errors out as LedgerError."""
    try:
        yield
    except sqlite3.Error as error:
        raise from_sqlite(error, path) from error
