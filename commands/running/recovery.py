"""Operations that nobody carries on: found by their locks, taken over, and carried on by this process."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlite_utils import Database

from commands.binding import leads_elsewhere
from commands.command import Order
from commands.document import Document, read_document
from commands.orders import Ready, terms
from commands.plan import Conclusion
from commands.records import record_own
from commands.running.astray import Astray
from commands.running.book import Book
from commands.running.following import progress_of
from commands.running.owner import Owner, is_gone
from commands.running.resumption import Left, astray_line
from commands.running.runner import Runner
from commands.world import World
from ledger import locks
from ledger.audit import AuditKind
from ledger.operations import UNDER_WAY, Operation, OperationState, get
from ledger.steps import steps

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class _Taken:
    """An operation that is ours from here on. `left_at` is the last that was recorded of it."""

    operation: Operation
    fencing: int
    left_at: datetime


class Recovery:
    """Finds what nobody carries on. Only who stays (the bot), or is asked to by name, carries it on."""

    def __init__(self, world: World, orders: Mapping[str, Order], owner: Owner, runner: Runner) -> None:
        self._world = world
        self._orders = orders
        self._owner = owner
        self._runner = runner

    async def abandoned(self) -> list[Operation]:
        """The operations whose process has gone, without touching them."""
        left = [lock.operation_id for lock in await self._locks()]
        return await self._world.ledger.read(lambda db: [get(db, one) for one in left])

    async def carry_on(self, operation_id: str | None = None) -> None:
        """Takes over what nobody carries on (only that operation, where one is named), and runs it in the background.

        What another process takes over first, it runs.
        """
        for lock in await self._locks():
            if self._runner.closed or operation_id not in (None, lock.operation_id):
                continue
            try:
                with self._runner.expecting(lock.operation_id):
                    await self._take_up(lock)
            except locks.LockLost:
                continue  # another process was faster
            except Exception:
                _log.exception("an operation could not be taken up", operation=lock.operation_id)

    async def _locks(self) -> list[locks.Lock]:
        """Also what this process itself holds and does not run: the ledger was lost in the middle, or whoever was to
        start it was cancelled."""
        held = await self._world.ledger.read(locks.holders)
        return [lock for lock in held if not await self._is_carried_on(lock)]

    async def _is_carried_on(self, lock: locks.Lock) -> bool:
        if lock.owner == self._owner.name:
            return self._runner.has(lock.operation_id)
        return not await asyncio.to_thread(is_gone, self._world.ledger.path, lock.owner)

    async def _take_up(self, lock: locks.Lock) -> None:
        ledger = self._world.ledger
        standing = await ledger.read(lambda db: get(db, lock.operation_id))
        document = read_document(standing.plan)
        astray = self._astray(standing.cluster, document)
        left = await ledger.read(lambda db: self._left(db, lock, document, astray)) if astray is not None else None
        if left is not None and left.astray is not None and not left.undoable:
            line = astray_line(left, left.astray)
            await ledger.write(lambda db: self._end_untouched(db, lock, document, line))
            return
        self._owner.appear()
        taken = await ledger.write(lambda db: self._take_over(db, lock))
        if taken is None:
            return
        _log.warning("an operation was found that nobody carries on", operation=standing.id, owner=lock.owner)
        ready = Ready(taken.operation, document, taken.fencing)
        self._runner.resume(ready, taken.left_at, astray)

    def _take_over(self, db: Database, lock: locks.Lock) -> _Taken | None:
        """None when the operation has ended, and only its lock was left."""
        now = self._world.now()
        operation = get(db, lock.operation_id)
        if operation.state not in UNDER_WAY:
            locks.release(db, lock.cluster, lock.fencing)
            return None
        fencing = self._fencing(db, lock, operation, now)
        records = steps(db, operation.id)
        moments = (moment for one in records for moment in (one.intended_at, one.finished_at) if moment is not None)
        return _Taken(operation, fencing, max(moments, default=lock.acquired_at))

    def _astray(self, name: str, document: Document) -> Astray | None:
        """Why not even a look would tell anything: it would be a look at something else. None where all is the same."""
        plan = document.plan
        cluster = self._world.clusters.get(name)
        if cluster is None or document.order not in self._orders:
            everything = frozenset(step.server for step in plan.steps) | {plan.target}
            line = f"It was left, and this Understudy has no cluster {name} or no order {document.order}."
            return Astray(everything, line)
        elsewhere = leads_elsewhere(plan, cluster, self._world)
        if not elsewhere:
            return None
        line = (
            f"It was left, and the settings of {' and '.join(elsewhere)} are not those that were approved: "
            f"nothing more was done to the servers, and nothing taken back there. Look at them: /ha status {name}."
        )
        return Astray(frozenset(elsewhere), line)

    def _left(self, db: Database, lock: locks.Lock, document: Document, astray: Astray) -> Left:
        """As far as it matters for those who may wait."""
        order = self._orders.get(document.order)
        records = steps(db, lock.operation_id) if order is not None else ()
        return Left(document.plan, order.actions() if order else {}, records, lock.acquired_at, astray=astray)

    def _end_untouched(self, db: Database, lock: locks.Lock, document: Document, line: str) -> None:
        taken = self._take_over(db, lock)
        if taken is None:
            return
        now, operation = self._world.now(), taken.operation
        book = Book(operation, document, terms(self._world.policies, document, now), taken.fencing, {})
        state = OperationState.FAILED
        book.close(db, now, state, Conclusion(line), progress_of(document, steps(db, operation.id)))

    def _fencing(self, db: Database, lock: locks.Lock, operation: Operation, now: datetime) -> int:
        if lock.owner == self._owner.name:
            locks.check(db, lock.cluster, lock.operation_id, lock.fencing)
            return lock.fencing
        owner = self._owner.name
        fencing = locks.take_over(db, lock.cluster, operation.id, owner, fencing=lock.fencing, at=now)
        details = {"operation": operation.id, "from": lock.owner, "fencing": fencing}
        record_own(db, now, AuditKind.LOCK_TAKEN_OVER, lock.cluster, operation.channel, details)
        return fencing
