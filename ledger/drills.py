"""The drills that were held: what each measured, as its steps have found, and whether it passed."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from ledger.operations import OperationState
from ledger.times import from_text

RESTORE_DRILL = "restore drill"  # the kind of its operation

# What its steps leave in what they found, by name. Seconds.
RTO, RPO = "drill_rto_seconds", "drill_rpo_seconds"

_ENDED = """
    SELECT operation.id AS id, operation.state AS state, operation.finished_at AS at,
           (SELECT json_group_array(json(step.found)) FROM step
            WHERE step.operation_id = operation.id AND step.found IS NOT NULL) AS found
    FROM operation
    WHERE operation.cluster = :cluster AND operation.kind = :kind AND operation.state IN (:passed, :failed)
      AND operation.finished_at IS NOT NULL
    ORDER BY operation.finished_at DESC LIMIT :limit
"""


@dataclass(frozen=True, slots=True)
class Drill:
    """One that ended by itself: those that were cancelled, or never begun, prove nothing. None: not measured."""

    operation: str
    at: datetime
    passed: bool
    rto_seconds: float | None
    rpo_seconds: float | None


def drills(db: Database, cluster: str, *, limit: int = 10) -> tuple[Drill, ...]:
    """Newest first."""
    parameters = {
        "cluster": cluster,
        "kind": RESTORE_DRILL,
        "passed": OperationState.SUCCEEDED,
        "failed": OperationState.FAILED,
        "limit": limit,
    }
    return tuple(_drill(row) for row in db.query(_ENDED, parameters))


def _drill(row: Mapping[str, Any]) -> Drill:
    found = {name: value for one in json.loads(row["found"]) for name, value in one.items()}
    return Drill(
        row["id"],
        from_text(row["at"]),
        row["state"] == OperationState.SUCCEEDED,
        float(found[RTO]) if RTO in found else None,
        float(found[RPO]) if RPO in found else None,
    )
