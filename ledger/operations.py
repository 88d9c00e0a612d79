"""Operations: what was ordered and how far it came. A small state machine that survives the process.

Every function works within the caller's transaction and keeps the rules whatever the caller does: which state may
follow which, one decision a person, never the requester's own, no step without the cluster's lock.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from ledger import locks
from ledger.ids import may_be_id, short_id
from ledger.redact import redacted, redacted_text
from ledger.times import from_text, from_text_or_none, to_text
from ledger.who import Who


class OperationState(StrEnum):
    PLANNED = "planned"
    AWAITING_APPROVAL = "awaiting approval"
    APPROVED = "approved"
    RUNNING = "running"
    INTERRUPTED = "interrupted"  # the process ended while it ran; to be looked at, then resumed or ended
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    REJECTED = "rejected"


_S = OperationState

TRANSITIONS: Mapping[OperationState, frozenset[OperationState]] = {
    _S.PLANNED: frozenset({_S.AWAITING_APPROVAL, _S.APPROVED, _S.FAILED, _S.CANCELLED, _S.EXPIRED}),
    _S.AWAITING_APPROVAL: frozenset({_S.APPROVED, _S.REJECTED, _S.FAILED, _S.CANCELLED, _S.EXPIRED}),
    _S.APPROVED: frozenset({_S.RUNNING, _S.FAILED, _S.CANCELLED, _S.EXPIRED}),
    _S.RUNNING: frozenset({_S.SUCCEEDED, _S.FAILED, _S.CANCELLED, _S.INTERRUPTED}),
    _S.INTERRUPTED: frozenset({_S.RUNNING, _S.SUCCEEDED, _S.FAILED, _S.CANCELLED}),
    _S.SUCCEEDED: frozenset(),
    _S.FAILED: frozenset(),
    _S.CANCELLED: frozenset(),
    _S.EXPIRED: frozenset(),
    _S.REJECTED: frozenset(),
}

UNFINISHED = frozenset(state for state, following in TRANSITIONS.items() if following)
FINISHED = frozenset(TRANSITIONS) - UNFINISHED
UNDER_WAY = frozenset({_S.APPROVED, _S.RUNNING, _S.INTERRUPTED})  # approved, and not at its end


class OperationRefused(Exception):
    """The operation does not allow this. The message says why."""


class NoSuchOperation(OperationRefused):
    pass


class IllegalTransition(OperationRefused):
    """`operation` is the operation as it stands."""

    def __init__(self, operation: "Operation", to: OperationState) -> None:
        super().__init__(f"Operation {operation.id} is {operation.state} and cannot become {to}.")
        self.operation = operation
        self.to = to


@dataclass(frozen=True, slots=True)
class Operation:
    """One order from its plan to its end. `plan` and `result` are JSON texts of the caller's; `plan_hash` is what
    approval binds to; `fencing` is the number of the lock it runs under; `cancelled_by` has asked it to stop."""

    id: str
    kind: str
    cluster: str
    plan: str
    plan_hash: str
    requester: Who
    reason: str
    channel: str | None
    created_at: datetime
    expires_at: datetime
    state: OperationState
    fencing: int | None = None
    finished_at: datetime | None = None
    result: str | None = None
    cancelled_by: Who | None = None


_SELECT = """
    SELECT id, kind, cluster, plan, plan_hash, requester_id, requester_name, reason, channel,
           created_at, expires_at, state, fencing, finished_at, result, cancel_id, cancel_name
    FROM operation
"""
_GET = f"{_SELECT} WHERE id = :id"
_EXISTS = "SELECT 1 FROM operation WHERE id = :id"
_LIST = f"""
    {_SELECT}
    WHERE (:cluster IS NULL OR cluster = :cluster)
      AND (:states IS NULL OR state IN (SELECT value FROM json_each(:states)))
    ORDER BY created_at DESC, rowid DESC
    LIMIT :limit
"""  # noqa: S608 - constants only
_INSERT = """
    INSERT INTO operation (id, kind, cluster, plan, plan_hash, requester_id, requester_name, reason, channel,
                           created_at, expires_at, state)
    VALUES (:id, :kind, :cluster, :plan, :plan_hash, :requester_id, :requester_name, :reason, :channel,
            :created_at, :expires_at, :state)
"""
_CANCEL = """
    UPDATE operation SET cancel_id = :id, cancel_name = :name WHERE id = :operation_id AND cancel_id IS NULL
"""
_TRANSITION = """
    UPDATE operation
    SET state = :state, fencing = coalesce(:fencing, fencing), finished_at = :finished_at, result = :result
    WHERE id = :id
"""


def create(
    db: Database,
    *,
    kind: str,
    cluster: str,
    plan: str,
    plan_hash: str,
    requester: Who,
    reason: str,
    channel: str | None,
    created_at: datetime,
    expires_at: datetime,
) -> Operation:
    """A new operation, planned, with an id of its own."""
    operation_id = short_id(lambda candidate: db.execute(_EXISTS, {"id": candidate}).fetchone() is not None)
    parameters = {
        "id": operation_id,
        "kind": kind,
        "cluster": cluster,
        "plan": plan,
        "plan_hash": plan_hash,
        "requester_id": requester.id,
        "requester_name": redacted_text(db, requester.name),
        "reason": redacted_text(db, reason),
        "channel": channel,
        "created_at": to_text(created_at),
        "expires_at": to_text(expires_at),
        "state": OperationState.PLANNED.value,
    }
    db.execute(_INSERT, parameters)
    return get(db, operation_id)


def get(db: Database, operation_id: str) -> Operation:
    """Raises NoSuchOperation."""
    if not may_be_id(operation_id):
        raise NoSuchOperation("That is no operation's id; an id is a few letters and digits, such as 7K3F.")
    for row in db.query(_GET, {"id": operation_id}):
        return _operation(row)
    raise NoSuchOperation(f"There is no operation {operation_id}.")


def list_operations(
    db: Database,
    *,
    cluster: str | None = None,
    states: Iterable[OperationState] | None = None,
    limit: int = 100,
) -> list[Operation]:
    """Newest first. `states=UNFINISHED` gives what is still open."""
    parameters = {
        "cluster": cluster,
        "states": None if states is None else json.dumps([state.value for state in states]),
        "limit": limit,
    }
    return [_operation(row) for row in db.query(_LIST, parameters)]


def transition(
    db: Database,
    operation_id: str,
    to: OperationState,
    *,
    at: datetime,
    fencing: int | None = None,
    result: str | None = None,
) -> Operation:
    """Moves the operation on. To run, it must hold its cluster's lock, and `fencing` is that lock's number.

    `result` is a JSON text. Raises NoSuchOperation, IllegalTransition and locks.LockLost.
    """
    operation = get(db, operation_id)
    if to not in TRANSITIONS[operation.state]:
        raise IllegalTransition(operation, to)
    if to is OperationState.RUNNING:
        locks.check(db, operation.cluster, operation_id, fencing)
    parameters = {
        "id": operation_id,
        "state": to.value,
        "fencing": fencing,
        "finished_at": to_text(at) if to in FINISHED else None,
        "result": operation.result if result is None else json.dumps(redacted(db, json.loads(result))),
    }
    db.execute(_TRANSITION, parameters)
    return get(db, operation_id)


def ask_to_stop(db: Database, operation_id: str, who: Who) -> Operation:
    """Records the wish that an operation which was approved stops before its next step, whoever runs it.

    The first wish stands. Raises NoSuchOperation, and OperationRefused when it is not under way.
    """
    operation = get(db, operation_id)
    if operation.state not in UNDER_WAY:
        raise OperationRefused(f"Operation {operation_id} is {operation.state}; there is nothing to stop.")
    db.execute(_CANCEL, {"operation_id": operation_id, "id": who.id, "name": redacted_text(db, who.name)})
    return get(db, operation_id)


def _operation(row: Mapping[str, Any]) -> Operation:
    return Operation(
        id=row["id"],
        kind=row["kind"],
        cluster=row["cluster"],
        plan=row["plan"],
        plan_hash=row["plan_hash"],
        requester=Who(row["requester_id"], row["requester_name"]),
        reason=row["reason"],
        channel=row["channel"],
        created_at=from_text(row["created_at"]),
        expires_at=from_text(row["expires_at"]),
        state=OperationState(row["state"]),
        fencing=row["fencing"],
        finished_at=from_text_or_none(row["finished_at"]),
        result=row["result"],
        cancelled_by=None if row["cancel_id"] is None else Who(row["cancel_id"], row["cancel_name"]),
    )
