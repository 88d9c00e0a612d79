"""One operation at a time per cluster: a lock with a fencing number that grows with every holder.

A lock is never taken over because time has passed: only by somebody who names the number he has seen, after he has
made sure that its holder is gone.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlite_utils import Database

from ledger.times import from_text, to_text


@dataclass(frozen=True, slots=True)
class Lock:
    """`owner` names the process that runs the operation; `fencing` is unique to this holding."""

    cluster: str
    operation_id: str
    owner: str
    fencing: int
    acquired_at: datetime


class LockHeld(Exception):
    """Another operation holds the cluster; `holder` is its lock."""

    def __init__(self, holder: Lock) -> None:
        super().__init__(
            f"Operation {holder.operation_id} holds {holder.cluster} since {holder.acquired_at:%Y-%m-%d %H:%M:%S} UTC; "
            "wait until it has ended, or cancel it."
        )
        self.holder = holder


class LockLost(Exception):
    """The lock is not, or no longer, held with that number; `holder` is the lock that stands, if any."""

    def __init__(self, cluster: str, fencing: int | None, holder: Lock | None) -> None:
        present = "nobody holds it" if holder is None else f"operation {holder.operation_id} holds it ({holder.owner})"
        super().__init__(f"The lock of {cluster} is not held with number {fencing}: {present}. Nothing more is done.")
        self.holder = holder


_HOLDER = "SELECT cluster, operation_id, owner, fencing, acquired_at FROM cluster_lock WHERE cluster = :cluster"
_HOLDERS = "SELECT cluster, operation_id, owner, fencing, acquired_at FROM cluster_lock ORDER BY cluster"
_NEXT = "UPDATE fencing SET last = last + 1"
_LAST = "SELECT last FROM fencing"
_INSERT = """
    INSERT INTO cluster_lock (cluster, operation_id, owner, fencing, acquired_at)
    VALUES (:cluster, :operation_id, :owner, :fencing, :acquired_at)
"""
_DELETE = "DELETE FROM cluster_lock WHERE cluster = :cluster AND fencing = :fencing"


def acquire(db: Database, cluster: str, operation_id: str, owner: str, *, at: datetime) -> int:
    """The fencing number. Raises LockHeld when anybody holds the cluster, be it the same operation."""
    standing = holder(db, cluster)
    if standing is not None:
        raise LockHeld(standing)
    return _insert(db, cluster, operation_id, owner, at)


def take_over(db: Database, cluster: str, operation_id: str, owner: str, *, fencing: int, at: datetime) -> int:
    """A new fencing number in place of `fencing`, whose holder is known to be gone; that one can do nothing more.

    Raises LockLost when the lock is not (or no longer) held with that number.
    """
    release(db, cluster, fencing)
    return _insert(db, cluster, operation_id, owner, at)


def release(db: Database, cluster: str, fencing: int) -> None:
    """Raises LockLost when the lock is not held with that number."""
    if db.execute(_DELETE, {"cluster": cluster, "fencing": fencing}).rowcount != 1:
        raise LockLost(cluster, fencing, holder(db, cluster))


def holder(db: Database, cluster: str) -> Lock | None:
    for row in db.query(_HOLDER, {"cluster": cluster}):
        return _lock(row)
    return None


def holders(db: Database) -> list[Lock]:
    """Every lock that is held, by cluster."""
    return [_lock(row) for row in db.query(_HOLDERS)]


def check(db: Database, cluster: str, operation_id: str, fencing: int | None) -> None:
    """Raises LockLost unless that operation holds the cluster with that number."""
    standing = holder(db, cluster)
    if standing is None or (standing.operation_id, standing.fencing) != (operation_id, fencing):
        raise LockLost(cluster, fencing, standing)


def _insert(db: Database, cluster: str, operation_id: str, owner: str, at: datetime) -> int:
    db.execute(_NEXT)
    fencing = int(db.execute(_LAST).fetchone()[0])
    parameters = {
        "cluster": cluster,
        "operation_id": operation_id,
        "owner": owner,
        "fencing": fencing,
        "acquired_at": to_text(at),
    }
    db.execute(_INSERT, parameters)
    return fencing


def _lock(row: Mapping[str, Any]) -> Lock:
    return Lock(
        cluster=row["cluster"],
        operation_id=row["operation_id"],
        owner=row["owner"],
        fencing=row["fencing"],
        acquired_at=from_text(row["acquired_at"]),
    )
