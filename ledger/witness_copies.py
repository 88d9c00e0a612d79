"""Which signed segments still have to be written outside of this machine. Queued with the segment, in one
transaction; tried again until it is done."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from ledger.audit_segments import Segment, read_segment
from ledger.redact import redacted_text
from ledger.times import from_text, to_text

FIRST_PAUSE = timedelta(seconds=15)
LONGEST_PAUSE = timedelta(minutes=15)

_QUEUE = "INSERT INTO witness_copy (segment, waiting_since) VALUES (:segment, :at)"
_DUE = """
    SELECT s.statement, s.signature, c.tries FROM witness_copy AS c JOIN audit_segment AS s ON s.number = c.segment
    WHERE c.written_at IS NULL AND (c.next_try_at IS NULL OR c.next_try_at <= :now) ORDER BY c.segment LIMIT :limit
"""
_WRITTEN = "UPDATE witness_copy SET written_at = :at, place = :place, last_error = NULL WHERE segment = :segment"
_FAILED = """
    UPDATE witness_copy SET tries = tries + 1, last_error = :error, next_try_at = :next_try_at
    WHERE segment = :segment AND written_at IS NULL
"""
_WAITING = """
    SELECT count(*), min(waiting_since), max(segment) FILTER (WHERE last_error IS NOT NULL),
           sum(last_error IS NOT NULL)
    FROM witness_copy WHERE written_at IS NULL
"""
_ERROR = "SELECT last_error FROM witness_copy WHERE segment = :segment"


@dataclass(frozen=True, slots=True)
class DueCopy:
    """A segment that is to be written now, after so many tries that failed."""

    segment: Segment
    tries: int


@dataclass(frozen=True, slots=True)
class CopiesWaiting:
    """What is not written yet: how many, since when, how many of them failed, and why the newest of those did."""

    count: int = 0
    since: datetime | None = None
    failing: int = 0
    last_error: str | None = None


def queue_copy(db: Database, segment: Segment, at: datetime) -> None:
    db.execute(_QUEUE, {"segment": segment.number, "at": to_text(at)})


def due_copies(db: Database, now: datetime, limit: int = 20) -> list[DueCopy]:
    """The oldest first."""
    rows = db.execute(_DUE, {"now": to_text(now), "limit": limit})
    return [DueCopy(read_segment(statement, signature), tries) for statement, signature, tries in rows]


def copy_written(db: Database, segment: int, place: str, at: datetime) -> None:
    db.execute(_WRITTEN, {"segment": segment, "place": place, "at": to_text(at)})


def copy_failed(db: Database, copy: DueCopy, error: str, at: datetime) -> None:
    """It is tried again later, with pauses that grow."""
    pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(copy.tries, 10))
    parameters = {
        "segment": copy.segment.number,
        "error": redacted_text(db, error),
        "next_try_at": to_text(at + pause),
    }
    db.execute(_FAILED, parameters)


def copies_waiting(db: Database) -> CopiesWaiting:
    count, since, newest, failing = db.execute(_WAITING).fetchone()
    if not count:
        return CopiesWaiting()
    error = db.execute(_ERROR, {"segment": newest}).fetchone() if newest is not None else None
    return CopiesWaiting(count, from_text(since), failing, error[0] if error else None)
