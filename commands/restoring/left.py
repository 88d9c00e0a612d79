"""What an order to restore has left on a host: an instance that stands, the rest of one that failed, or settings."""

from enum import StrEnum

from sqlite_utils import Database

from ledger.instances import RestoredInstance, instances_there
from ledger.operations import TRANSITIONS, NoSuchOperation, OperationState, get
from ledger.steps import steps

TIMELINE = "new_timeline"  # among what is found: what was restored in place is open, on this one


class Left(StrEnum):
    """What of it is there, where it was not dropped."""

    MAKING = "being made"  # its order still runs
    STANDS = "stands beside"
    BROKEN = "what a restore that failed has left"
    SETTINGS = "recovery settings"  # it is the data directory, and could not be given its own settings again


def left_of(db: Database, operation: str) -> Left:
    """Of the order of that id, whose instance nobody has dropped."""
    try:
        state = get(db, operation).state
    except NoSuchOperation:
        return Left.STANDS
    if TRANSITIONS[state]:
        return Left.MAKING
    if any(step.found.get(TIMELINE) for step in steps(db, operation)):
        return Left.SETTINGS
    return Left.STANDS if state is OperationState.SUCCEEDED else Left.BROKEN


def what_is_there(db: Database, cluster: str) -> list[tuple[RestoredInstance, Left]]:
    """Everything of that cluster that nobody has dropped, the oldest first."""
    return [(one, left_of(db, one.operation)) for one in instances_there(db, cluster)]
