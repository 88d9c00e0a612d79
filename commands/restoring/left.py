"""What an order to restore has left on a host: an instance that stands, the rest of one that failed, or settings."""

from enum import StrEnum

from sqlite_utils import Database

from ledger.instances import RestoredInstance, instances_there
from ledger.operations import TRANSITIONS, NoSuchOperation, OperationState, get
from ledger.steps import steps, steps_of_action

# Among what steps find: what was restored in place is open, on this timeline; what stands in a standby's place, where;
# whom it follows since.
TIMELINE, STANDS_IN_PLACE, FOLLOWS_AGAIN = "new_timeline", "stands_in_place_at", "follows_again"
# By this action a later order has put the old directory back; it found the operation of what stood there.
START_OLD, PUT_BACK = "start_old", "put_back"
FOLLOW_RESTORED, FOLLOWED = "follow_restored", "followed"  # in the same way: it follows by then


class Left(StrEnum):
    """What of it is there, where it was not dropped."""

    MAKING = "being made"  # its order still runs
    STANDS = "stands beside"
    IN_PLACE = "stands in a standby's place"
    REST = "what stood in a standby's place"
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
    found = {name for step in steps(db, operation) for name in step.found}
    if found & {TIMELINE, FOLLOWS_AGAIN}:
        return Left.SETTINGS
    if STANDS_IN_PLACE in found and state is OperationState.SUCCEEDED:
        return _in_its_place(db, operation)
    return Left.STANDS if state is OperationState.SUCCEEDED else Left.BROKEN


def _in_its_place(db: Database, operation: str) -> Left:
    """A later order may have made it follow, and not have taken the settings off, or have put the old one back."""
    if any(step.found.get(PUT_BACK) == operation for step in steps_of_action(db, START_OLD)):
        return Left.REST
    followed = (step.found.get(FOLLOWED) == operation for step in steps_of_action(db, FOLLOW_RESTORED))
    return Left.SETTINGS if any(followed) else Left.IN_PLACE


def what_is_there(db: Database, cluster: str) -> list[tuple[RestoredInstance, Left]]:
    """Everything of that cluster that nobody has dropped, the oldest first."""
    return [(one, left_of(db, one.operation)) for one in instances_there(db, cluster)]
