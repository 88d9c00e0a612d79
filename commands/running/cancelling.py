"""Cancelling an operation that was approved: a wish in the ledger, which whoever runs it meets before its next step."""

from collections.abc import Mapping, Sequence

from sqlite_utils import Database

from commands.asked import Asked
from commands.command import Action
from commands.document import read_document
from commands.orders import show_card
from commands.plan import Plan
from commands.policies import OrderPolicy
from commands.records import record
from ledger import locks
from ledger.audit import AuditKind
from ledger.operations import Operation, OperationRefused, OperationState, ask_to_stop, get
from ledger.steps import Direction, StepRecord, steps
from ledger.who import Who


def cancellable(plan: Plan, actions: Mapping[str, Action], records: Sequence[StepRecord]) -> bool:
    """Whether a cancel could still do something: a step is left that was not begun, the point of no return was not
    tried, and it is not being taken back already."""
    tried = {one.index for one in records}
    final = any(actions[one.action].final for one in records)
    undoing = any(one.direction is Direction.UNDO for one in records)
    return not final and not undoing and len(tried) < len(plan.steps)


def cancel(
    db: Database, asked: Asked, operation_id: str, policy: OrderPolicy | None, actions: Mapping[str, Action]
) -> Operation:
    """Records the wish of somebody who may cancel; the card loses its button.

    Raises OperationRefused where a cancel could do nothing, and Repeated for a second delivery.
    """
    operation = get(db, operation_id)
    document = read_document(operation.plan)
    details = {"operation": operation_id, "running": operation.state is OperationState.RUNNING}
    record(db, asked, "decide", AuditKind.APPROVAL_CANCELLED, operation.cluster, details)
    if operation.cancelled_by is not None:
        raise OperationRefused(f"{operation.cancelled_by.name} has cancelled operation {operation_id} already.")
    lock = locks.holder(db, operation.cluster)
    if lock is None or lock.operation_id != operation_id:
        raise OperationRefused(f"Operation {operation_id} is {operation.state}, and nothing of it is left to do.")
    if not cancellable(document.plan, actions, steps(db, operation_id)):
        raise OperationRefused(
            f"Operation {operation_id} is past the point where its steps could be taken back; it goes on to its end."
        )
    cancelled = ask_to_stop(db, operation_id, Who(asked.person_id, asked.person_name))
    show_card(db, cancelled, document, policy, asked.at)
    return cancelled
