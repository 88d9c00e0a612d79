"""The newest backup against those before it, and when one was last verified."""

import math
from datetime import datetime
from statistics import median

from alerts.observation import Look, Observation, Unit
from ledger.quantities import bytes_text, count_text, seconds_text
from servers.state import BackupState, BaseBackup

BACKUP_SIZE = "backup_size"
BACKUP_UNVERIFIED = "backup_unverified"

_LAST, _FEWEST = 7, 3  # earlier ones of the same kind that make its usual size


def backup_history(look: Look) -> tuple[Observation, ...]:
    """`backup_size` (the newest complete one, as a multiple of the median of those of its kind before it) and
    `backup_unverified` (seconds since a complete one was last verified; where none ever was, since the oldest of them).

    Unknown where the listing did not answer, where there are too few to compare, and where there is none to verify.
    """
    if look.cluster.backups is None:
        return ()
    found, name = look.state.backups, look.cluster.name
    complete = _complete(found) if found is not None and found.answer.ok else ()
    size, size_evidence = _size(complete)
    unverified, verified_evidence = _unverified(complete, look.state.at)
    return (
        Observation(BACKUP_SIZE, name, size, Unit.TIMES, size_evidence),
        Observation(BACKUP_UNVERIFIED, name, unverified, Unit.SECONDS, verified_evidence),
    )


def _complete(found: BackupState) -> tuple[tuple[datetime, BaseBackup], ...]:
    """With their ends, newest first."""
    ended = [(one.finished_at, one) for one in found.backups if one.finished_at is not None]
    return tuple(sorted(ended, key=lambda one: one[0], reverse=True))


def _size(complete: tuple[tuple[datetime, BaseBackup], ...]) -> tuple[float | None, tuple[str, ...]]:
    sized = [one for _, one in complete if one.size > 0]
    if not sized:
        return None, ()
    newest = sized[0]
    earlier = [one.size for one in sized[1:] if (one.kind, one.repository) == (newest.kind, newest.repository)][:_LAST]
    if len(earlier) < _FEWEST:
        return None, ()
    usual = median(earlier)
    return newest.size / usual, (
        f"{newest.name} has {bytes_text(newest.size)}; the {count_text(len(earlier), 'backup')} before it "
        f"have {bytes_text(usual)} (median)",
    )


def _unverified(
    complete: tuple[tuple[datetime, BaseBackup], ...], now: datetime
) -> tuple[float | None, tuple[str, ...]]:
    if not complete:
        return None, ()
    verified = [(one.verified_at, one) for _, one in complete if one.verified_at is not None]
    if not verified:
        age = max(0.0, (now - complete[-1][0]).total_seconds())
        return age, (f"none of {count_text(len(complete), 'complete backup')} is known to have been verified",)
    at, newest = max(verified, key=lambda one: one[0])
    age = max(0.0, (now - at).total_seconds())
    return (age if math.isfinite(age) else None), (f"{newest.name} was verified {seconds_text(age)} ago",)
