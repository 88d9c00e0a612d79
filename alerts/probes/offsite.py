"""The copies off site: whether the newest backup and the WAL are there, and whether they are what was copied."""

from datetime import datetime

from alerts.observation import Look, Observation, Unit
from ledger.quantities import seconds_text
from servers.state import BackupState, OffsiteState

OFFSITE_BACKUP_LATE = "offsite_backup_late"
OFFSITE_WAL_LATE = "offsite_wal_late"
OFFSITE_DIFFERENCES = "offsite_differences"

_UNITS = {OFFSITE_BACKUP_LATE: Unit.SECONDS, OFFSITE_WAL_LATE: Unit.SECONDS, OFFSITE_DIFFERENCES: Unit.COUNT}


def offsite(look: Look) -> tuple[Observation, ...]:
    """`offsite_backup_late` (for how many seconds the newest complete backup has waited to be off site, 0: it is),
    `offsite_wal_late` (seconds since all WAL was there) and `offsite_differences` (files that are not as copied).

    Nothing where the settings name no place off site; unknown values where it did not answer.
    """
    if look.cluster.backups is None or look.cluster.backups.offsite is None:
        return ()
    found, now, name = look.state.backups, look.state.at, look.cluster.name
    there = found.offsite if found is not None and found.answer.ok else None
    if found is None or there is None or not there.answer.ok:
        return tuple(Observation(each, name, None, unit) for each, unit in _UNITS.items())
    late, late_evidence = _late(found, there, now)
    wal, wal_evidence = _wal(there, now)
    differing = tuple(f"{each.name}: {line}" for each in there.backups for line in each.differences)
    return (
        Observation(OFFSITE_BACKUP_LATE, name, late, Unit.SECONDS, late_evidence),
        Observation(OFFSITE_WAL_LATE, name, wal, Unit.SECONDS, wal_evidence),
        Observation(OFFSITE_DIFFERENCES, name, float(len(differing)), Unit.COUNT, differing),
    )


def _late(found: BackupState, there: OffsiteState, now: datetime) -> tuple[float, tuple[str, ...]]:
    """Only the newest counts: those before it follow, or went with the time."""
    ended = [(one.finished_at, one.name) for one in found.backups if one.finished_at is not None]
    at, name = max(ended, default=(None, ""))
    if at is None or name in {each.name for each in there.backups}:
        return 0.0, ()
    waits = max(0.0, (now - at).total_seconds())
    return waits, (f"backup {name} ended {seconds_text(waits)} ago, and is not off site as a whole",)


def _wal(there: OffsiteState, now: datetime) -> tuple[float | None, tuple[str, ...]]:
    if there.wal_copied_at is None:
        return None, ()
    age = max(0.0, (now - there.wal_copied_at).total_seconds())
    return age, (f"all archived WAL was last off site {seconds_text(age)} ago",)
