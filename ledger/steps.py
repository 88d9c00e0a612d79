"""Steps of an operation: an intent, committed before anything is touched, and a result after it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlite_utils import Database

from ledger import locks
from ledger.operations import OperationRefused, OperationState, get
from ledger.redact import redacted, redacted_text
from ledger.times import from_text, from_text_or_none, to_text


class Direction(StrEnum):
    DO = "do"
    UNDO = "undo"


class StepStatus(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed out"
    CANCELLED = "cancelled"
    FOUND_DONE = "found done"  # after a crash: the servers show that it has been done
    FOUND_UNDONE = "found undone"  # after a crash: the servers show that it has not; it may be tried again
    UNKNOWN = "unknown"  # after a crash: it cannot be told; people must look


@dataclass(frozen=True, slots=True)
class StepRecord:
    """One attempt at one step. Without `status` only its intent stands: it runs, or the process ended within it.

    `output_digest` is the SHA-256 of the output in hexadecimal, `detail` one line for people, `found` what later steps
    and the report need to know of it, by name.
    """

    operation_id: str
    index: int
    direction: Direction
    attempt: int
    action: str
    server: str
    fencing: int
    intended_at: datetime
    finished_at: datetime | None
    status: StepStatus | None
    exit_status: int | None
    output_digest: str | None
    detail: str | None
    duration: timedelta | None
    found: Mapping[str, str] = field(default_factory=dict)


_COLUMNS = """operation_id, step, direction, attempt, action, server, fencing, intended_at,
           finished_at, status, exit_status, output_digest, detail, duration_us, found"""
_STEPS = f"SELECT {_COLUMNS} FROM step WHERE operation_id = :operation_id ORDER BY rowid"  # noqa: S608 - constants
_OF_ACTION = f"SELECT {_COLUMNS} FROM step WHERE action = :action ORDER BY rowid"  # noqa: S608 - constants
_INSERT = """
    INSERT INTO step (operation_id, step, direction, attempt, action, server, fencing, intended_at)
    VALUES (:operation_id, :step, :direction, :attempt, :action, :server, :fencing, :intended_at)
"""
_RESULT = """
    UPDATE step
    SET finished_at = :finished_at, status = :status, exit_status = :exit_status,
        output_digest = :output_digest, detail = :detail, duration_us = :duration_us, found = :found
    WHERE operation_id = :operation_id AND step = :step AND direction = :direction AND status IS NULL
"""


def step_intent(
    db: Database,
    operation_id: str,
    index: int,
    *,
    action: str,
    server: str,
    fencing: int,
    at: datetime,
    direction: Direction = Direction.DO,
) -> StepRecord:
    """Records that the step is about to act on the server. Nothing may be touched before this is committed.

    Raises locks.LockLost when somebody else has taken the cluster over, OperationRefused when the operation does not
    run or an earlier step has no result yet.
    """
    operation = get(db, operation_id)
    locks.check(db, operation.cluster, operation_id, fencing)
    if operation.state is not OperationState.RUNNING:
        raise OperationRefused(f"Operation {operation_id} is {operation.state}; no step of it may act.")
    earlier = steps(db, operation_id)
    for step in earlier:
        if step.status is None:
            raise OperationRefused(f"Step {step.index} ({step.action}) of operation {operation_id} has no result yet.")
    attempt = 1 + sum((step.index, step.direction) == (index, direction) for step in earlier)
    parameters = {
        "operation_id": operation_id,
        "step": index,
        "direction": direction.value,
        "attempt": attempt,
        "action": action,
        "server": server,
        "fencing": fencing,
        "intended_at": to_text(at),
    }
    db.execute(_INSERT, parameters)
    return steps(db, operation_id)[-1]


def step_result(
    db: Database,
    operation_id: str,
    index: int,
    *,
    status: StepStatus,
    at: datetime,
    detail: str,
    duration: timedelta,
    exit_status: int | None = None,
    output: str = "",
    found: Mapping[str, str] | None = None,
    direction: Direction = Direction.DO,
) -> StepRecord:
    """Records how the step that is under way ended. Of the output only its digest is kept.

    Whoever has lost the lock may still say what he saw. Raises OperationRefused when no such step is under way.
    """
    parameters = {
        "operation_id": operation_id,
        "step": index,
        "direction": direction.value,
        "finished_at": to_text(at),
        "status": status.value,
        "exit_status": exit_status,
        "output_digest": output_digest(output),
        "detail": redacted_text(db, detail),
        "duration_us": duration // timedelta(microseconds=1),
        "found": json.dumps(redacted(db, dict(found or {}))),
    }
    if db.execute(_RESULT, parameters).rowcount != 1:
        raise OperationRefused(f"Step {index} ({direction}) of operation {operation_id} is not under way.")
    ended = [step for step in steps(db, operation_id) if (step.index, step.direction) == (index, direction)]
    return ended[-1]


def steps(db: Database, operation_id: str) -> list[StepRecord]:
    """Every attempt, in the order in which they were begun."""
    return [_step(row) for row in db.query(_STEPS, {"operation_id": operation_id})]


def steps_of_action(db: Database, action: str) -> list[StepRecord]:
    """Every attempt at it in whichever operation, in the order in which they were begun."""
    return [_step(row) for row in db.query(_OF_ACTION, {"action": action})]


def step_under_way(db: Database, operation_id: str) -> StepRecord | None:
    """The step whose intent stands without a result: after a crash, the one to look at."""
    return next((step for step in steps(db, operation_id) if step.status is None), None)


def output_digest(output: str) -> str:
    """SHA-256 of the output (UTF-8), in hexadecimal."""
    return hashlib.sha256(output.encode("utf-8", "replace")).hexdigest()


def _step(row: Mapping[str, Any]) -> StepRecord:
    duration = row["duration_us"]
    return StepRecord(
        operation_id=row["operation_id"],
        index=row["step"],
        direction=Direction(row["direction"]),
        attempt=row["attempt"],
        action=row["action"],
        server=row["server"],
        fencing=row["fencing"],
        intended_at=from_text(row["intended_at"]),
        finished_at=from_text_or_none(row["finished_at"]),
        status=None if row["status"] is None else StepStatus(row["status"]),
        exit_status=row["exit_status"],
        output_digest=row["output_digest"],
        detail=row["detail"],
        duration=None if duration is None else timedelta(microseconds=duration),
        found=json.loads(row["found"] or "{}"),
    )
