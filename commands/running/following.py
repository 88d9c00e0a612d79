"""Follows an operation by what the ledger says, so that it may run in any process."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from sqlite_utils import Database

from commands.asked import Answer
from commands.document import Document, read_document
from commands.operation_page import StepProgress, StepState, read_conclusion, report_page
from commands.running.resumption import restarts
from ledger.ledger import Ledger
from ledger.operations import FINISHED, Operation, OperationState, get
from ledger.steps import Direction, StepRecord, StepStatus, steps

LOOK_PAUSE = 0.2  # seconds
LIVE_PAUSE = 2.0  # seconds between two words of the same step, for a terminal that keeps every line

Progress = Callable[[str], Awaitable[None]]

_ENDED = FINISHED | {OperationState.INTERRUPTED}


async def follow(
    ledger: Ledger, operation_id: str, progress: Progress | None = None, live: Callable[[], str] = lambda: ""
) -> Answer:
    """The report, once the operation has ended; a line to `progress` for each thing that happens until then.

    `live` is what the running step says of how far it is, where it runs in this process: told every few seconds.

    Raises NoSuchOperation.
    """
    told: list[str] = []
    loop = asyncio.get_running_loop()
    said, said_at = "", loop.time()
    while True:
        operation, records = await ledger.read(lambda db: _see(db, operation_id))
        document = read_document(operation.plan)
        lines = _lines(operation, document, records)
        if progress is not None:
            for line in lines[len(told) :]:
                await progress(line)
        if lines != told:
            said_at = loop.time()
        told = lines
        if operation.state in _ENDED:
            return Answer(report(operation, document, records).page)
        word = live()
        if progress is not None and word and word != said and loop.time() - said_at >= LIVE_PAUSE:
            said, said_at = word, loop.time()
            await progress(f"  {word}")
        await asyncio.sleep(LOOK_PAUSE)


def report(operation: Operation, document: Document, records: Sequence[StepRecord]) -> Answer:
    """The report of an operation from what the ledger remembers of it."""
    progress = progress_of(document, records)
    notes = restarts(document.plan, records)
    return Answer(report_page(operation, document, progress, read_conclusion(operation.result), notes))


def progress_of(
    document: Document, records: Sequence[StepRecord], rest: StepState = StepState.NOT_REACHED
) -> tuple[StepProgress, ...]:
    """How far each step is, by its last attempt; `rest` for those without one."""
    last = {record.index: record for record in records}
    return tuple(
        _progress(last[index]) if index in last else StepProgress(rest) for index in range(len(document.plan.steps))
    )


def _progress(record: StepRecord) -> StepProgress:
    undo = record.direction is Direction.UNDO
    seconds = record.duration.total_seconds() if record.duration is not None else None
    if record.status is None:
        return StepProgress(StepState.UNDOING if undo else StepState.RUNNING)
    if record.status in (StepStatus.SUCCEEDED, StepStatus.FOUND_DONE):
        return StepProgress(StepState.UNDONE if undo else StepState.DONE, record.detail or "", seconds)
    if record.status is StepStatus.FOUND_UNDONE and not undo:
        return StepProgress(StepState.NOT_REACHED, record.detail or "", seconds)
    return StepProgress(StepState.FAILED, record.detail or str(record.status), seconds)


def _see(db: Database, operation_id: str) -> tuple[Operation, list[StepRecord]]:
    return get(db, operation_id), steps(db, operation_id)


def _lines(operation: Operation, document: Document, records: Sequence[StepRecord]) -> list[str]:
    """What happened, in order; earlier lines never change."""
    lines = [f"Operation {operation.id}: {document.plan.kind} of {operation.cluster}"]
    for record in records:
        title = document.plan.steps[record.index].title
        verb = "Taking back" if record.direction is Direction.UNDO else "Step"
        lines.append(f"{verb} {record.index + 1}: {title} …")
        if record.status is not None:
            lines.append(f"{verb} {record.index + 1} {record.status}: {record.detail}")
    return lines
