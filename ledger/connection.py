"""Opens the ledger's file: its mode, its settings, its schema."""

import os
import sqlite3
import time
from pathlib import Path

from sqlite_utils import Database

from ledger.errors import LedgerError, Problem
from ledger.redact import Redactor
from ledger.schema import APPLICATION_ID, MIGRATIONS

BUSY_TIMEOUT = 5.0  # seconds; a write takes milliseconds, so waiting longer means that something is stuck
RETRY_PAUSE = 0.02  # seconds
FILE_MODE = 0o600
DIRECTORY_MODE = 0o700


def prepare(path: Path, *, create: bool) -> None:
    """Makes sure of the file, its mode, WAL and the newest schema. Blocking. Raises LedgerError and sqlite3.Error."""
    _ensure_file(path, create=create)
    conn = _connect(path)
    try:
        _check_identity(conn, path, may_be_empty=create)
        # SQLite gives -wal and -shm the mode of the file itself.
        path.chmod(FILE_MODE)
        _ensure_wal(conn, path)
        _migrate(conn)
    finally:
        conn.close()


def connect(path: Path, redactor: Redactor, *, writable: bool) -> Database:
    """A connection to a prepared ledger. It may move between threads as long as only one uses it at a time."""
    # execute_plugins: what happens to be installed beside us has no business in the ledger.
    db = Database(_connect(path), execute_plugins=False)
    redactor.install(db)
    if not writable:
        db.execute("PRAGMA query_only = ON")
    return db


def _connect(path: Path) -> sqlite3.Connection:
    # isolation_level None: transactions begin and end where ledger.ledger says so, and nowhere else.
    conn = sqlite3.connect(path, timeout=BUSY_TIMEOUT, isolation_level=None, check_same_thread=False)
    conn.execute("PRAGMA foreign_keys = ON")
    conn.execute("PRAGMA synchronous = FULL")
    return conn


def _ensure_file(path: Path, *, create: bool) -> None:
    try:
        if create:
            path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC | (os.O_CREAT if create else 0), FILE_MODE))
    except FileNotFoundError as error:
        raise LedgerError(
            Problem.CANNOT_OPEN, f"There is no ledger at {path}. Check the path, or start the bot once to create it."
        ) from error
    except OSError as error:
        raise LedgerError(
            Problem.CANNOT_OPEN,
            f"The ledger {path} cannot be opened: {error.strerror}. "
            "The path must be a file that this user owns and may write to.",
        ) from error


def _check_identity(conn: sqlite3.Connection, path: Path, *, may_be_empty: bool) -> None:
    application_id = _pragma(conn, "application_id")
    version = _pragma(conn, "user_version")
    empty = not (application_id or version or _has_tables(conn))
    if application_id != APPLICATION_ID and not (empty and may_be_empty):
        raise LedgerError(
            Problem.NOT_A_LEDGER,
            f"{path} is not a ledger (empty, or the database of another program) and was left as it is. "
            "Name another path.",
        )
    if version > len(MIGRATIONS):
        raise LedgerError(
            Problem.TOO_NEW,
            f"The ledger {path} has schema {version}, this Understudy knows up to {len(MIGRATIONS)}. "
            "Start the newer Understudy that wrote it.",
        )


def _ensure_wal(conn: sqlite3.Connection, path: Path) -> None:
    deadline = time.monotonic() + BUSY_TIMEOUT
    while True:
        try:
            mode = conn.execute("PRAGMA journal_mode = WAL").fetchone()[0]
        except sqlite3.OperationalError as error:
            # SQLite does not wait here when another process is changing the mode at the same moment.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(RETRY_PAUSE)
            continue
        if mode == "wal":
            return
        raise LedgerError(
            Problem.CANNOT_OPEN,
            f"The file system of {path} cannot keep a write-ahead log (SQLite stays in {mode} mode). "
            "Put the ledger on a local disk.",
        )


def _migrate(conn: sqlite3.Connection) -> None:
    if _pragma(conn, "user_version") == len(MIGRATIONS):
        return
    conn.execute("BEGIN IMMEDIATE")
    try:
        # Asked again under the lock: another process may have been faster.
        for number in range(_pragma(conn, "user_version"), len(MIGRATIONS)):
            for statement in MIGRATIONS[number]:
                conn.execute(statement)
            conn.execute(f"PRAGMA user_version = {number + 1:d}")
        conn.execute(f"PRAGMA application_id = {APPLICATION_ID:d}")
        conn.execute("COMMIT")
    except BaseException:
        if conn.in_transaction:
            conn.execute("ROLLBACK")
        raise


def _pragma(conn: sqlite3.Connection, name: str) -> int:
    return int(conn.execute(f"PRAGMA {name}").fetchone()[0])


def _has_tables(conn: sqlite3.Connection) -> bool:
    return conn.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None
