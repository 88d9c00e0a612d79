"""Operations that nobody carries on: how far they came is found out by looking at the servers, and told.

Nothing is repeated and nothing is continued here: an operation that was interrupted stays so until people decide.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

import structlog
from sqlite_utils import Database

from commands.book import Book, StepEnd
from commands.command import Order, StepContext
from commands.document import Document, read_document
from commands.following import progress_of
from commands.orders import terms
from commands.owner import Owner, is_gone
from commands.plan import Conclusion
from commands.records import record_own
from commands.standing import where_it_stands
from commands.world import World
from ledger import locks
from ledger.audit import AuditKind
from ledger.operations import Operation, OperationState, get
from ledger.steps import Direction, StepRecord, StepStatus, steps

ASK_SECONDS = 5.0

_log = structlog.get_logger(__name__)


async def recover(
    world: World, orders: Mapping[str, Order], owner: Owner, runs_here: Callable[[str], bool] = lambda _: False
) -> None:
    """Looks at every lock whose holder is gone, and ends its operation as interrupted.

    The same for what this process itself holds and does not run (`runs_here`): the ledger was lost in the middle, or
    whoever was to start it was cancelled.
    """
    held = await world.ledger.read(locks.holders)
    for lock in held:
        if lock.owner == owner.name:
            carried_on = runs_here(lock.operation_id)
        else:
            carried_on = not await asyncio.to_thread(is_gone, world.ledger.path, lock.owner)
        if carried_on:
            continue
        try:
            await _recover(world, orders, owner, lock)
        except locks.LockLost:
            continue  # another process was faster
        except Exception:
            _log.exception("an operation could not be recovered", operation=lock.operation_id)


async def _recover(world: World, orders: Mapping[str, Order], owner: Owner, lock: locks.Lock) -> None:
    owner.appear()
    operation, fencing = await world.ledger.write(lambda db: _take_over(db, world, owner.name, lock))
    if operation.state not in (OperationState.APPROVED, OperationState.RUNNING):
        await world.ledger.write(lambda db: locks.release(db, lock.cluster, fencing))
        return
    _log.warning("an operation was found that nobody carries on", operation=operation.id, owner=lock.owner)
    document = read_document(operation.plan)
    book = Book(operation, document, terms(world.policies, document, world.now()), fencing)
    if operation.state is OperationState.APPROVED:
        conclusion = Conclusion(
            "Understudy broke off before the first step. Nothing was touched.", next_steps=_next(document)
        )
        await _close(world, book, OperationState.FAILED, conclusion, ())
        return
    records = await world.ledger.read(lambda db: steps(db, operation.id))
    under_way = next((record for record in records if record.status is None), None)
    if under_way is not None:
        end = await _ask(world, orders, document, under_way)
        await world.ledger.write(lambda db: book.result(db, world.now(), end))
        records = await world.ledger.read(lambda db: steps(db, operation.id))
    stands = await _stands(world, operation)
    conclusion = Conclusion(_line(document, records), (("Where it stands", stands),), _next(document))
    await _close(world, book, OperationState.INTERRUPTED, conclusion, records)


def _take_over(db: Database, world: World, owner: str, lock: locks.Lock) -> tuple[Operation, int]:
    now = world.now()
    if lock.owner == owner:
        locks.check(db, lock.cluster, lock.operation_id, lock.fencing)
        return get(db, lock.operation_id), lock.fencing
    fencing = locks.take_over(db, lock.cluster, lock.operation_id, owner, fencing=lock.fencing, at=now)
    operation = get(db, lock.operation_id)
    details = {"operation": operation.id, "from": lock.owner, "fencing": fencing}
    record_own(db, now, AuditKind.LOCK_TAKEN_OVER, lock.cluster, operation.channel, details)
    return operation, fencing


async def _ask(world: World, orders: Mapping[str, Order], document: Document, under_way: StepRecord) -> StepEnd:
    """Whether the step that was under way has been done, as the servers show it."""
    step = document.plan.steps[under_way.index]
    undo = under_way.direction is Direction.UNDO
    started = time.monotonic()
    status, detail = StepStatus.UNKNOWN, "Whether it was done cannot be told: look at the servers."
    try:
        action = orders[document.order].actions()[step.action]
        context = StepContext(world, world.clusters[document.plan.cluster], document.plan, step, lambda line: None)
        async with asyncio.timeout(ASK_SECONDS):
            done = await action.already_done(context)
        if done is not None:
            status = StepStatus.FOUND_UNDONE if done is undo else StepStatus.FOUND_DONE
            detail = f"The servers show that it was {'not ' if done is undo else ''}done."
    except Exception as error:
        _log.warning("a step could not be asked whether it is done", action=step.action, error=str(error))
    return StepEnd(under_way.index, under_way.direction, status, detail, timedelta(seconds=time.monotonic() - started))


async def _stands(world: World, operation: Operation) -> str:
    cluster = world.clusters.get(operation.cluster)
    return (
        "the settings do not have this cluster any more" if cluster is None else await where_it_stands(world, cluster)
    )


async def _close(
    world: World, book: Book, state: OperationState, conclusion: Conclusion, records: Sequence[StepRecord]
) -> None:
    progress = progress_of(book.document, records)
    await world.ledger.write(
        lambda db: book.close(db, world.now(), state, conclusion, progress, touched=bool(records)).id
    )


def _line(document: Document, records: Sequence[StepRecord]) -> str:
    """Where it stopped, in one line."""
    count = len(document.plan.steps)
    if not records:
        return f"Understudy broke off before the first of {count} steps. Nothing was touched."
    last = records[-1]
    title = document.plan.steps[last.index].title
    what = f"taking back step {last.index + 1}" if last.direction is Direction.UNDO else f"step {last.index + 1}"
    return f"Understudy broke off during {what} of {count} ({title}). {last.detail or ''}".strip()


def _next(document: Document) -> tuple[str, ...]:
    name = document.plan.cluster
    return (f"Look: /ha status {name}", f"Then ask again for what is still needed: /ha {document.order} {name}")
