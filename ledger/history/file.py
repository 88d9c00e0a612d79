"""The file of the history: SQLite beside the ledger, not in it.

History is neither audited nor precious: it is written all the time, may be lost in part, and is given up when room is
short. The ledger is the opposite of all that. In a file of its own, history shares neither lock nor log nor fsync with
the records that an order waits for, and its owner may move or delete it without touching them.
"""

import os
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from ledger.connection import BUSY_TIMEOUT, DIRECTORY_MODE, FILE_MODE
from ledger.history.buckets import Bucket, merged
from ledger.history.encoding import decode_frame, encode_frame
from ledger.history.tiers import Tier
from ledger.units import Unit, unit_of

APPLICATION_ID = 0x55536869  # "UShi"
VERSION = 1

_SCHEMA = (
    "PRAGMA auto_vacuum = INCREMENTAL",  # before the first table: what is given up leaves the disk
    "PRAGMA journal_mode = WAL",
    """CREATE TABLE series (
        id INTEGER PRIMARY KEY, cluster TEXT NOT NULL, name TEXT NOT NULL, subject TEXT NOT NULL, unit TEXT NOT NULL,
        last_at INTEGER NOT NULL, UNIQUE (cluster, name, subject)) STRICT""",
    # Ordered by time: each commit appends, instead of touching a page for every cluster.
    """CREATE TABLE frame (
        at INTEGER, cluster TEXT, data BLOB NOT NULL, PRIMARY KEY (at, cluster)) STRICT, WITHOUT ROWID""",
    """CREATE TABLE chunk (
        tier INTEGER NOT NULL, start INTEGER NOT NULL, cluster TEXT NOT NULL, data BLOB NOT NULL,
        UNIQUE (tier, cluster, start)) STRICT""",
    "CREATE TABLE cut (tier INTEGER PRIMARY KEY, before INTEGER NOT NULL) STRICT",
    f"PRAGMA application_id = {APPLICATION_ID}",
    f"PRAGMA user_version = {VERSION}",
)
_SERIES = "SELECT id, name, subject, unit, last_at FROM series WHERE cluster = ? ORDER BY name, subject"
# A value may be measured in another unit since an update: its past is kept under the new one.
_NEW_SERIES = """
    INSERT INTO series (cluster, name, subject, unit, last_at) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (cluster, name, subject) DO UPDATE SET unit = excluded.unit RETURNING id
"""
_SEEN = "UPDATE series SET last_at = max(last_at, ?) WHERE id = ?"
_FORGET = "DELETE FROM series WHERE last_at < ?"
_ADD_FRAME = "INSERT OR IGNORE INTO frame (at, cluster, data) VALUES (?, ?, ?)"
_FRAME = "SELECT data FROM frame WHERE at = ? AND cluster = ?"
_PUT_FRAME = "REPLACE INTO frame (at, cluster, data) VALUES (?, ?, ?)"
_DROP_FRAMES = "DELETE FROM frame WHERE at = ? AND cluster = ?"
_NEXT_FRAME = "SELECT min(at) FROM frame WHERE at >= ?"
_CLUSTERS_AT = "SELECT cluster FROM frame WHERE at = ?"
_CHUNK = "SELECT data FROM chunk WHERE tier = ? AND start = ? AND cluster = ?"
_CHUNKS = "SELECT start, data FROM chunk WHERE tier = ? AND start > ? AND start < ? AND cluster = ? ORDER BY start"
_PUT_CHUNK = """
    INSERT INTO chunk (tier, start, cluster, data) VALUES (?, ?, ?, ?)
    ON CONFLICT (tier, cluster, start) DO UPDATE SET data = excluded.data
"""
_FIRST_CHUNK = "SELECT min(start) FROM chunk WHERE tier = ? AND cluster = ? AND start > ? AND start < ?"
_OLDEST = "SELECT min(start) FROM chunk WHERE tier = ? AND start < ?"
_DROP_CHUNKS = "DELETE FROM chunk WHERE tier = ? AND start <= ?"
_CUT = "INSERT INTO cut (tier, before) VALUES (?, ?) ON CONFLICT (tier) DO UPDATE SET before = excluded.before"
_CUTS = "SELECT tier, before FROM cut"


@dataclass(frozen=True, slots=True)
class SeriesName:
    """One series of a cluster: its number in the file, and when it last had a value (to the hour)."""

    id: int
    name: str
    subject: str
    unit: Unit
    last_at: int


class HistoryFile:
    """A connection. All of it blocks; one thread at a time uses it. Raises sqlite3.Error."""

    def __init__(self, conn: sqlite3.Connection) -> None:
        self._conn = conn

    @classmethod
    def open(cls, path: Path) -> "HistoryFile":
        """To write. A file that is no history of ours is moved aside, and a new one is begun."""
        path.parent.mkdir(mode=DIRECTORY_MODE, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, FILE_MODE))
        try:
            return cls(_prepared(path))
        except sqlite3.DatabaseError as error:
            if isinstance(error, sqlite3.OperationalError):  # busy, full, read-only: nothing is wrong with the file
                raise
        _move_aside(path)
        os.close(os.open(path, os.O_RDWR | os.O_CLOEXEC | os.O_CREAT, FILE_MODE))
        return cls(_prepared(path))

    @classmethod
    def open_to_read(cls, path: Path) -> "HistoryFile":
        return cls(_connect(path, "ro"))

    def close(self) -> None:
        self._conn.close()

    def begin(self) -> None:
        self._conn.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        self._conn.execute("COMMIT")

    def roll_back(self) -> None:
        if self._conn.in_transaction:
            self._conn.execute("ROLLBACK")

    def series(self, cluster: str) -> tuple[SeriesName, ...]:
        rows = self._conn.execute(_SERIES, (cluster,))
        return tuple(SeriesName(number, name, subject, unit_of(unit), at) for number, name, subject, unit, at in rows)

    def add_series(self, cluster: str, name: str, subject: str, unit: str, at: int) -> int:
        return int(self._conn.execute(_NEW_SERIES, (cluster, name, subject, unit, at)).fetchone()[0])

    def saw_series(self, ids: Iterable[int], at: int) -> None:
        self._conn.executemany(_SEEN, ((at, number) for number in ids))

    def forget_series(self, before: int) -> int:
        """Drops the names of those that have had no value since; how many."""
        return self._conn.execute(_FORGET, (before,)).rowcount

    def add_frame(self, cluster: str, at: int, buckets: Mapping[int, Bucket]) -> None:
        """The cluster's buckets that begin at `at`; merged with those that an earlier process left."""
        if self._conn.execute(_ADD_FRAME, (at, cluster, encode_frame(buckets))).rowcount:
            return
        both = decode_frame(self._conn.execute(_FRAME, (at, cluster)).fetchone()[0])
        for series, bucket in buckets.items():
            both[series] = merged(both[series], bucket) if series in both else bucket
        self._conn.execute(_PUT_FRAME, (at, cluster, encode_frame(both)))

    def frames(self, cluster: str, start: int, end: int) -> list[tuple[int, dict[int, Bucket]]]:
        """Those of the cluster that begin in [start, end). Looked up one by one: other clusters' lie between them."""
        found = []
        at = self.next_frame(start)
        while at is not None and at < end:
            row = self._conn.execute(_FRAME, (at, cluster)).fetchone()
            if row is not None:
                found.append((at, decode_frame(row[0])))
            at = self.next_frame(at + 1)
        return found

    def drop_frames(self, cluster: str, starts: Iterable[int]) -> None:
        self._conn.executemany(_DROP_FRAMES, ((at, cluster) for at in starts))

    def next_frame(self, start: int) -> int | None:
        """The first moment, not before `start`, at which any cluster has a frame."""
        found = self._conn.execute(_NEXT_FRAME, (start,)).fetchone()[0]
        return None if found is None else int(found)

    def clusters_at(self, at: int) -> list[str]:
        """The clusters that have a frame which begins then."""
        return [str(row[0]) for row in self._conn.execute(_CLUSTERS_AT, (at,))]

    def chunk(self, tier: Tier, start: int, cluster: str) -> bytes | None:
        row = self._conn.execute(_CHUNK, (tier.number, start, cluster)).fetchone()
        return None if row is None else bytes(row[0])

    def chunks(self, tier: Tier, cluster: str, start: int, end: int) -> list[tuple[int, bytes]]:
        """Those with anything in [start, end), by time."""
        return list(self._conn.execute(_CHUNKS, (tier.number, start - tier.span, end, cluster)))

    def first_chunk(self, tier: Tier, cluster: str, start: int, end: int) -> int | None:
        """The start of the first one with anything in [start, end)."""
        found = self._conn.execute(_FIRST_CHUNK, (tier.number, cluster, start - tier.span, end)).fetchone()[0]
        return None if found is None else int(found)

    def put_chunk(self, tier: Tier, start: int, cluster: str, data: bytes) -> None:
        self._conn.execute(_PUT_CHUNK, (tier.number, start, cluster, data))

    def oldest_chunk(self, tier: Tier, before: int) -> int | None:
        """The start of the oldest one of all clusters that begins before then."""
        found = self._conn.execute(_OLDEST, (tier.number, before)).fetchone()[0]
        return None if found is None else int(found)

    def drop_chunks(self, tier: Tier, up_to: int) -> int:
        """Drops those of all clusters that begin then or earlier; how many."""
        return self._conn.execute(_DROP_CHUNKS, (tier.number, up_to)).rowcount

    def note_cut(self, tier: Tier, before: int) -> None:
        """That everything of the tier before that moment was given up for want of room."""
        self._conn.execute(_CUT, (tier.number, before))

    def cuts(self) -> dict[int, int]:
        """By the tier's number, before which moment it was given up for want of room."""
        return dict(self._conn.execute(_CUTS).fetchall())

    def used_bytes(self) -> int:
        pages, free, size = (
            int(self._conn.execute(f"PRAGMA {name}").fetchone()[0])
            for name in ("page_count", "freelist_count", "page_size")
        )
        return (pages - free) * size

    def give_room_back(self) -> None:
        """Free pages leave the file. Outside of a transaction."""
        self._conn.execute("PRAGMA incremental_vacuum").fetchall()


def _prepared(path: Path) -> sqlite3.Connection:
    conn = _connect(path, "rw")
    try:
        application, version = (
            conn.execute(f"PRAGMA {name}").fetchone()[0] for name in ("application_id", "user_version")
        )
        if (application, version) == (0, 0) and not conn.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
            for statement in _SCHEMA:
                conn.execute(statement)
        elif (application, version) != (APPLICATION_ID, VERSION):
            raise sqlite3.DatabaseError(f"{path} is no history of this version")
        conn.execute("PRAGMA synchronous = NORMAL")  # the last seconds may be lost in a power cut, the file may not
    except BaseException:
        conn.close()
        raise
    return conn


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=BUSY_TIMEOUT,
        isolation_level=None,
        check_same_thread=False,
    )


def _move_aside(path: Path) -> None:
    number = next(number for number in range(1, 10_000) if not path.with_name(f"{path.name}.aside-{number}").exists())
    for suffix in ("", "-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            beside.rename(path.with_name(f"{path.name}.aside-{number}{suffix}"))
