"""Maintenance of a cluster: people are at work on it, so nothing automatic acts and its alerts are marked.

Every function works within the caller's transaction. It ends at its time whether or not anybody has yet said so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from ledger.redact import redacted_text
from ledger.times import from_text, from_text_or_none, to_text
from ledger.who import Who


@dataclass(frozen=True, slots=True)
class Maintenance:
    """One time of maintenance. `ended_at` is when its end was written down; `ended_by` is None when it ran out.

    `channel` is where it was announced.
    """

    id: int
    cluster: str
    by: Who
    reason: str
    channel: str
    since: datetime
    until: datetime
    ended_at: datetime | None = None
    ended_by: Who | None = None


_COLUMNS = "id, cluster, by_id, by_name, reason, channel, since, until, ended_at, ended_by_id, ended_by_name"
_OPEN = f"SELECT {_COLUMNS} FROM maintenance WHERE cluster = :cluster AND ended_at IS NULL"  # noqa: S608 - constants
_ALL_OPEN = f"SELECT {_COLUMNS} FROM maintenance WHERE ended_at IS NULL ORDER BY id"  # noqa: S608 - constants
_LAST = f"SELECT {_COLUMNS} FROM maintenance WHERE cluster = :cluster ORDER BY id DESC LIMIT 1"  # noqa: S608 - constants
_GET = f"SELECT {_COLUMNS} FROM maintenance WHERE id = :id"  # noqa: S608 - constants
_INSERT = f"""
    INSERT INTO maintenance (cluster, by_id, by_name, reason, channel, since, until)
    VALUES (:cluster, :by_id, :by_name, :reason, :channel, :since, :until)
    RETURNING {_COLUMNS}
"""  # noqa: S608 - constants
_END = """
    UPDATE maintenance SET ended_at = :at, ended_by_id = :by_id, ended_by_name = :by_name
    WHERE id = :id AND ended_at IS NULL
"""


def in_maintenance(db: Database, cluster: str, at: datetime) -> Maintenance | None:
    """The maintenance in force for that cluster at that moment, if there is one."""
    open_one = open_maintenance(db, cluster)
    return open_one if open_one is not None and at < open_one.until else None


def open_maintenance(db: Database, cluster: str) -> Maintenance | None:
    """The one whose end is not written down yet; it may have run out."""
    return next((_maintenance(row) for row in db.query(_OPEN, {"cluster": cluster})), None)


def last_maintenance(db: Database, cluster: str) -> Maintenance | None:
    """The newest one, over or not."""
    return next((_maintenance(row) for row in db.query(_LAST, {"cluster": cluster})), None)


def all_in_maintenance(db: Database, at: datetime) -> list[Maintenance]:
    """Those in force at that moment, of every cluster."""
    return [one for one in map(_maintenance, db.query(_ALL_OPEN)) if at < one.until]


def run_out(db: Database, at: datetime) -> list[Maintenance]:
    """Those that are over by that moment, with their end not written down yet."""
    return [one for one in map(_maintenance, db.query(_ALL_OPEN)) if one.until <= at]


def begin(
    db: Database, cluster: str, by: Who, reason: str, *, channel: str, since: datetime, until: datetime
) -> Maintenance:
    """Begins one. The one before it must have ended (a cluster has one at a time; the table holds that)."""
    parameters = {
        "cluster": cluster,
        "by_id": by.id,
        "by_name": redacted_text(db, by.name),
        "reason": redacted_text(db, reason),
        "channel": channel,
        "since": to_text(since),
        "until": to_text(until),
    }
    return next(_maintenance(row) for row in list(db.query(_INSERT, parameters)))


def end(db: Database, maintenance_id: int, by: Who | None, at: datetime) -> Maintenance:
    """Writes its end down; `by` is None when it ran out. One that has ended stays as it is."""
    name = None if by is None else redacted_text(db, by.name)
    parameters = {"id": maintenance_id, "at": to_text(at), "by_id": by.id if by else None, "by_name": name}
    db.execute(_END, parameters)
    return _get(db, maintenance_id)


def _get(db: Database, maintenance_id: int) -> Maintenance:
    return next(_maintenance(row) for row in db.query(_GET, {"id": maintenance_id}))


def _maintenance(row: Mapping[str, Any]) -> Maintenance:
    ended_by = None if row["ended_by_id"] is None else Who(row["ended_by_id"], row["ended_by_name"])
    return Maintenance(
        id=row["id"],
        cluster=row["cluster"],
        by=Who(row["by_id"], row["by_name"]),
        reason=row["reason"],
        channel=row["channel"],
        since=from_text(row["since"]),
        until=from_text(row["until"]),
        ended_at=from_text_or_none(row["ended_at"]),
        ended_by=ended_by,
    )
