"""What stands beside the open alerts of a cluster: its maintenance, and the order that is open there."""

from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from ledger.maintenance import Maintenance, in_maintenance
from ledger.operations import Operation, OperationState, list_operations

# One at a time per cluster: while one is open, no other can be asked for.
_OPEN = (OperationState.AWAITING_APPROVAL, OperationState.APPROVED, OperationState.RUNNING)


@dataclass(frozen=True, slots=True)
class Standing:
    """`order` waits for approval or runs."""

    maintenance: Maintenance | None = None
    order: Operation | None = None

    @property
    def shown(self) -> tuple[int | None, str | None, bool]:
        """What of it the cards show: they are drawn anew when it changes."""
        at_work = self.maintenance.id if self.maintenance else None
        return (at_work, self.order.id if self.order else None, self.waits)

    @property
    def waits(self) -> bool:
        """The order needs somebody's approval."""
        return self.order is not None and self.order.state is OperationState.AWAITING_APPROVAL


NOTHING_STANDS = Standing()


def standing(db: Database, cluster: str, now: datetime) -> Standing:
    """How it stands at that time; what has waited too long waits no more."""
    found = (
        operation
        for operation in list_operations(db, cluster=cluster, states=_OPEN)
        if operation.state is not OperationState.AWAITING_APPROVAL or operation.expires_at > now
    )
    return Standing(in_maintenance(db, cluster, now), next(found, None))
