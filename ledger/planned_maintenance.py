"""Maintenance that is planned ahead: what is to begin by itself at its time, unless somebody cancels it before.

Every function works within the caller's transaction.
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
class PlannedMaintenance:
    """`done_at` is when it began, was cancelled, or was found to be past; `cancelled_by` who cancelled it."""

    id: int
    cluster: str
    by: Who
    reason: str
    channel: str
    since: datetime
    until: datetime
    done_at: datetime | None = None
    cancelled_by: Who | None = None


_COLUMNS = "id, cluster, by_id, by_name, reason, channel, since, until, done_at, cancelled_by_id, cancelled_by_name"
_INSERT = f"""
    INSERT INTO planned_maintenance (cluster, by_id, by_name, reason, channel, since, until)
    VALUES (:cluster, :by_id, :by_name, :reason, :channel, :since, :until)
    RETURNING {_COLUMNS}
"""  # noqa: S608 - constants only
_AHEAD = f"""
    SELECT {_COLUMNS} FROM planned_maintenance
    WHERE done_at IS NULL AND (:cluster IS NULL OR cluster = :cluster)
    ORDER BY since, id
"""  # noqa: S608 - constants only
_DONE = f"""
    UPDATE planned_maintenance SET done_at = :at, cancelled_by_id = :by_id, cancelled_by_name = :by_name
    WHERE id = :id AND done_at IS NULL
    RETURNING {_COLUMNS}
"""  # noqa: S608 - constants only


def plan_maintenance(
    db: Database, cluster: str, by: Who, reason: str, *, channel: str, since: datetime, until: datetime
) -> PlannedMaintenance:
    parameters = {
        "cluster": cluster,
        "by_id": by.id,
        "by_name": redacted_text(db, by.name),
        "reason": redacted_text(db, reason),
        "channel": channel,
        "since": to_text(since),
        "until": to_text(until),
    }
    return next(_planned(row) for row in list(db.query(_INSERT, parameters)))


def maintenance_ahead(db: Database, cluster: str | None = None) -> list[PlannedMaintenance]:
    """What is neither begun nor cancelled, the next one first; what is due as well."""
    return [_planned(row) for row in db.query(_AHEAD, {"cluster": cluster})]


def plan_is_done(db: Database, planned_id: int, at: datetime, cancelled_by: Who | None = None) -> None:
    """It has begun, is past, or was cancelled by somebody."""
    parameters = {
        "id": planned_id,
        "at": to_text(at),
        "by_id": cancelled_by and cancelled_by.id,
        "by_name": cancelled_by and redacted_text(db, cancelled_by.name),
    }
    list(db.query(_DONE, parameters))


def _planned(row: Mapping[str, Any]) -> PlannedMaintenance:
    cancelled = None if row["cancelled_by_id"] is None else Who(row["cancelled_by_id"], row["cancelled_by_name"])
    return PlannedMaintenance(
        id=row["id"],
        cluster=row["cluster"],
        by=Who(row["by_id"], row["by_name"]),
        reason=row["reason"],
        channel=row["channel"],
        since=from_text(row["since"]),
        until=from_text(row["until"]),
        done_at=from_text_or_none(row["done_at"]),
        cancelled_by=cancelled,
    )
