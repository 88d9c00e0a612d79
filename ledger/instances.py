"""Recovered instances that orders have made beside running servers: where each is, and until when it is kept.

Every function works within the caller's transaction. Nothing is dropped because its time is over: that is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from ledger.times import from_text, from_text_or_none, to_text


@dataclass(frozen=True, slots=True)
class RestoredInstance:
    """`operation` is the order that made it, and its key; `target` is the moment, as people read it."""

    operation: str
    cluster: str
    server: str
    directory: str
    key: str
    target: str
    made_at: datetime
    keep_until: datetime
    dropped_at: datetime | None = None


_COLUMNS = "operation, cluster, server, directory, key, target, made_at, keep_until, dropped_at"
_THERE = f"SELECT {_COLUMNS} FROM restored_instance WHERE dropped_at IS NULL ORDER BY made_at"  # noqa: S608 - constants
_GET = f"SELECT {_COLUMNS} FROM restored_instance WHERE operation = :operation"  # noqa: S608 - constants
_OVERDUE = f"""
    SELECT {_COLUMNS} FROM restored_instance
    WHERE dropped_at IS NULL AND reminded_at IS NULL AND keep_until <= :at
      AND operation NOT IN (SELECT id FROM operation WHERE state IN ('approved', 'running', 'interrupted'))
"""  # noqa: S608 - constants
_REMINDED = "UPDATE restored_instance SET reminded_at = :at WHERE operation = :operation"
_NOTE = """
    INSERT INTO restored_instance (operation, cluster, server, directory, key, target, made_at, keep_until)
    VALUES (:operation, :cluster, :server, :directory, :key, :target, :made_at, :keep_until)
    ON CONFLICT (operation) DO NOTHING
"""
_KEEP = """
    UPDATE restored_instance SET keep_until = :until, reminded_at = NULL
    WHERE operation = :operation AND dropped_at IS NULL
"""
_GONE = "UPDATE restored_instance SET dropped_at = :at WHERE operation = :operation AND dropped_at IS NULL"


def note_instance(db: Database, one: RestoredInstance) -> None:
    """Before anything is made. Again for the same operation changes nothing."""
    db.execute(
        _NOTE,
        {
            "operation": one.operation,
            "cluster": one.cluster,
            "server": one.server,
            "directory": one.directory,
            "key": one.key,
            "target": one.target,
            "made_at": to_text(one.made_at),
            "keep_until": to_text(one.keep_until),
        },
    )


def keep_instance(db: Database, operation: str, until: datetime) -> None:
    db.execute(_KEEP, {"operation": operation, "until": to_text(until)})


def instance_is_gone(db: Database, operation: str, at: datetime) -> None:
    """It was dropped, or has become a server's data directory."""
    db.execute(_GONE, {"operation": operation, "at": to_text(at)})


def instances_overdue(db: Database, at: datetime) -> list[RestoredInstance]:
    """Those that are past their time, whose order has ended, and of which nobody was reminded since."""
    return [_instance(row) for row in db.query(_OVERDUE, {"at": to_text(at)})]


def reminded_of_instance(db: Database, operation: str, at: datetime) -> None:
    db.execute(_REMINDED, {"operation": operation, "at": to_text(at)})


def find_instance(db: Database, operation: str) -> RestoredInstance | None:
    return next((_instance(row) for row in db.query(_GET, {"operation": operation})), None)


def instances_there(db: Database, cluster: str | None = None) -> list[RestoredInstance]:
    """Those that were not dropped, the oldest first."""
    every = (_instance(row) for row in db.query(_THERE))
    return [one for one in every if cluster is None or one.cluster == cluster]


def _instance(row: Mapping[str, Any]) -> RestoredInstance:
    return RestoredInstance(
        row["operation"],
        row["cluster"],
        row["server"],
        row["directory"],
        row["key"],
        row["target"],
        from_text(row["made_at"]),
        from_text(row["keep_until"]),
        from_text_or_none(row["dropped_at"]),
    )
