"""The disks on which the backups lie: how full, and when one will be."""

import math
from datetime import timedelta

from alerts.observation import Look, Observation, Unit
from ledger.quantities import bytes_text, seconds_text, share_text
from servers.backups.filling import Filling, growth, seconds_left

REPOSITORY_USED = "repository_used"
REPOSITORY_FULL_IN = "repository_full_in"
BYTES_USED, BYTES_LEFT = "repository_bytes_used", "repository_bytes_left"  # of each disk, for the history


def repository_disk(look: Look) -> tuple[Observation, ...]:
    """`repository_used` (the share of the fullest) and `repository_full_in` (seconds until the first one is full, by a
    straight line through the last days; infinite where none grows). Unknown without disks, or with too short a history.
    For each disk, how much is used and left, by its path: that outlives a restart.
    """
    if look.cluster.backups is None:
        return ()
    name, found = look.cluster.name, look.state.backups
    disks = found.disks if found is not None and found.answer.ok else ()
    used = max((disk.used_fraction for disk in disks), default=None)
    lines = tuple(f"{d.path}: {share_text(d.used_fraction)} used, {bytes_text(d.available)} left" for d in disks)
    left, evidence = _soonest(look)
    return (
        Observation(REPOSITORY_USED, name, used, Unit.SHARE, lines),
        Observation(REPOSITORY_FULL_IN, name, left, Unit.SECONDS, evidence),
        *(Observation(BYTES_USED, disk.path, float(disk.used), Unit.BYTES) for disk in disks),
        *(Observation(BYTES_LEFT, disk.path, float(disk.available), Unit.BYTES) for disk in disks),
    )


def _soonest(look: Look) -> tuple[float | None, tuple[str, ...]]:
    """One disk of which it cannot be told leaves the whole unknown, unless another one is known to fill up."""
    known = [(left, one) for one in look.state.filling if (left := seconds_left(one.samples)) is not None]
    if not known:
        return None, ()
    left, filling = min(known, key=lambda one: one[0])
    if math.isinf(left):
        return (left if len(known) == len(look.state.filling) else None), ()
    return left, (_line(left, filling),)


def _line(left: float, filling: Filling) -> str:
    rate = growth(filling.samples) or 0.0
    at = filling.samples[-1].at + timedelta(seconds=min(left, timedelta(days=3650).total_seconds()))
    return (
        f"{filling.path} grew by {bytes_text(rate * 86400)} a day over the last {seconds_text(filling.span)}, "
        f"and is full about {at:%Y-%m-%d %H:00} UTC"
    )
