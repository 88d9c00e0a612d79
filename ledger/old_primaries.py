"""Old primaries that failovers left behind: each is guarded until it follows again, or is gone from the settings."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from ledger.times import from_text, to_text


@dataclass(frozen=True, slots=True)
class OldPrimary:
    """`operation_id` is the failover that took its role."""

    operation_id: str
    cluster: str
    server: str
    promoted: str
    since: datetime


_GUARDED = """
    SELECT operation_id, cluster, server, promoted, since FROM old_primary
    WHERE cluster = :cluster AND ended_at IS NULL ORDER BY since
"""
# A promotion that was tried may have happened: what it would have left behind is guarded as well.
_NEW = """
    SELECT o.id AS operation_id, o.cluster AS cluster, json_extract(o.plan, '$.plan.source') AS server,
           json_extract(o.plan, '$.plan.target') AS promoted, min(s.intended_at) AS since
    FROM operation AS o JOIN step AS s ON s.operation_id = o.id AND s.action = 'promote' AND s.direction = 'do'
    WHERE o.kind = 'failover' AND o.cluster = :cluster AND json_extract(o.plan, '$.plan.source') IS NOT NULL
      AND NOT EXISTS (SELECT 1 FROM old_primary AS p WHERE p.operation_id = o.id)
    GROUP BY o.id
"""
_INSERT = """
    INSERT INTO old_primary (operation_id, cluster, server, promoted, since)
    VALUES (:operation_id, :cluster, :server, :promoted, :since)
"""
_END = "UPDATE old_primary SET ended_at = :at, ended_why = :why WHERE operation_id = :operation_id"
_TELL = "UPDATE old_primary SET told = :line WHERE operation_id = :operation_id AND told IS NOT :line"
_LAST_FAILOVER = """
    SELECT max(s.intended_at) AS at FROM operation AS o JOIN step AS s ON s.operation_id = o.id
    WHERE o.cluster = :cluster AND o.kind = 'failover'
"""


def guarded(db: Database, cluster: str) -> list[OldPrimary]:
    """Those that are guarded now, the oldest first."""
    return [_old_primary(row) for row in db.query(_GUARDED, {"cluster": cluster})]


def unguarded(db: Database, cluster: str) -> list[OldPrimary]:
    """Those that failovers have left and nobody guards yet."""
    return [_old_primary(row) for row in db.query(_NEW, {"cluster": cluster})]


def begin_guard(db: Database, old: OldPrimary) -> None:
    parameters = {
        "operation_id": old.operation_id,
        "cluster": old.cluster,
        "server": old.server,
        "promoted": old.promoted,
        "since": to_text(old.since),
    }
    db.execute(_INSERT, parameters)


def end_guard(db: Database, old: OldPrimary, at: datetime, why: str) -> None:
    db.execute(_END, {"operation_id": old.operation_id, "at": to_text(at), "why": why})


def first_told(db: Database, old: OldPrimary, line: str) -> bool:
    """Whether people have not just read this of it; from now on they have."""
    return db.execute(_TELL, {"operation_id": old.operation_id, "line": line}).rowcount == 1


def last_failover_at(db: Database, cluster: str) -> datetime | None:
    """When the last failover of that cluster touched a server."""
    row = db.execute(_LAST_FAILOVER, {"cluster": cluster}).fetchone()
    return None if row is None or row[0] is None else from_text(row[0])


def _old_primary(row: Mapping[str, Any]) -> OldPrimary:
    return OldPrimary(row["operation_id"], row["cluster"], row["server"], row["promoted"], from_text(row["since"]))
