"""What automatic failover remembers of an outage: what was announced, who stopped it, what was started.

At most one outage a cluster is open. Every function works within the caller's transaction.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from ledger.ids import short_id
from ledger.redact import redacted_text
from ledger.times import from_text, from_text_or_none, to_text, to_text_or_none
from ledger.who import Who


class OutageState(StrEnum):
    WATCHED = "watched"  # nothing is announced
    ANNOUNCED = "announced"  # it acts at `acts_at`, unless somebody stops it
    STOPPED = "stopped"  # by a person: nothing automatic until the outage is over
    ACTED = "acted"  # it has started `operation_id`, and does not try twice


@dataclass(frozen=True, slots=True)
class Outage:
    """One outage. `round` counts its announcements. `told` are the reasons against acting that people have read."""

    id: str
    cluster: str
    server: str  # the primary that is down
    opened_at: datetime
    state: OutageState = OutageState.WATCHED
    round: int = 0
    plan_hash: str | None = None
    acts_at: datetime | None = None
    hastened: bool = False
    decided_by: Who | None = None  # who stopped or hastened it
    decided_at: datetime | None = None
    told: frozenset[str] = frozenset()
    operation_id: str | None = None


_COLUMNS = """
    id, cluster, server, opened_at, state, round, plan_hash, acts_at, hastened,
    decided_by_id, decided_by_name, decided_at, told, operation_id
"""
_OPEN = f"SELECT {_COLUMNS} FROM outage WHERE cluster = :cluster AND ended_at IS NULL"  # noqa: S608 - constants only
_GET = f"SELECT {_COLUMNS} FROM outage WHERE id = :id"  # noqa: S608 - constants only
_EXISTS = "SELECT 1 FROM outage WHERE id = :id"
_INSERT = """
    INSERT INTO outage (id, cluster, server, opened_at, state, round, hastened, told)
    VALUES (:id, :cluster, :server, :opened_at, :state, 0, 0, '[]')
"""
_ANNOUNCE = """
    UPDATE outage SET state = :state, round = round + 1, plan_hash = :plan_hash, acts_at = :acts_at, hastened = 0,
                      decided_by_id = NULL, decided_by_name = NULL, decided_at = NULL
    WHERE id = :id
"""
_DECIDE = """
    UPDATE outage SET state = :state, hastened = :hastened, decided_by_id = :by_id, decided_by_name = :by_name,
                      decided_at = :at
    WHERE id = :id
"""
_STATE = "UPDATE outage SET state = :state, operation_id = coalesce(:operation_id, operation_id) WHERE id = :id"
_TELL = "UPDATE outage SET told = :told WHERE id = :id"
_END = "UPDATE outage SET ended_at = :at WHERE id = :id"


def open_outage(db: Database, cluster: str) -> Outage | None:
    """The outage of that cluster that is not over, if there is one."""
    for row in db.query(_OPEN, {"cluster": cluster}):
        return _outage(row)
    return None


def get_outage(db: Database, outage_id: str) -> Outage | None:
    """Over or not."""
    for row in db.query(_GET, {"id": outage_id}):
        return _outage(row)
    return None


def begin_outage(db: Database, cluster: str, server: str, at: datetime) -> Outage:
    outage_id = short_id(lambda candidate: db.execute(_EXISTS, {"id": candidate}).fetchone() is not None, "A")
    state = OutageState.WATCHED.value
    parameters = {"id": outage_id, "cluster": cluster, "server": server, "opened_at": to_text(at), "state": state}
    db.execute(_INSERT, parameters)
    return _again(db, outage_id)


def announce(db: Database, outage: Outage, *, plan_hash: str, acts_at: datetime) -> Outage:
    """A new announcement: nothing that was decided on an earlier one counts for it."""
    parameters = {
        "id": outage.id,
        "state": OutageState.ANNOUNCED.value,
        "plan_hash": plan_hash,
        "acts_at": to_text(acts_at),
    }
    db.execute(_ANNOUNCE, parameters)
    return _again(db, outage.id)


def withdraw(db: Database, outage: Outage) -> Outage:
    db.execute(_STATE, {"id": outage.id, "state": OutageState.WATCHED.value, "operation_id": None})
    return _again(db, outage.id)


def stop(db: Database, outage: Outage, by: Who, at: datetime) -> Outage:
    return _decide(db, outage, OutageState.STOPPED, by, at, hastened=False)


def hasten(db: Database, outage: Outage, by: Who, at: datetime) -> Outage:
    return _decide(db, outage, OutageState.ANNOUNCED, by, at, hastened=True)


def acted(db: Database, outage: Outage, operation_id: str) -> Outage:
    db.execute(_STATE, {"id": outage.id, "state": OutageState.ACTED.value, "operation_id": operation_id})
    return _again(db, outage.id)


def tell(db: Database, outage: Outage, reasons: Iterable[str]) -> Outage:
    """People have read these as well."""
    db.execute(_TELL, {"id": outage.id, "told": json.dumps(sorted({*outage.told, *reasons}))})
    return _again(db, outage.id)


def end_outage(db: Database, outage: Outage, at: datetime) -> None:
    db.execute(_END, {"id": outage.id, "at": to_text(at)})


def _decide(db: Database, outage: Outage, state: OutageState, by: Who, at: datetime, *, hastened: bool) -> Outage:
    parameters = {
        "id": outage.id,
        "state": state.value,
        "hastened": int(hastened),
        "by_id": by.id,
        "by_name": redacted_text(db, by.name),
        "at": to_text_or_none(at),
    }
    db.execute(_DECIDE, parameters)
    return _again(db, outage.id)


def _again(db: Database, outage_id: str) -> Outage:
    for row in db.query(_GET, {"id": outage_id}):
        return _outage(row)
    raise LookupError(f"there is no outage {outage_id}")


def _outage(row: Mapping[str, Any]) -> Outage:
    decided_by = row["decided_by_id"]
    return Outage(
        id=row["id"],
        cluster=row["cluster"],
        server=row["server"],
        opened_at=from_text(row["opened_at"]),
        state=OutageState(row["state"]),
        round=row["round"],
        plan_hash=row["plan_hash"],
        acts_at=from_text_or_none(row["acts_at"]),
        hastened=bool(row["hastened"]),
        decided_by=None if decided_by is None else Who(decided_by, row["decided_by_name"]),
        decided_at=from_text_or_none(row["decided_at"]),
        told=frozenset(json.loads(row["told"])),
        operation_id=row["operation_id"],
    )
