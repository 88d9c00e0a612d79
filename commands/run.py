"""Runs one approved operation: looks again, does the steps one by one, takes back what can be, and reports.

No step acts before its intent is on disk; its result goes to disk together with the next step's intent, for each
transaction waits for the disk and the steps of a failover are short. Nothing here waits for Slack.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from functools import partial
from typing import TypeVar

import structlog
from sqlite_utils import Database

from commands.book import Book, StepEnd
from commands.changes import what_changed
from commands.command import Action, Meant, Misunderstood, Order, StepContext, StepFailed, StepOutcome, failure_of
from commands.looking import look_again
from commands.operation_page import StepProgress, StepState
from commands.orders import Ready, terms
from commands.plan import Conclusion
from commands.standing import where_it_stands
from commands.world import World
from ledger.errors import LedgerError, Problem
from ledger.operations import OperationState
from ledger.steps import Direction, StepStatus
from servers.state import ClusterState

T = TypeVar("T")

LEDGER_PATIENCE = 10.0  # seconds to go on trying when the ledger is busy or its disk full
LEDGER_PAUSE = 0.2
OLDEST_LOOK = timedelta(seconds=2)  # that may still stand for the moment of the last approval
TELL_PAUSE = 1.0  # seconds between live lines: Slack takes one message a second and channel

_log = structlog.get_logger(__name__)


class Wish(StrEnum):
    """Why a run is to stop before its next step."""

    SHUTDOWN = "shutdown"
    CANCEL = "cancel"


class Run:
    """One operation on its way. `go` runs it once, to whatever end."""

    def __init__(self, world: World, order: Order, ready: Ready) -> None:
        self.operation_id = ready.operation.id
        self._world = world
        self._order = order
        self._actions = order.actions()
        self._document = ready.document
        self._plan = ready.document.plan
        self._cluster = world.clusters[ready.operation.cluster]
        policy = terms(world.policies, ready.document, world.now())
        self._book = Book(ready.operation, ready.document, policy, ready.fencing)
        self._progress = [StepProgress() for _ in self._plan.steps]
        self._found: dict[str, str] = {}
        self._final_tried = False
        self._wish: Wish | None = None
        self._wished_by = ""
        self._telling: asyncio.Task[None] | None = None

    def stop_soon(self, wish: Wish, by: str = "") -> None:
        """Stop before the next step."""
        if self._wish is None:
            self._wish, self._wished_by = wish, by

    @property
    def can_be_cancelled(self) -> bool:
        return not self._final_tried

    async def go(self, looked: Awaitable[ClusterState]) -> None:
        """Runs to the end. What goes wrong is recorded and told, never raised, unless the ledger itself is lost."""
        try:
            obstacle = await self._look_again(looked)
            if obstacle is None:
                await self._do_steps()
            else:
                await self._end_untouched(obstacle)
        finally:
            if self._telling is not None:
                self._telling.cancel()

    async def _look_again(self, looked: Awaitable[ClusterState]) -> str | None:
        """What speaks against running now; None when the world is as it was when people approved."""
        try:
            state = await looked
            if self._world.now() - state.at > OLDEST_LOOK:
                # Looking people up took so long that the world may have moved on.
                state = await look_again(self._world, self._cluster)
            meant = Meant(self._cluster, self._document.server, self._document.words)
            plan = await self._order.plan(meant, state, self._world)
        except Misunderstood as changed:
            return f"What was approved can no longer be done: {changed}"
        except Exception as error:
            _log.exception("the look before the run failed", operation=self.operation_id)
            return f"The servers could not be looked at again: {type(error).__name__}."
        if plan.hash != self._plan.hash:
            changes = "; ".join(what_changed(self._plan.material(), plan.material()))
            return f"The servers are not as they were when this was approved: {changes}."
        if plan.failed_checks:
            failed = "; ".join(f"{check.title}: {check.evidence}" for check in plan.failed_checks)
            return f"A check fails now that did not before: {failed}."
        return None if self._wish is None else "It was stopped before the first step."

    async def _do_steps(self) -> None:
        last = len(self._plan.steps) - 1
        self._mark(0, StepProgress(StepState.RUNNING))
        await self._write(self._first)
        for index in range(last + 1):
            end = await self._act(index, Direction.DO)
            if not end.succeeded and not self._goes_on_after(end):
                await self._fail(end)
                return
            state = StepState.DONE if end.succeeded else StepState.FAILED
            self._mark(index, StepProgress(state, end.detail, end.duration.total_seconds()))
            if index == last:
                await self._succeed(end)
                return
            if self._wish is not None and not (self._wish is Wish.CANCEL and self._final_tried):
                await self._stop_here(end)
                return
            self._mark(index + 1, StepProgress(StepState.RUNNING))
            await self._write(partial(self._between, end=end))

    def _first(self, db: Database) -> None:
        now = self._world.now()
        self._book.begin(db, now)
        self._book.intend(db, now, 0, Direction.DO)
        self._book.progress(db, now, self._progress)

    def _between(self, db: Database, end: StepEnd) -> None:
        now = self._world.now()
        self._book.result(db, now, end)
        self._book.intend(db, now, end.index + 1, Direction.DO)
        self._book.progress(db, now, self._progress)

    async def _act(self, index: int, direction: Direction) -> StepEnd:
        """One attempt at a step whose intent stands. Being cancelled (the deadline of a shutdown) is an end as well."""
        step = self._plan.steps[index]
        action = self._actions[step.action]
        work = action.run if direction is Direction.DO else action.undo
        assert work is not None  # noqa: S101 - callers ask for an undo only where there is one
        self._final_tried = self._final_tried or (direction is Direction.DO and action.final)
        context = StepContext(
            self._world, self._cluster, self._plan, step, lambda line: self._say(index, line), dict(self._found)
        )
        started = time.monotonic()
        status, outcome = await _attempt(work(context), step.timeout)
        failed = action.optional and status in (StepStatus.FAILED, StepStatus.TIMED_OUT)
        found = {**outcome.found, failure_of(step): outcome.detail} if failed else outcome.found
        self._found.update(found)
        return StepEnd(
            index=index,
            direction=direction,
            status=status,
            detail=outcome.detail,
            duration=timedelta(seconds=time.monotonic() - started),
            exit_status=outcome.exit_status,
            output=outcome.output,
            found=found,
        )

    def _goes_on_after(self, end: StepEnd) -> bool:
        """An optional step has failed; one that was left by a shutdown has not."""
        return self._action(end.index).optional and end.status is not StepStatus.CANCELLED

    async def _succeed(self, end: StepEnd) -> None:
        conclusion = self._order.conclude(self._plan, self._found)
        await self._write(lambda db: self._close(db, end, OperationState.SUCCEEDED, conclusion))

    async def _fail(self, end: StepEnd) -> None:
        """Records the failure, takes back what can be taken back, and says where it stands."""
        self._mark(end.index, StepProgress(StepState.FAILED, end.detail, end.duration.total_seconds()))
        self._give_up_after(end.index)
        title = self._plan.steps[end.index].title
        if end.status is StepStatus.CANCELLED:
            line = f"Understudy was stopped while step {end.index + 1} ({title}) was running. {_sentence(end.detail)}"
            await self._end_after(end, OperationState.INTERRUPTED, line)
            return
        line = f"Step {end.index + 1} ({title}) failed: {_sentence(end.detail)}"
        await self._end_after(end, OperationState.FAILED, line)

    async def _stop_here(self, end: StepEnd) -> None:
        self._give_up_after(end.index)
        done = f"{end.index + 1} of {len(self._plan.steps)} steps were done"
        if self._wish is Wish.CANCEL:
            line = f"{self._wished_by} cancelled it when {done}."
            await self._end_after(end, OperationState.CANCELLED, line)
        else:
            # Between the stop of a primary and the promotion nobody takes writes: nobody is left there for a restart.
            end, taken_back = await self._undo(end)
            line = f"Understudy was stopped when {done}; the rest was not begun. {taken_back}"
            await self._end_after(end, OperationState.INTERRUPTED, line)

    async def _end_after(self, end: StepEnd, state: OperationState, line: str) -> None:
        if state is OperationState.INTERRUPTED:
            # The process is about to end: nothing more is begun, not even a look at where it stands.
            next_steps = self._next_steps()
            conclusion = Conclusion(line, next_steps=next_steps)
            await self._write(lambda db: self._close(db, end, state, conclusion))
            return
        end, taken_back = await self._undo(end)
        stands = await where_it_stands(self._world, self._cluster)
        conclusion = Conclusion(f"{line} {taken_back}", (("Where it stands", stands),), self._next_steps())
        await self._write(lambda db: self._close(db, end, state, conclusion))

    async def _undo(self, end: StepEnd) -> tuple[StepEnd, str]:
        """Takes back, the last one first, what the plan says can be. The last attempt's end is not yet written."""
        if self._final_tried:
            return end, "It is past the point where earlier steps could be taken back."
        undoable = [index for index in range(end.index, -1, -1) if self._action(index).undo is not None]
        if not undoable:
            return end, "Nothing had to be taken back."
        for index in undoable:
            self._mark(index, replace(self._progress[index], state=StepState.UNDOING))
            await self._write(partial(self._turn_back, end=end, index=index))
            end = await self._act(index, Direction.UNDO)
            if not end.succeeded:
                self._mark(index, StepProgress(StepState.FAILED, f"Taking it back failed: {end.detail}"))
                return end, f"Taking back step {index + 1} failed as well: {_sentence(end.detail)}"
            self._mark(index, StepProgress(StepState.UNDONE, end.detail, end.duration.total_seconds()))
        return end, f"What was done is taken back: {_sentence(end.detail)}"

    def _turn_back(self, db: Database, end: StepEnd, index: int) -> None:
        now = self._world.now()
        self._book.result(db, now, end)
        self._book.intend(db, now, index, Direction.UNDO)
        self._book.progress(db, now, self._progress)

    async def _end_untouched(self, obstacle: str) -> None:
        for index in range(len(self._progress)):
            self._mark(index, StepProgress(StepState.NOT_REACHED))
        conclusion = Conclusion(f"{obstacle} Nothing was touched.", next_steps=self._next_steps())
        await self._write(
            lambda db: self._book.close(
                db, self._world.now(), OperationState.FAILED, conclusion, self._progress, touched=False
            )
        )

    def _close(self, db: Database, end: StepEnd, state: OperationState, conclusion: Conclusion) -> None:
        now = self._world.now()
        self._book.result(db, now, end)
        self._book.close(db, now, state, conclusion, self._progress)

    def _next_steps(self) -> tuple[str, ...]:
        name = self._cluster.name
        steps = list(zip(self._plan.steps, self._progress, strict=True))
        if any(self._actions[step.action].final and at.state is StepState.DONE for step, at in steps):
            # What was asked for has happened: to ask again would be to ask for its opposite.
            left = "; ".join(step.title for step, at in steps if at.state is not StepState.DONE)
            return f"Look: /ha status {name}", f"Do not ask again; do by hand what is left: {left}"
        return (
            f"Look: /ha status {name}",
            f"Then, if it is still needed, ask again: /ha {self._document.order} {name}",
        )

    def _give_up_after(self, index: int) -> None:
        for later in range(index + 1, len(self._progress)):
            self._mark(later, StepProgress(StepState.NOT_REACHED))

    def _mark(self, index: int, progress: StepProgress) -> None:
        self._progress[index] = progress

    def _action(self, index: int) -> Action:
        return self._actions[self._plan.steps[index].action]

    def _say(self, index: int, line: str) -> None:
        self._mark(index, replace(self._progress[index], detail=line))
        if self._telling is None or self._telling.done():
            self._telling = asyncio.create_task(self._tell())

    async def _tell(self) -> None:
        await asyncio.sleep(TELL_PAUSE)
        try:
            await self._world.ledger.write(lambda db: self._book.progress(db, self._world.now(), self._progress))
        except LedgerError as error:
            _log.warning("a line of progress was not kept", operation=self.operation_id, error=str(error))

    async def _write(self, change: Callable[[Database], T]) -> T:
        """Goes on trying while the ledger is busy or its disk is full: a step that is done wants its record."""
        deadline = time.monotonic() + LEDGER_PATIENCE
        while True:
            try:
                return await self._world.ledger.write(change)
            except LedgerError as error:
                if error.problem not in (Problem.BUSY, Problem.FULL, Problem.DISK) or time.monotonic() > deadline:
                    raise
                _log.warning("the ledger does not take a record; trying again", error=str(error))
                await asyncio.sleep(LEDGER_PAUSE)


async def _attempt(work: Awaitable[StepOutcome], timeout: float) -> tuple[StepStatus, StepOutcome]:
    try:
        async with asyncio.timeout(timeout):
            return StepStatus.SUCCEEDED, await work
    except StepFailed as failed:
        return StepStatus.FAILED, StepOutcome(str(failed), failed.exit_status, failed.output)
    except TimeoutError:
        return StepStatus.TIMED_OUT, StepOutcome(f"It did not end within {timeout:g} s; it may still have its effect.")
    except asyncio.CancelledError:
        return StepStatus.CANCELLED, StepOutcome("It was left while it was running; it may still have its effect.")
    except Exception as error:
        _log.exception("a step broke")
        return StepStatus.FAILED, StepOutcome(f"An error of Understudy's own: {type(error).__name__}. See its log.")


def _sentence(text: str) -> str:
    return text if text.endswith((".", "…")) else f"{text}."
