"""The drills that were held: what each measured, as its steps have found, and whether it passed."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from ledger.operations import OperationState
from ledger.times import from_text

# The kinds of their operations.
RESTORE_DRILL, FAILOVER_DRILL, FULL_DRILL = "restore drill", "failover drill", "full drill"
RESTORING, SWITCHING = (RESTORE_DRILL, FULL_DRILL), (FAILOVER_DRILL, FULL_DRILL)

# What their steps leave in what they found, by name. Seconds; the outage is the longer one of there and back.
RTO, RPO, OUTAGE = "drill_rto_seconds", "drill_rpo_seconds", "drill_outage_seconds"
WANTED = {RTO: "drill_rto_wanted", RPO: "drill_rpo_wanted", OUTAGE: "drill_outage_wanted"}  # at most

_STATES = {"passed": OperationState.SUCCEEDED.value, "failed": OperationState.FAILED.value}

_COUNT = """
    SELECT count(*) AS ended FROM operation
    WHERE cluster = :cluster AND kind IN (SELECT value FROM json_each(:kinds)) AND state IN (:passed, :failed)
"""
_ENDED = """
    SELECT operation.id AS id, operation.kind AS kind, operation.state AS state, operation.finished_at AS at,
           (SELECT json_group_array(json(step.found)) FROM step
            WHERE step.operation_id = operation.id AND step.found IS NOT NULL) AS found
    FROM operation
    WHERE operation.cluster = :cluster AND operation.kind IN (SELECT value FROM json_each(:kinds))
      AND operation.state IN (:passed, :failed) AND operation.finished_at IS NOT NULL
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
    kind: str = RESTORE_DRILL
    outage_seconds: float | None = None


def drills(db: Database, cluster: str, kinds: Sequence[str] = RESTORING, *, limit: int = 10) -> tuple[Drill, ...]:
    """Newest first."""
    parameters = {"cluster": cluster, "kinds": json.dumps(kinds), "limit": limit, **_STATES}
    return tuple(_drill(row) for row in db.query(_ENDED, parameters))


def count_of_drills(db: Database, cluster: str, kinds: Sequence[str] = RESTORING) -> int:
    """How many have ended by themselves."""
    parameters = {"cluster": cluster, "kinds": json.dumps(kinds), **_STATES}
    return int(next(db.query(_COUNT, parameters))["ended"])


def _drill(row: Mapping[str, Any]) -> Drill:
    found = {name: value for one in json.loads(row["found"]) for name, value in one.items()}
    return Drill(
        row["id"],
        from_text(row["at"]),
        row["state"] == OperationState.SUCCEEDED,
        _seconds(found, RTO),
        _seconds(found, RPO),
        row["kind"],
        _seconds(found, OUTAGE),
    )


def _seconds(found: Mapping[str, str], name: str) -> float | None:
    return float(found[name]) if name in found else None
