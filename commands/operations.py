"""`/ha operations [operation]`: what runs and what ran, newest first; of one of them every step with its times."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlite_utils import Database

from commands.asked import Asked
from commands.authority import VIEW
from commands.command import Misunderstood
from commands.document import read_document
from commands.parse import COMMAND, echo
from commands.people import Person
from commands.plan import Plan
from commands.running.following import report
from commands.world import World
from ledger.approvals import Approval, decisions
from ledger.operations import NoSuchOperation, Operation, OperationState, get, list_operations
from ledger.page import Facts, Mention, Moment, Note, Page, Span, Table, Tone, note
from ledger.quantities import count_text, seconds_text
from ledger.steps import Direction, StepRecord, steps

SHOWN = 15

_WAYS = {Direction.DO: "", Direction.UNDO: "Taking back: "}
_OPEN_TONES = {OperationState.RUNNING: Tone.RUNNING, OperationState.AWAITING_APPROVAL: Tone.WAITING}


@dataclass(frozen=True, slots=True)
class _Seen:
    """One operation with everything that is remembered of it."""

    operation: Operation
    taken: tuple[Approval, ...]
    records: tuple[StepRecord, ...]


class Operations:
    """The view of orders that were asked for."""

    name = "operations"
    usage = "operations [operation]"
    summary = f"The last {SHOWN} operations; of one of them its steps, times, decisions and result"
    right = VIEW

    async def answer(self, asked: Asked, person: Person, arguments: Sequence[str], world: World) -> Page:
        """All of them in short, or one in full. Raises Misunderstood."""
        if len(arguments) > 1:
            raise Misunderstood(
                f"“{echo(' '.join(arguments))}” is more than one operation. Type: {COMMAND} {self.usage}"
            )
        if not arguments:
            return _list(await world.ledger.read(lambda db: list_operations(db, limit=SHOWN)))
        operation_id = arguments[0].upper()
        try:
            return _one(await world.ledger.read(lambda db: _see(db, operation_id)))
        except NoSuchOperation:
            raise Misunderstood(f"There is no operation “{echo(operation_id)}”. Type: {COMMAND} operations") from None


def _see(db: Database, operation_id: str) -> _Seen:
    return _Seen(get(db, operation_id), tuple(decisions(db, operation_id)), tuple(steps(db, operation_id)))


def _list(operations: Sequence[Operation]) -> Page:
    if not operations:
        return Page("No operation yet", Tone.INFO, "Nobody has asked for an operation yet.")
    rows = tuple(
        (
            one.id,
            f"{one.created_at:%Y-%m-%d %H:%M:%S}",
            f"{one.kind} of {one.cluster}",
            str(one.state),
            one.requester.name,
            _took(one),
        )
        for one in operations
    )
    tone = next((_OPEN_TONES[one.state] for one in operations if one.state in _OPEN_TONES), Tone.INFO)
    title = f"The last {count_text(len(rows), 'operation')}"
    first = operations[0]
    return Page(
        title=title,
        tone=tone,
        summary=f"{title}. The newest: {first.kind} of {first.cluster}, {first.state}.",
        parts=(
            Table(("Operation", "Asked (UTC)", "What", "State", "By", "Ended after"), rows),
            note(f"One of them in full: {COMMAND} operations {first.id}"),
        ),
    )


def _took(operation: Operation) -> str:
    if operation.finished_at is None:
        return ""
    return seconds_text(max(0.0, (operation.finished_at - operation.created_at).total_seconds()))


def _one(seen: _Seen) -> Page:
    """The report as far as it goes, and after it who decided and every attempt with its times."""
    operation = seen.operation
    document = read_document(operation.plan)
    page = report(operation, document, seen.records).page
    facts: tuple[tuple[str, tuple[Span, ...]], ...] = (
        ("Asked for", (Mention(operation.requester.name, operation.requester.id), " ", Moment(operation.created_at))),
        ("Reason", (operation.reason or "none given",)),
        *((("Ended", (Moment(operation.finished_at),)),) if operation.finished_at is not None else ()),
    )
    decided = tuple(
        Note((Mention(one.who.name, one.who.id), f" {one.decision} it ", Moment(one.at))) for one in seen.taken
    )
    times = (_attempts(document.plan, seen.records),) if seen.records else ()
    return Page(page.title, page.tone, page.summary, (*page.parts, Facts(facts), *decided, *times))


def _attempts(plan: Plan, records: Sequence[StepRecord]) -> Table:
    rows = tuple(
        (
            f"{one.intended_at:%H:%M:%S}",
            f"{_WAYS[one.direction]}{one.index + 1}. {plan.steps[one.index].title}",
            str(one.status) if one.status is not None else "under way",
            seconds_text(one.duration.total_seconds()) if one.duration is not None else "",
        )
        for one in records
    )
    return Table(("Began (UTC)", "Step", "How it ended", "Took"), rows)
