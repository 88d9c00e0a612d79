"""The life of an order until it runs: requested, decided on, expired. Each is one transaction of the ledger, and
within it everything is looked at again: two clicks at once, or one delivered twice, end as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from commands.asked import Asked, Decision
from commands.authority import (
    Decided,
    Human,
    Ruling,
    approvals_count,
    human,
    is_approver,
    may_approve,
    may_cancel,
    may_here,
    may_reject,
)
from commands.document import Document, read_document, write_document
from commands.governing import governed_by
from commands.operation_page import card, write_conclusion
from commands.people import Person
from commands.plan import Conclusion, Plan
from commands.plan_page import checks_page
from commands.policies import OrderPolicy, Policies, binding, policy_for
from commands.records import card_key, checks_key, record, record_own, show
from ledger import locks
from ledger.approvals import Approval, ApprovalDecision, approve, decisions
from ledger.audit import AuditKind
from ledger.operations import (
    Operation,
    OperationState,
    create,
    get,
    list_operations,
    transition,
)
from ledger.page import Mention, Moment, Span
from ledger.who import Who

# What stands in the way of another order for the same cluster.
OPEN = (
    OperationState.PLANNED,
    OperationState.AWAITING_APPROVAL,
    OperationState.APPROVED,
    OperationState.RUNNING,
)


@dataclass(frozen=True, slots=True)
class Refused:
    """Nothing was changed but the audit log. `spans` say why and what to do next."""

    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Counted:
    """An approval was recorded; so many are still needed. `void`: whose earlier approvals count no more."""

    operation: Operation
    missing: int
    void: tuple[Who, ...] = ()


@dataclass(frozen=True, slots=True)
class Ready:
    """The last approval was recorded and the cluster is locked: the operation starts now."""

    operation: Operation
    document: Document
    fencing: int


@dataclass(frozen=True, slots=True)
class Ended:
    """The operation was rejected or cancelled, or had expired."""

    operation: Operation


Outcome = Refused | Counted | Ready | Ended


class Busy(Exception):
    """Another order for the cluster is open."""

    def __init__(self, operation: Operation) -> None:
        super().__init__(
            f"Operation {operation.id} ({operation.kind} of {operation.cluster}) {_STANDS[operation.state]}."
        )
        self.operation = operation


class Overtaken(Exception):
    """Somebody decided between the look-up of people and this transaction: look them up as well, and come again."""


@dataclass(frozen=True, slots=True)
class Click:
    """A decision that a person takes, with what was looked up for it just now.

    `people` tells, by id, who they are at this moment who have had their say so far, the requester among them.
    """

    asked: Asked
    person: Person
    operation_id: str
    decision: Decision
    people: Mapping[str, Person]
    now: datetime


def open_operation(db: Database, cluster: str, *, but: str | None = None) -> Operation | None:
    """The order of that cluster that stands in another's way; `but` is the id of one that does not count.

    One that was interrupted and goes on with the next start still holds the cluster.
    """
    waiting = list_operations(db, cluster=cluster, states=OPEN, limit=2)
    lock = locks.holder(db, cluster)
    held = (get(db, lock.operation_id),) if lock is not None else ()
    return next((one for one in (*waiting, *held) if one.id != but), None)


def request(
    db: Database, asked: Asked, document: Document, policy: OrderPolicy, reason: str, channel: str, now: datetime
) -> Operation:
    """Creates the operation and asks for approval in the channel. Raises Busy, and Repeated for a second delivery."""
    operation = plan_operation(db, asked, document, policy, reason, channel, now)
    needed = policy.needed(risky=bool(document.plan.risks))
    details = {"approvals_needed": needed, "expires_at": operation.expires_at}
    record_request(db, asked, AuditKind.APPROVAL_REQUESTED, operation, document, details)
    operation = transition(db, operation.id, OperationState.AWAITING_APPROVAL, at=now)
    show_card(db, operation, document, policy, now)
    show_checks(db, operation, document.plan, now)
    return operation


def plan_operation(
    db: Database, asked: Asked, document: Document, policy: OrderPolicy, reason: str, channel: str, now: datetime
) -> Operation:
    """The operation as it is asked for. `record_request` belongs to the same transaction."""
    plan = document.plan
    return create(
        db,
        kind=plan.kind,
        cluster=plan.cluster,
        plan=write_document(document),
        plan_hash=plan.hash,
        requester=Who(asked.person_id, asked.person_name),
        reason=reason,
        channel=channel,
        created_at=now,
        expires_at=now + policy.expires,
    )


def record_request(
    db: Database,
    asked: Asked,
    kind: AuditKind,
    operation: Operation,
    document: Document,
    own_details: Mapping[str, object],
) -> None:
    """Records what was asked for and on what terms. Raises Busy, and Repeated for a second delivery."""
    plan = document.plan
    details = {
        "operation": operation.id,
        "order": document.order,
        "plan_hash": plan.hash,
        "plan": plan.material(),
        "risks": list(plan.risks),
        "reason": operation.reason,
        **own_details,
    }
    # The record first: a second delivery is found before it meets the operation of the first one.
    record(db, asked, "submit", kind, plan.cluster, details)
    standing = open_operation(db, plan.cluster, but=operation.id)
    if standing is not None:
        raise Busy(standing)


def decide(db: Database, click: Click, policies: Policies, owner: str) -> Outcome:
    """Takes the decision, or refuses it. Raises NoSuchOperation, Overtaken, and Repeated for a second delivery."""
    operation = get(db, click.operation_id)
    document = read_document(operation.plan)
    if operation.state is OperationState.AWAITING_APPROVAL and click.now >= operation.expires_at:
        return _found_expired(db, click, operation, document, policies)
    if operation.state is not OperationState.AWAITING_APPROVAL:
        return _refuse(db, click, operation, _who_was_first(operation, decisions(db, operation.id)))
    taken = decisions(db, operation.id)
    if not {one.who.id for one in taken} <= {click.person.id, *click.people}:
        raise Overtaken
    earlier = next((one for one in taken if one.who.id == click.person.id), None)
    if earlier is not None and click.decision is Decision.APPROVE:
        return _refuse(db, click, operation, _decided_before(earlier))
    ruling = _rule(click, operation, document, policies, taken)
    if not ruling.allowed:
        return _refuse(db, click, operation, (ruling.line,))
    if click.decision is Decision.APPROVE:
        return _approve(db, click, operation, document, policies, owner)
    return _end(db, click, operation, document, policies)


def expire(db: Database, policies: Policies, now: datetime) -> list[Operation]:
    """Ends what waited for approval too long; says so in the audit log and on the cards."""
    return [_expire(db, operation, policies, now) for operation in late(db, now)]


def late(db: Database, now: datetime) -> list[Operation]:
    """What has waited for approval too long."""
    waiting = list_operations(db, states=(OperationState.AWAITING_APPROVAL,))
    return [operation for operation in waiting if now >= operation.expires_at]


def terms(policies: Policies, document: Document, at: datetime) -> OrderPolicy | None:
    """What a decision on it must meet at that moment: the policy then in force, and what was promised when it was asked
    for."""
    governing = governed_by(document.order, document.words)
    return binding(document.promised, policy_for(policies, governing, document.plan.cluster, at))


def show_card(
    db: Database,
    operation: Operation,
    document: Document,
    policy: OrderPolicy | None,
    now: datetime,
    *,
    cancellable: bool = False,
) -> None:
    """Puts the operation's card, as the operation is now, in line for its channel."""
    if operation.channel is not None:
        page = card(operation, document, policy, decisions(db, operation.id), cancellable=cancellable)
        show(db, now, operation.channel, card_key(operation.id), page)


def show_checks(db: Database, operation: Operation, plan: Plan, now: datetime) -> None:
    """Every check with what was seen, in the thread of the operation's card."""
    if operation.channel is not None and plan.checks:
        card_of = card_key(operation.id)
        show(db, now, operation.channel, checks_key(operation.id), checks_page(plan), card_of)


def _rule(
    click: Click, operation: Operation, document: Document, policies: Policies, taken: Sequence[Approval]
) -> Ruling:
    requester = requester_of(click.people, operation, document)
    policy = terms(policies, document, click.now)
    if click.decision is Decision.CANCEL:
        return may_cancel(policy, click.person, requester)
    if policy is not None and not (here := may_here(policy, click.asked)).allowed:
        return here
    if click.decision is Decision.REJECT:
        return may_reject(policy, click.person, governed_by(document.order, document.words), requester)
    governing = governed_by(document.order, document.words)
    return may_approve(policy, click.person, governing, requester, _decided(click, taken))


def requester_of(people: Mapping[str, Person], operation: Operation, document: Document) -> Human:
    """As they were known when they asked, else as they are known now."""
    known = people.get(operation.requester.id)
    return Human(operation.requester.id, document.requester_key or (known.key if known else None))


def _decided(click: Click, taken: Sequence[Approval]) -> tuple[Decided, ...]:
    people = {**click.people, click.person.id: click.person}
    return tuple(
        Decided(
            human(people[one.who.id]),
            Decision.APPROVE if one.decision is ApprovalDecision.APPROVED else Decision.REJECT,
        )
        for one in taken
    )


def _void(click: Click, taken: Sequence[Approval], policy: OrderPolicy) -> tuple[Approval, ...]:
    """Earlier approvals of people who have lost the right since, or of whom it cannot be confirmed any more."""
    others = (one for one in taken if one.who.id != click.person.id)
    return tuple(one for one in others if not is_approver(policy, click.people[one.who.id]))


def _approve(
    db: Database, click: Click, operation: Operation, document: Document, policies: Policies, owner: str
) -> Outcome:
    policy = terms(policies, document, click.now)
    assert policy is not None  # noqa: S101 - without one nobody would have been let this far
    who = Who(click.person.id, click.person.name)
    hash_ = operation.plan_hash
    approve(db, operation.id, who, ApprovalDecision.APPROVED, plan_hash=hash_, at=click.now)
    taken = decisions(db, operation.id)
    void = _void(click, taken, policy)
    good = [one for one in taken if one not in void]
    counted = approvals_count(_decided(click, good), requester_of(click.people, operation, document))
    needed = policy.needed(risky=bool(document.plan.risks))
    details = {"operation": operation.id, "plan_hash": hash_, "approvals": counted, "approvals_needed": needed}
    if void:
        details["void"] = [one.who.id for one in void]
    record(db, click.asked, "decide", AuditKind.APPROVAL_GIVEN, operation.cluster, details)
    if counted < needed:
        show_card(db, operation, document, policy, click.now)
        return Counted(operation, needed - counted, tuple(one.who for one in void))
    # LockHeld undoes the approval as well: with the cluster taken, it would start nothing.
    fencing = locks.acquire(db, operation.cluster, operation.id, owner, at=click.now)
    operation = transition(db, operation.id, OperationState.APPROVED, at=click.now)
    return Ready(operation, document, fencing)


def _end(db: Database, click: Click, operation: Operation, document: Document, policies: Policies) -> Ended:
    rejected = click.decision is Decision.REJECT
    state = OperationState.REJECTED if rejected else OperationState.CANCELLED
    kind = AuditKind.APPROVAL_REJECTED if rejected else AuditKind.APPROVAL_CANCELLED
    if rejected:
        who = Who(click.person.id, click.person.name)
        approve(db, operation.id, who, ApprovalDecision.REJECTED, plan_hash=operation.plan_hash, at=click.now)
    record(db, click.asked, "decide", kind, operation.cluster, {"operation": operation.id})
    word = "rejected" if rejected else "cancelled"
    line = f"{click.person.name} {word} it before anything was touched."
    ended = transition(db, operation.id, state, at=click.now, result=write_conclusion(Conclusion(line)))
    show_card(db, ended, document, terms(policies, document, click.now), click.now)
    return Ended(ended)


def _found_expired(db: Database, click: Click, operation: Operation, document: Document, policies: Policies) -> Ended:
    details = {"operation": operation.id, "decision": click.decision, "expired_at": operation.expires_at}
    record(db, click.asked, "decide", AuditKind.APPROVAL_EXPIRED, operation.cluster, details)
    return Ended(_mark_expired(db, operation, document, policies, click.now))


def _expire(db: Database, operation: Operation, policies: Policies, now: datetime) -> Operation:
    details = {"operation": operation.id, "expired_at": operation.expires_at}
    record_own(db, now, AuditKind.APPROVAL_EXPIRED, operation.cluster, operation.channel, details)
    return _mark_expired(db, operation, read_document(operation.plan), policies, now)


def _mark_expired(
    db: Database, operation: Operation, document: Document, policies: Policies, now: datetime
) -> Operation:
    line = "Nobody approved it in time. Nothing was touched. Ask again if it is still needed."
    expired = transition(db, operation.id, OperationState.EXPIRED, at=now, result=write_conclusion(Conclusion(line)))
    show_card(db, expired, document, terms(policies, document, now), now)
    return expired


def _refuse(db: Database, click: Click, operation: Operation, spans: tuple[Span, ...]) -> Refused:
    why = "".join(span for span in spans if isinstance(span, str))
    details = {"operation": operation.id, "decision": click.decision, "why": why}
    record(db, click.asked, "decide", AuditKind.REFUSAL, operation.cluster, details)
    return Refused(spans)


def _decided_before(earlier: Approval) -> tuple[Span, ...]:
    return (f"You {earlier.decision} this already, at ", Moment(earlier.at), ". One person counts once.")


def _who_was_first(operation: Operation, taken: Sequence[Approval]) -> tuple[Span, ...]:
    """Why a click comes too late: who was first, and when."""
    last = taken[-1] if taken else None
    first: tuple[Span, ...] = ()
    if last is not None:
        first = (Mention(last.who.name, last.who.id), f" {last.decision} it at ", Moment(last.at), ". ")
    elif operation.finished_at is not None:
        first = ("That was at ", Moment(operation.finished_at), ". ")
    return (f"Operation {operation.id} {_STANDS[operation.state]}. ", *first, "Nothing more is to be decided.")


_STANDS: Mapping[OperationState, str] = {
    OperationState.PLANNED: "is still being planned",
    OperationState.APPROVED: "is approved already and starts",
    OperationState.RUNNING: "is approved already and runs",
    OperationState.INTERRUPTED: "was interrupted",
    OperationState.SUCCEEDED: "has succeeded already",
    OperationState.FAILED: "has failed already",
    OperationState.CANCELLED: "was cancelled",
    OperationState.EXPIRED: "has expired; ask again if it is still needed",
    OperationState.REJECTED: "was rejected",
}
