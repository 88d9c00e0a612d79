"""What the ledger and the channel are told of a running operation: the transactions between its steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlite_utils import Database

from commands.command import Action
from commands.document import Document
from commands.operation_page import StepProgress, progress_page, report_page, write_conclusion
from commands.orders import show_card
from commands.plan import Conclusion
from commands.plan_page import plan_title
from commands.policies import OrderPolicy
from commands.records import card_key, progress_key, record_own, report_key, show
from commands.running.cancelling import cancellable
from ledger import locks
from ledger.audit import AuditKind
from ledger.operations import Operation, OperationState, transition
from ledger.page import Note
from ledger.steps import Direction, StepStatus, output_digest, step_intent, step_result, step_under_way, steps


@dataclass(frozen=True, slots=True)
class StepEnd:
    """How one attempt at a step ended."""

    index: int
    direction: Direction
    status: StepStatus
    detail: str
    duration: timedelta
    exit_status: int | None = None
    output: str = ""
    found: Mapping[str, str] = field(default_factory=dict)

    @property
    def succeeded(self) -> bool:
        return self.status in (StepStatus.SUCCEEDED, StepStatus.FOUND_DONE)


@dataclass(frozen=True, slots=True)
class Book:
    """Writes down one operation. Each method works within the caller's transaction."""

    operation: Operation
    document: Document
    policy: OrderPolicy | None
    fencing: int
    actions: Mapping[str, Action]

    def begin(self, db: Database, at: datetime) -> None:
        """The operation runs from here on."""
        operation = self.operation
        running = transition(db, operation.id, OperationState.RUNNING, at=at, fencing=self.fencing)
        self._own(db, at, AuditKind.OPERATION_STARTED, {"plan_hash": operation.plan_hash, "fencing": self.fencing})
        self.card(db, running, at)

    def intend(self, db: Database, at: datetime, index: int, direction: Direction) -> None:
        """What is about to be done, before it is done."""
        step = self.document.plan.steps[index]
        step_intent(
            db,
            self.operation.id,
            index,
            action=step.action,
            server=step.server,
            fencing=self.fencing,
            at=at,
            direction=direction,
        )
        details = {"step": index + 1, "direction": direction, "action": step.action, "server": step.server}
        self._own(db, at, AuditKind.STEP_INTENT, {**details, "fencing": self.fencing})

    def result(self, db: Database, at: datetime, end: StepEnd) -> None:
        """What became of it."""
        step = self.document.plan.steps[end.index]
        step_result(
            db,
            self.operation.id,
            end.index,
            status=end.status,
            at=at,
            detail=end.detail,
            duration=end.duration,
            exit_status=end.exit_status,
            output=end.output,
            found=end.found,
            direction=end.direction,
        )
        details = {
            "step": end.index + 1,
            "direction": end.direction,
            "action": step.action,
            "server": step.server,
            "status": end.status,
            "exit_status": end.exit_status,
            "output_sha256": output_digest(end.output),
            "seconds": end.duration.total_seconds(),
            "detail": end.detail,
            "found": dict(end.found),
        }
        self._own(db, at, AuditKind.STEP_RESULT, details)

    def take_up(self, db: Database, at: datetime) -> None:
        """Another process carries the operation on, under a number of its own."""
        operation = self.operation
        if operation.state is OperationState.RUNNING:
            transition(db, operation.id, OperationState.INTERRUPTED, at=at)
        running = transition(db, operation.id, OperationState.RUNNING, at=at, fencing=self.fencing)
        self._own(db, at, AuditKind.OPERATION_RESUMED, {"fencing": self.fencing})
        self.card(db, running, at)

    def found(self, db: Database, at: datetime, end: StepEnd) -> None:
        """What became of a step that another process was at. One that was left in good order has its result already:
        what is found then stands as an attempt of its own, which touched nothing."""
        if step_under_way(db, self.operation.id) is None:
            self.intend(db, at, end.index, end.direction)
        self.result(db, at, end)

    def card(self, db: Database, operation: Operation, at: datetime) -> None:
        show_card(db, operation, self.document, self.policy, at, cancellable=self.cancellable(db))

    def cancellable(self, db: Database) -> bool:
        """Whether a cancel could still do something."""
        return cancellable(self.document.plan, self.actions, steps(db, self.operation.id))

    def progress(
        self, db: Database, at: datetime, progress: Sequence[StepProgress], notes: Sequence[Note] = ()
    ) -> None:
        if self.operation.channel is not None:
            page = progress_page(self.document, progress, plan_title(self.document.plan), notes)
            parent = card_key(self.operation.id)
            show(db, at, self.operation.channel, progress_key(self.operation.id), page, parent)

    def close(
        self,
        db: Database,
        at: datetime,
        state: OperationState,
        conclusion: Conclusion,
        progress: Sequence[StepProgress],
        *,
        notes: Sequence[Note] = (),
        touched: bool = True,
        holds: bool = False,
    ) -> Operation:
        """The end: state, lock, audit record, card and report. `touched` is False when no step was begun; `holds` when
        this is only the end of this process, and the next one, which takes the lock over, carries the operation on."""
        result = write_conclusion(conclusion)
        ended = transition(db, self.operation.id, state, at=at, result=result)
        if not holds:
            locks.release(db, self.operation.cluster, self.fencing)
        interrupted = state is OperationState.INTERRUPTED
        kind = AuditKind.OPERATION_INTERRUPTED if interrupted else AuditKind.OPERATION_FINISHED
        self._own(db, at, kind, {"state": state, "line": conclusion.line, "facts": dict(conclusion.facts)})
        show_card(db, ended, self.document, self.policy, at)
        if self.operation.channel is not None:
            if touched:
                self.progress(db, at, progress, notes)
            page = report_page(ended, self.document, progress, conclusion, notes)
            show(db, at, self.operation.channel, report_key(ended.id), page, card_key(ended.id))
        return ended

    def _own(self, db: Database, at: datetime, kind: AuditKind, details: Mapping[str, object]) -> None:
        operation = self.operation
        marked = {"operation": operation.id, **({"break_glass": True} if self.document.alone else {})}
        record_own(db, at, kind, operation.cluster, operation.channel, {**marked, **details})
