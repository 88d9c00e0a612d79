"""An operation with the settings' policy as its approver: the same record, lock and run as one that people approve."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlite_utils import Database

from commands.automatic.pages import policy_name
from commands.document import Document, write_document
from commands.orders import Busy, Ready, open_operation
from commands.records import record_own
from ledger import locks
from ledger.approvals import ApprovalDecision, approve
from ledger.audit import UNDERSTUDY, Actor, AuditEntry, AuditKind, append
from ledger.operations import OperationState, create, transition
from ledger.who import Who

_EXPIRES = timedelta(minutes=5)  # nobody waits for anything: it is approved in the same transaction


@dataclass(frozen=True, slots=True)
class Reason:
    """Why it is done: one line for people, and what met the policy, for the audit log."""

    line: str
    details: Mapping[str, object]


def approve_by_policy(
    db: Database, document: Document, channel: str, reason: Reason, owner: str, now: datetime
) -> Ready:
    """Requested by Understudy, approved by the policy, ready to run under the cluster's lock.

    Raises Busy when another order is open, and LockHeld.
    """
    plan = document.plan
    standing = open_operation(db, plan.cluster)
    if standing is not None:
        raise Busy(standing)
    operation = create(
        db,
        kind=plan.kind,
        cluster=plan.cluster,
        plan=write_document(document),
        plan_hash=plan.hash,
        requester=Who(UNDERSTUDY.id, UNDERSTUDY.name),
        reason=reason.line,
        channel=channel,
        created_at=now,
        expires_at=now + _EXPIRES,
    )
    details = {"operation": operation.id, "order": document.order, "plan_hash": plan.hash, "plan": plan.material()}
    asked = {**details, "risks": list(plan.risks), "reason": reason.line}
    record_own(db, now, AuditKind.APPROVAL_REQUESTED, plan.cluster, channel, asked)
    transition(db, operation.id, OperationState.AWAITING_APPROVAL, at=now)
    policy = Who(f"policy:{plan.cluster}", policy_name(plan.cluster))
    approve(db, operation.id, policy, ApprovalDecision.APPROVED, plan_hash=plan.hash, at=now)
    given = AuditEntry(
        at=now,
        kind=AuditKind.APPROVAL_GIVEN,
        actor=Actor(policy.id, policy.name, UNDERSTUDY.face),
        cluster=plan.cluster,
        place=channel,
        details={**details, "because": reason.details},
    )
    append(db, given)
    fencing = locks.acquire(db, plan.cluster, operation.id, owner, at=now)
    return Ready(transition(db, operation.id, OperationState.APPROVED, at=now), document, fencing)
