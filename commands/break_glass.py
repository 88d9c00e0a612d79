"""Break glass: one person alone starts an order, where and when the policy in force lets them.

There is no approver, so that the requester is not one either: the policy is, and the audit log says so. It is never
quiet: a post of its own in the channel notifies those who would have been asked.
"""

from collections.abc import Iterator
from datetime import datetime

from sqlite_utils import Database

from commands.asked import Asked
from commands.document import Document
from commands.orders import Ready, plan_operation, record_request, show_card, show_checks
from commands.plan import Plan
from commands.plan_page import plan_title
from commands.policies import OrderPolicy, Policies
from commands.records import card_key, show
from ledger import locks
from ledger.audit import AuditKind
from ledger.operations import Operation, OperationState, transition
from ledger.page import Facts, Item, Items, Mention, Moment, Page, Part, Span, Tone, text


def start_alone(
    db: Database,
    asked: Asked,
    document: Document,
    policies: Policies,
    policy: OrderPolicy,
    reason: str,
    channel: str,
    owner: str,
    now: datetime,
) -> Ready:
    """The operation, ready to run under the cluster's lock; recorded and shouted in the same transaction. Whether the
    person may is asked before.

    Raises Busy, LockHeld, and Repeated for a second delivery.
    """
    plan = document.plan
    operation = plan_operation(db, asked, document, policy, reason, channel, now)
    details = {"break_glass": True, "approved_by": "policy", "allowed": sorted(policy.break_glass)}
    record_request(db, asked, AuditKind.BREAK_GLASS, operation, document, details)
    fencing = locks.acquire(db, plan.cluster, operation.id, owner, at=now)
    approved = transition(db, operation.id, OperationState.APPROVED, at=now)
    show_card(db, approved, document, policy, now)
    show_checks(db, approved, plan, now)
    show(db, now, channel, f"{card_key(operation.id)}/break-glass", _shout(approved, plan, policies, policy))
    return Ready(approved, document, fencing)


def _shout(operation: Operation, plan: Plan, policies: Policies, policy: OrderPolicy) -> Page:
    """A page for the channel that makes phones ring."""
    who, title = operation.requester, f"Break glass: {plan_title(plan)}"
    called = tuple(_called(policies, policy))
    facts: tuple[tuple[str, tuple[Span, ...]], ...] = (
        ("Reason", (operation.reason,)),
        ("Started", (Moment(operation.created_at),)),
    )
    risks: tuple[Part, ...] = (
        (Items("Taken upon themselves", tuple(Item(Tone.CRITICAL, risk) for risk in plan.risks)),) if plan.risks else ()
    )
    return Page(
        title=title,
        tone=Tone.CRITICAL,
        summary=f"{title}. {who.name} starts it alone. Reason: {operation.reason}",
        parts=(
            text(Mention(who.name, who.id), " starts it alone; nobody else has approved it. The policy lets them."),
            Facts(facts),
            *risks,
            *((text("Look now: ", *called),) if called else ()),
            text(f"Operation {operation.id}: its own message follows it."),
        ),
    )


def _called(policies: Policies, policy: OrderPolicy) -> Iterator[Span]:
    for key in sorted(policy.approvers):
        for slack_id in policies.slack_ids.get(key, ()):
            yield Mention(key, slack_id, notify=True)
            yield " "
