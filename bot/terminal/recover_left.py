"""What an earlier start of `understudy recover` has left: it is gone on with, or waited for."""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.settings import Settings
from bot.terminal.directory import TerminalDirectory
from bot.wiring import Wired, open_world
from commands.document import read_document
from commands.restoring.words import Way
from ledger.operations import Operation, OperationState, list_operations

_STANDING = (
    OperationState.AWAITING_APPROVAL,
    OperationState.APPROVED,
    OperationState.RUNNING,
    OperationState.INTERRUPTED,
)


@dataclass(frozen=True, slots=True)
class Left:
    """What is said of it, and the words of `understudy ha` that go on with it."""

    line: str
    words: tuple[str, str]


async def what_is_left(settings: Settings, cluster: str, server: str) -> Left | None:
    """None where nothing is: then a new order is asked for."""
    async with open_world(settings, TerminalDirectory) as wired:
        return left_of(await _open(wired, cluster), await wired.dispatcher.abandoned(), server)


def left_of(operations: Iterable[Operation], abandoned: Iterable[str], server: str) -> Left | None:
    """The newest order from the store onto that server that has not ended. Pure."""
    gone = frozenset(abandoned)
    for one in operations:
        plan = read_document(one.plan).plan if one.kind == "restore" else None
        if plan is None or plan.target != server or dict(plan.facts).get("how") != Way.FROM_STORE:
            continue
        if one.id in gone:
            line = f"Operation {one.id} was left in the middle. It goes on from where it stands, and asks nothing anew."
            return Left(line, ("resume", one.id))
        if one.state is OperationState.AWAITING_APPROVAL:
            line = f"Operation {one.id} waits for approval. Who may give it: understudy ha approve {one.id}"
            return Left(line, ("watch", one.id))
        return Left(f"Operation {one.id} is under way in another process.", ("watch", one.id))
    return None


async def _open(wired: Wired, cluster: str) -> list[Operation]:
    return await wired.ledger.read(lambda db: list_operations(db, cluster=cluster, states=_STANDING))
