"""What the earlier backups tell of the next one. Pure."""

from statistics import median

from servers.backups.wanted import BackupKind
from servers.state import BackupState, BaseBackup

_LAST = 5  # as many backups make the typical rate


def complete(backups: BackupState, kind: BackupKind) -> tuple[BaseBackup, ...]:
    """The complete ones of that kind, newest first."""
    found = [one for one in backups.backups if one.finished_at is not None and one.kind == kind]
    return tuple(sorted(found, key=lambda one: one.finished_at.timestamp() if one.finished_at else 0.0, reverse=True))


def latest(backups: BackupState, kind: BackupKind) -> BaseBackup | None:
    """The newest complete one of that kind."""
    return next(iter(complete(backups, kind)), None)


def typical_rate(backups: BackupState, kind: BackupKind) -> float | None:
    """Bytes stored a second: the median of the last ones of that kind; None where none tells its times and size."""
    rates = [
        one.size / seconds
        for one in complete(backups, kind)[:_LAST]
        if one.size and one.started_at and one.finished_at
        if (seconds := (one.finished_at - one.started_at).total_seconds()) >= 1
    ]
    return median(rates) if rates else None
