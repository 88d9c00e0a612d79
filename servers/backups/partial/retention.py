"""What retention lets go of dumps and backups of volumes. A pure decision."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from servers.backups.partial.place import PartRetention
from servers.backups.partial.state import PartialBackup


@dataclass(frozen=True, slots=True)
class Decision:
    """What goes and what stays, in the order in which it was found."""

    go: tuple[PartialBackup, ...]
    stay: tuple[PartialBackup, ...]


def decide(backups: Sequence[PartialBackup], keep: PartRetention, now: datetime) -> Decision:
    """Of the good ones that bear this part's own mark there stay the newest `keep.newest`, all that are younger than
    `keep.age`, and the newest one that was verified. Everything else stays too, and counts for none of these: what is
    not complete, what failed its verification, and what bears no mark of ours. Only people know what it is for.
    """
    good = sorted((one for one in backups if one.good and one.ours), key=_finished, reverse=True)
    kept = set(good[: max(1, keep.newest)])
    if keep.age is not None:
        cutoff = now - timedelta(seconds=keep.age)
        kept |= {one for one in good if _finished(one) > cutoff}
    kept |= set([one for one in good if one.verified_at is not None][:1])
    go = tuple(one for one in backups if one in good and one not in kept)
    return Decision(go, tuple(one for one in backups if one not in go))


def _finished(backup: PartialBackup) -> datetime:
    assert backup.finished_at is not None  # noqa: S101 - asked of complete ones alone
    return backup.finished_at
