"""Runs one approved operation, from its first step or from where another process left it, to whatever end: does the
steps one by one, takes back what can be, and reports.

No step acts before its intent is on disk; its result goes to disk together with the next step's intent, for each
transaction waits for the disk and the steps of a failover are short. Nothing here waits for Slack.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import TypeVar

import structlog
from sqlite_utils import Database

from commands.command import Action, Order, StepContext, failure_of
from commands.looking import look_again
from commands.operation_page import StepProgress, StepState
from commands.orders import Ready, terms
from commands.plan import Conclusion
from commands.recheck import not_as_approved
from commands.running.astray import Astray
from commands.running.attempt import attempt
from commands.running.book import Book, StepEnd
from commands.running.endings import next_steps, passed_over, sentence, told_so_far
from commands.running.following import progress_of
from commands.running.freshness import is_fresh
from commands.running.inquiry import Inquiry, unasked
from commands.running.patience import write_patiently
from commands.running.resumption import GoOn, Left, Stop, TakeBack, decide, restarts, to_take_back, too_long_ago
from commands.running.standing import where_it_stands
from commands.running.telling import Telling
from commands.world import World
from ledger.errors import LedgerError
from ledger.locks import LockLost
from ledger.operations import OperationState, get
from ledger.page import Moment, Note
from ledger.steps import Direction, StepRecord, StepStatus, steps
from servers.state import ClusterState

T = TypeVar("T")

_GOES_ON = "It goes on when Understudy is back."

_log = structlog.get_logger(__name__)


class Wish(StrEnum):
    """Why a run is to stop before its next step."""

    SHUTDOWN = "shutdown"
    CANCEL = "cancel"


class Run:
    """One operation on its way. `go` runs it from its first step, `carry_on` from where it was left; one of them, once.

    What goes wrong is recorded and told, never raised, unless the ledger itself or the lock of the cluster is lost.
    """

    def __init__(self, world: World, order: Order, ready: Ready) -> None:
        self.operation_id = ready.operation.id
        self._operation = ready.operation
        self._world = world
        self._order = order
        self._actions = order.actions()
        self._document = ready.document
        self._plan = ready.document.plan
        self._cluster = world.clusters[ready.operation.cluster]
        policy = terms(world.policies, ready.document, world.now())
        self._book = Book(ready.operation, ready.document, policy, ready.fencing, self._actions)
        self._progress = [StepProgress() for _ in self._plan.steps]
        self._notes: tuple[Note, ...] = ()
        self._found: dict[str, str] = {}
        self._tried: set[int] = set()  # and not taken back
        self._last_final = -1  # the last step of no return that was tried
        self._resumed = False
        self._silent = False  # a server is down by a step of this, and a final step is still to come
        self._unwritten: StepEnd | None = None
        self._shutting_down = False
        self._telling = Telling(self.operation_id, self._tell)

    def silences(self, cluster: str) -> bool:
        """Whether it has taken a server of that cluster down, and is about to bring another one up."""
        return self._silent and self._cluster.name == cluster

    def stop_soon(self) -> None:
        """The process is about to end: stop before the next step."""
        self._shutting_down = True

    async def go(self, looked: Awaitable[ClusterState]) -> None:
        """From the first step. `looked` is the look that was begun at the last click."""
        await self._safely(self._go(looked))

    async def carry_on(self, left_at: datetime, astray: Astray | None = None) -> None:
        """From where another process left it at that moment, as far as the world, and the settings, still allow."""
        await self._safely(self._carry_on(left_at, astray))

    async def _safely(self, work: Awaitable[None]) -> None:
        try:
            await work
        except (LedgerError, LockLost):
            raise
        except Exception as error:
            # An operation that broke must not be taken up again and again.
            _log.exception("an operation broke", operation=self.operation_id)
            line = f"An error of Understudy's own ended it: {type(error).__name__}. Its log has the details."
            standing = await self._world.ledger.read(lambda db: get(db, self.operation_id))
            if standing.state is OperationState.APPROVED:
                await self._end_untouched(OperationState.FAILED, line)
            else:
                await self._end(OperationState.INTERRUPTED, line, take_back=False)
        finally:
            self._telling.stop()

    async def _go(self, looked: Awaitable[ClusterState]) -> None:
        obstacle = await self._look_again(looked)
        if obstacle is None and self._shutting_down:
            obstacle = "It was stopped before the first step."
        if obstacle is None:
            await self._do_steps(0)
        else:
            await self._end_untouched(OperationState.FAILED, obstacle)

    async def _look_again(self, looked: Awaitable[ClusterState]) -> str | None:
        """What speaks against running now; None when the world is as it was when people approved."""
        try:
            state = await looked
            if not await is_fresh(self._world, state):
                state = await look_again(self._world, self._cluster)
        except Exception as error:
            _log.exception("the look before the run failed", operation=self.operation_id)
            return f"The servers could not be looked at again: {type(error).__name__}."
        return await not_as_approved(self._world, self._order, self._document, self._cluster, state)

    async def _carry_on(self, left_at: datetime, astray: Astray | None) -> None:
        if self._operation.state is OperationState.APPROVED:
            old = too_long_ago(left_at, self._world.now())
            if old is not None:
                await self._end_untouched(OperationState.FAILED, f"It was approved, but never begun. {old}")
            else:
                await self._go(look_again(self._world, self._cluster))
            return
        await self._write(lambda db: self._book.take_up(db, self._world.now()))
        records = await self._records()
        self._found = {name: value for record in records for name, value in record.found.items()}
        inquiry = Inquiry(self._world, self._order, self._cluster, self._document, self._found, self.operation_id)
        if records and records[-1].status in (None, StepStatus.CANCELLED):
            answer = unasked(records[-1]) if astray is not None else await inquiry.answer(records[-1])
            await self._write(lambda db: self._book.found(db, self._world.now(), answer))
            records = await self._records()
        left = Left(self._plan, self._actions, records, left_at, await self._cancelled_by(), astray)
        self._recall(left)
        await self._go_on(left, inquiry)

    async def _go_on(self, left: Left, inquiry: Inquiry) -> None:
        seen = await inquiry.look(left)
        match decide(left, seen, self._world.now()):
            case GoOn(index):
                await self._do_steps(index)
            case TakeBack(state, line, only_held):
                await self._end(state, line, only_held=only_held)
            case Stop(line, state):
                await self._end(state, line, take_back=False)

    def _recall(self, left: Left) -> None:
        """Takes up the threads where the other process dropped them."""
        self._progress = list(progress_of(self._document, left.records, StepState.WAITING))
        self._tried = set(left.undoable)
        self._last_final, self._resumed = left.last_final, True
        carried_on = Note(("Understudy was restarted ", Moment(self._world.now()), " and carries it on."))
        self._notes = restarts(self._plan, left.records) or (carried_on,)

    async def _do_steps(self, first: int) -> None:
        for index in range(first, len(self._plan.steps)):
            wish = await self._intend(index)
            if wish is not None:
                await self._stop_before(index, wish)
                return
            end = await self._act(index, Direction.DO)
            if not end.succeeded and not self._goes_on_after(end):
                await self._fail(end)
                return
            state = StepState.DONE if end.succeeded else StepState.FAILED
            self._mark(index, StepProgress(state, end.detail, end.duration.total_seconds()))
        failed = passed_over(self._plan, self._actions, self._progress)
        if failed is not None or self._due():
            held = "Everything else was done, but clients were not let go on in good order."
            await self._end(OperationState.FAILED, failed or held)
            return
        await self._close(OperationState.SUCCEEDED, self._order.conclude(self._plan, self._found))

    async def _intend(self, index: int) -> Wish | None:
        """Commits the intent of a step, unless somebody wishes that it stops before it."""
        before = self._progress[index]
        self._mark(index, StepProgress(StepState.RUNNING))
        wish = await self._write(partial(self._try_to_intend, index=index))
        if wish is not None:
            self._mark(index, before)
        return wish

    def _try_to_intend(self, db: Database, index: int) -> Wish | None:
        now = self._world.now()
        operation = get(db, self.operation_id)
        if operation.cancelled_by is not None and self._last_final < 0:
            return Wish.CANCEL
        clients_wait = self._last_final >= 0 and bool(self._due())
        if self._shutting_down and operation.state is OperationState.RUNNING and not clients_wait:
            return Wish.SHUTDOWN
        could_be_cancelled = self._book.cancellable(db)
        if operation.state is OperationState.APPROVED:
            self._book.begin(db, now)
        self._book.intend(db, now, index, Direction.DO)
        if could_be_cancelled and not self._book.cancellable(db):
            self._book.card(db, get(db, self.operation_id), now)
        self._book.progress(db, now, self._progress, self._notes)
        return None

    async def _act(self, index: int, direction: Direction) -> StepEnd:
        """One attempt at a step whose intent stands. Its end is written with whatever is written next."""
        step = self._plan.steps[index]
        action = self._action(index)
        work = action.run if direction is Direction.DO else action.undo
        assert work is not None  # noqa: S101 - callers ask for an undo only where there is one
        if direction is Direction.DO:
            self._last_final = max(self._last_final, index if action.final else -1)
            self._silent = self._silent or action.silences
            self._tried.add(index)
        say, found = partial(self._say, index), dict(self._found)
        context = StepContext(
            self._world, self._cluster, self._plan, step, say, found, self._resumed, self.operation_id
        )
        end = await attempt(work(context), index, direction, step.timeout)
        if action.may_fail and end.status in (StepStatus.FAILED, StepStatus.TIMED_OUT):
            end = replace(end, found={**end.found, failure_of(step): end.detail})
        self._found.update(end.found)
        self._silent = self._silent and not (action.final or direction is Direction.UNDO)
        self._unwritten = end
        return end

    def _goes_on_after(self, end: StepEnd) -> bool:
        """A step has failed that may; one that was left by a shutdown has not."""
        return self._action(end.index).may_fail and end.status is not StepStatus.CANCELLED

    async def _fail(self, end: StepEnd) -> None:
        self._mark(end.index, StepProgress(StepState.FAILED, end.detail, end.duration.total_seconds()))
        title = self._plan.steps[end.index].title
        if end.status is StepStatus.CANCELLED:
            line = f"Understudy was stopped while step {end.index + 1} ({title}) was running. {sentence(end.detail)}"
            await self._leave(line)
            return
        await self._end(OperationState.FAILED, f"Step {end.index + 1} ({title}) failed: {sentence(end.detail)}")

    async def _stop_before(self, index: int, wish: Wish) -> None:
        done = f"{index} of {len(self._plan.steps)} steps were done"
        if wish is Wish.CANCEL:
            by = await self._cancelled_by()
            if index == 0:
                await self._end_untouched(OperationState.CANCELLED, f"{by} cancelled it before the first step.")
            else:
                await self._end(OperationState.CANCELLED, f"{by} cancelled it when {done}.")
            return
        line = f"Understudy was stopped when {done}; the rest was not begun."
        if self._last_final >= 0:
            await self._leave(line)
            return
        # Between the stop of a primary and the promotion nobody takes writes: nobody is left there for a restart.
        taken_back, left = await self._take_back()
        if left:
            await self._leave(f"{line} {taken_back}")
        else:
            self._give_up()
            # Nothing more is begun, not even a look at where it stands.
            await self._close(OperationState.INTERRUPTED, Conclusion(f"{line} {taken_back}", (), self._next_steps()))

    async def _leave(self, line: str) -> None:
        """The end of this process, not of the operation: the next one finds it by its lock, as it is."""
        conclusion = Conclusion(f"{line} {_GOES_ON}", next_steps=(f"Look: /ha status {self._cluster.name}",))
        await self._close(OperationState.INTERRUPTED, conclusion, holds=True)

    async def _end(self, state: OperationState, line: str, *, take_back: bool = True, only_held: bool = False) -> None:
        """Takes back what can be taken back, if that is wanted, and says where it stands."""
        if take_back:
            taken_back, left = await self._take_back(only_held=only_held)
            line = f"{line} {taken_back}"
            if left:
                await self._leave(line)
                return
        self._give_up()
        # Looking takes a moment: a result that is known is on disk before it.
        await self._write(lambda db: None)
        stands = await where_it_stands(self._world, self._cluster)
        so_far = told_so_far(self._order, self._plan, self._found)
        facts, again = (*so_far.facts, ("Where it stands", stands)), so_far.next_steps or self._next_steps()
        await self._close(state, Conclusion(line, facts, again, so_far.plots, so_far.file))

    async def _take_back(self, *, only_held: bool = False) -> tuple[str, bool]:
        """Takes back, the last one first, what the plan says can be. What to say of it, and whether the end of the
        process broke it off."""
        if not self._due():
            past = "It is past the point where earlier steps could be taken back."
            return past if self._last_final >= 0 else "Nothing had to be taken back.", False
        self._give_up()
        detail, failed = "", ""
        while due := self._due(only_held=only_held or bool(failed)):
            index = due[-1]
            self._mark(index, replace(self._progress[index], state=StepState.UNDOING))
            await self._write(partial(self._turn_back, index=index))
            end = await self._act(index, Direction.UNDO)
            if not end.succeeded:
                self._mark(index, StepProgress(StepState.FAILED, f"Taking it back failed: {end.detail}"))
                failed = f"{failed} Taking back step {index + 1} failed as well: {sentence(end.detail)}".strip()
                if end.status is StepStatus.CANCELLED:
                    return failed, True
                self._tried.discard(index)
                continue
            self._tried.discard(index)
            self._mark(index, StepProgress(StepState.UNDONE, end.detail, end.duration.total_seconds()))
            detail = end.detail
        return failed or f"What was done is taken back: {sentence(detail)}", False

    def _due(self, *, only_held: bool = False) -> tuple[int, ...]:
        """The steps that are to be taken back when it ends now; of these only what keeps clients waiting, where an
        earlier step could not be taken back."""
        done = (index for index, at in enumerate(self._progress) if at.state is StepState.DONE)
        after = len(self._plan.steps) if only_held else self._last_final
        return to_take_back(self._plan, self._actions, self._tried, done, after=after)

    def _turn_back(self, db: Database, index: int) -> None:
        now = self._world.now()
        could_be_cancelled = self._book.cancellable(db)
        self._book.intend(db, now, index, Direction.UNDO)
        if could_be_cancelled:
            self._book.card(db, get(db, self.operation_id), now)
        self._book.progress(db, now, self._progress, self._notes)

    async def _end_untouched(self, state: OperationState, obstacle: str) -> None:
        self._give_up()
        conclusion = Conclusion(f"{obstacle} Nothing was touched.", next_steps=self._next_steps())
        await self._close(state, conclusion, touched=False)

    async def _close(
        self, state: OperationState, conclusion: Conclusion, *, touched: bool = True, holds: bool = False
    ) -> None:
        await self._write(
            lambda db: self._book.close(
                db,
                self._world.now(),
                state,
                conclusion,
                self._progress,
                notes=self._notes,
                touched=touched,
                holds=holds,
            )
        )

    def _next_steps(self) -> tuple[str, ...]:
        return next_steps(self._document, self._actions, self._progress)

    def _give_up(self) -> None:
        for index, at in enumerate(self._progress):
            if at.state is StepState.WAITING:
                self._mark(index, StepProgress(StepState.NOT_REACHED))

    def _mark(self, index: int, progress: StepProgress) -> None:
        self._progress[index] = progress

    def _action(self, index: int) -> Action:
        return self._actions[self._plan.steps[index].action]

    @property
    def live(self) -> str:
        """How far the step is that runs now, by its own last word; '' where it has said none."""
        running = (one for one in self._progress if one.state in (StepState.RUNNING, StepState.UNDOING))
        return next((one.detail for one in running), "")

    def _say(self, index: int, line: str) -> None:
        self._mark(index, replace(self._progress[index], detail=line))
        self._telling.soon()

    async def _tell(self) -> None:
        now = self._world.now
        await self._world.ledger.write(lambda db: self._book.progress(db, now(), self._progress, self._notes))

    async def _records(self) -> Sequence[StepRecord]:
        return await self._world.ledger.read(lambda db: steps(db, self.operation_id))

    async def _cancelled_by(self) -> str | None:
        operation = await self._world.ledger.read(lambda db: get(db, self.operation_id))
        return operation.cancelled_by.name if operation.cancelled_by is not None else None

    async def _write(self, change: Callable[[Database], T]) -> T:
        """One transaction: the result of the last attempt, where that is not yet written, and the change."""
        end = self._unwritten

        def both(db: Database) -> T:
            if end is not None:
                self._book.result(db, self._world.now(), end)
            return change(db)

        result = await write_patiently(self._world.ledger, both)
        self._unwritten = None
        return result
