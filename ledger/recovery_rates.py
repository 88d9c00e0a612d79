"""How fast restores of a cluster were, as the steps of earlier ones have found."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlite_utils import Database

from ledger.times import from_text

# What a step that lays a backup out, or replays WAL, leaves in what it found: bytes, and the seconds they took.
LAID_OUT_BYTES, LAID_OUT_SECONDS = "laid_out_bytes", "laid_out_seconds"
REPLAYED_BYTES, REPLAYED_SECONDS = "replayed_bytes", "replayed_seconds"
_SHORTEST = 1.0  # seconds: what took less measures nothing

_FOUND = """
    SELECT step.found AS found, step.operation_id AS operation, step.finished_at AS at
    FROM step JOIN operation ON operation.id = step.operation_id
    WHERE operation.cluster = :cluster AND operation.kind IN ('restore', 'restore drill', 'full drill')
      AND step.found IS NOT NULL AND step.finished_at IS NOT NULL
    ORDER BY step.finished_at DESC LIMIT 40
"""


@dataclass(frozen=True, slots=True)
class Rate:
    """Bytes a second, as the operation of that id measured it."""

    bytes_a_second: float
    operation: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RecoveryRates:
    """The newest measurement of each; None: there is none yet."""

    lay_out: Rate | None = None
    replay: Rate | None = None


NOTHING_MEASURED = RecoveryRates()


@dataclass(frozen=True, slots=True)
class _Found:
    values: dict[str, str]
    operation: str
    at: datetime


def recovery_rates(db: Database, cluster: str) -> RecoveryRates:
    rows = db.query(_FOUND, {"cluster": cluster})
    found = [_Found(json.loads(row["found"]), row["operation"], from_text(row["at"])) for row in rows]
    return RecoveryRates(
        _newest(found, LAID_OUT_BYTES, LAID_OUT_SECONDS), _newest(found, REPLAYED_BYTES, REPLAYED_SECONDS)
    )


def _newest(found: Sequence[_Found], amount: str, seconds: str) -> Rate | None:
    for one in found:
        took = float(one.values.get(seconds, "0"))
        if amount in one.values and took >= _SHORTEST:
            return Rate(max(float(one.values[amount]) / took, 1.0), one.operation, one.at)
    return None
