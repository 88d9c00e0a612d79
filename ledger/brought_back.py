"""A ledger that was brought back from a copy: what it remembers as going on is not, and the audit log says so.

What was under way when the copy was made has gone on without it. Nothing of that may be carried on from here: neither
an order nor its approval; and what waits to be said may have been said already.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlite_utils import Database

from ledger import locks
from ledger.audit import UNDERSTUDY, AuditEntry, AuditKind, append
from ledger.copying import LedgerEnd
from ledger.operations import UNFINISHED, Operation, OperationState, list_operations, transition
from ledger.outbox import uncertain_altogether
from ledger.steps import Direction, StepStatus, step_result, step_under_way
from ledger.times import from_text

LINE = (
    "The ledger was brought back from a copy in which this was open. What became of it is not known, and nothing of "
    "it is carried on: look at the servers."
)
_LAST = """
    SELECT sequence, at, json_extract(entry, '$.details.copy') AS copy,
           json_extract(entry, '$.details.records') AS records
    FROM audit WHERE kind = :kind ORDER BY sequence
"""
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class BroughtBack:
    """The record that says so, when, from which copy, and with which record that one ended."""

    sequence: int
    at: datetime
    copy: str
    records: int


def settle(db: Database, copy: str, end: LedgerEnd, at: datetime, result: str) -> tuple[Operation, ...]:
    """End what the copy has open, within the caller's transaction; which. `result` is the operations', a JSON text."""
    details = {"copy": copy, "records": end.records, "head": end.head}
    append(db, AuditEntry(at, AuditKind.LEDGER_BROUGHT_BACK, UNDERSTUDY, details=details))
    ended = tuple(_end(db, one, at, result) for one in list_operations(db, states=UNFINISHED, limit=_MANY))
    for lock in locks.holders(db):
        locks.release(db, lock.cluster, lock.fencing)
    uncertain_altogether(db)
    return ended


def brought_back(db: Database) -> tuple[BroughtBack, ...]:
    """Every time that this ledger was brought back, oldest first."""
    return tuple(_read(row) for row in db.query(_LAST, {"kind": AuditKind.LEDGER_BROUGHT_BACK.value}))


def _end(db: Database, operation: Operation, at: datetime, result: str) -> Operation:
    left = step_under_way(db, operation.id)
    if left is not None:
        _unknown(db, operation.id, left.index, left.direction, at)
    # One that ran may have ended well: failed is what stands for "look at it", and its line says why.
    running = operation.state in (OperationState.RUNNING, OperationState.INTERRUPTED)
    to = OperationState.FAILED if running else OperationState.EXPIRED
    ended = transition(db, operation.id, to, at=at, result=result)
    details = {"operation": operation.id, "state": to, "detail": LINE}
    append(
        db,
        AuditEntry(
            at, AuditKind.OPERATION_FINISHED, UNDERSTUDY, cluster=operation.cluster, place=operation.channel,
            details=details,
        ),
    )  # fmt: skip
    return ended


def _unknown(db: Database, operation: str, index: int, direction: Direction, at: datetime) -> None:
    nothing = timedelta(0)
    step_result(
        db, operation, index, status=StepStatus.UNKNOWN, at=at, detail=LINE, duration=nothing, direction=direction
    )


def _read(row: Mapping[str, Any]) -> BroughtBack:
    return BroughtBack(int(row["sequence"]), from_text(row["at"]), str(row["copy"]), int(row["records"]))
