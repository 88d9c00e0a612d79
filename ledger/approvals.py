"""Decisions of people on an operation that awaits approval: one a person, never the requester's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from ledger.operations import OperationRefused, OperationState, get
from ledger.redact import redacted_text
from ledger.times import from_text, to_text
from ledger.who import Who


class ApprovalDecision(StrEnum):
    APPROVED = "approved"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class Approval:
    """What one person decided. `repeated` tells that it stood already: the later decision changed nothing."""

    operation_id: str
    who: Who
    decision: ApprovalDecision
    at: datetime
    repeated: bool = False


_DECISIONS = """
    SELECT operation_id, person_id, person_name, decision, at FROM approval
    WHERE operation_id = :operation_id
    ORDER BY at, rowid
"""
_INSERT = """
    INSERT INTO approval (operation_id, person_id, person_name, decision, at)
    VALUES (:operation_id, :person_id, :person_name, :decision, :at)
"""


def approve(
    db: Database, operation_id: str, who: Who, decision: ApprovalDecision, *, plan_hash: str, at: datetime
) -> Approval:
    """Records the decision, or gives back the one that this person made before.

    `plan_hash` is that of the plan which the person saw. Whether enough people have approved is the policy's to say.
    Raises OperationRefused: it does not await approval, has expired, is another plan, or is the person's own request.
    """
    operation = get(db, operation_id)
    for earlier in decisions(db, operation_id):
        if earlier.who.id == who.id:
            return Approval(operation_id, earlier.who, earlier.decision, earlier.at, repeated=True)
    if operation.state is not OperationState.AWAITING_APPROVAL:
        raise OperationRefused(f"Operation {operation_id} is {operation.state} and no longer awaits approval.")
    if at >= operation.expires_at:
        raise OperationRefused(f"The time to approve operation {operation_id} is over; ask for it again.")
    if who.id == operation.requester.id:
        raise OperationRefused("The requester is never an approver; somebody else has to decide.")
    if plan_hash != operation.plan_hash:
        raise OperationRefused(f"Operation {operation_id} has another plan than the one you saw; look at it again.")
    parameters = {
        "operation_id": operation_id,
        "person_id": who.id,
        "person_name": redacted_text(db, who.name),
        "decision": decision.value,
        "at": to_text(at),
    }
    db.execute(_INSERT, parameters)
    return Approval(operation_id, who, decision, at)


def decisions(db: Database, operation_id: str) -> list[Approval]:
    """In the order in which they were made."""
    return [_approval(row) for row in db.query(_DECISIONS, {"operation_id": operation_id})]


def _approval(row: Mapping[str, Any]) -> Approval:
    return Approval(
        operation_id=row["operation_id"],
        who=Who(row["person_id"], row["person_name"]),
        decision=ApprovalDecision(row["decision"]),
        at=from_text(row["at"]),
    )
