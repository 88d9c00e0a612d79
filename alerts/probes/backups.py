"""The base backups: how old the last good one is, and whether a later one came to nothing."""

import math
from datetime import datetime

from alerts.observation import Look, Observation, Unit
from ledger.quantities import bytes_text, seconds_text
from servers.state import BackupState, BaseBackup

BACKUP_AGE = "backup_age"
BACKUP_INCOMPLETE_AGE = "backup_incomplete_age"


def backups(look: Look) -> tuple[Observation, ...]:
    """`backup_age` (seconds since the newest complete one ended; infinite where there is none) and
    `backup_incomplete_age` (seconds since a newer one began that is not complete; 0 where there is none).

    Nothing where no backup place is configured; unknown values where it was not asked or did not answer.
    """
    if look.cluster.backups is None:
        return ()
    found = look.state.backups
    age, age_evidence = (None, ()) if found is None or not found.answer.ok else _age(found, look.state.at)
    begun, begun_evidence = (None, ()) if found is None or not found.answer.ok else _incomplete(found, look.state.at)
    return (
        Observation(BACKUP_AGE, look.cluster.name, age, Unit.SECONDS, age_evidence),
        Observation(BACKUP_INCOMPLETE_AGE, look.cluster.name, begun, Unit.SECONDS, begun_evidence),
    )


def _age(found: BackupState, now: datetime) -> tuple[float, tuple[str, ...]]:
    ends = [(backup.finished_at, backup) for backup in found.backups if backup.finished_at is not None]
    if not ends:
        return math.inf, ("there is no complete base backup",)
    finished_at, newest = max(ends, key=lambda end: end[0])
    age = max(0.0, (now - finished_at).total_seconds())
    return age, (
        f"the last complete base backup, {newest.name} ({bytes_text(newest.size)}), ended {seconds_text(age)} ago",
    )


def _incomplete(found: BackupState, now: datetime) -> tuple[float | None, tuple[str, ...]]:
    """An incomplete backup older than a complete one is of no interest. One whose start is not known stays unknown."""
    last_good = max((backup.finished_at for backup in found.backups if backup.finished_at is not None), default=None)
    begun = [backup for backup in found.backups if _newer_and_incomplete(backup, last_good)]
    if not begun:
        return 0.0, ()
    known = [(now - backup.started_at).total_seconds() for backup in begun if backup.started_at is not None]
    lines = tuple(f"base backup {backup.name} is not complete" for backup in begun)
    return (max(0.0, *known), lines) if known else (None, lines)


def _newer_and_incomplete(backup: BaseBackup, last_good: datetime | None) -> bool:
    if backup.finished_at is not None:
        return False
    return backup.started_at is None or last_good is None or backup.started_at > last_good
