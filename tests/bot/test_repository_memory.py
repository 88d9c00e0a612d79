"""What was used of the repositories' disks outlives a restart: predictions go on with it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from alerts.observation import Observation, Unit
from alerts.probes.repository_disk import BYTES_LEFT, BYTES_USED
from bot.repository_memory import remember_repositories
from ledger.history.history import History
from servers.backups.filling import Sample, seconds_left
from servers.observe import Observer

BEGIN = datetime(2026, 1, 31, tzinfo=UTC)
HOURS, PER_HOUR, DISK = 12, 10**9, 100 * 10**9


@dataclass
class Remembering:
    """Stands in for the observer."""

    seen: dict[tuple[str, str], tuple[Sample, ...]] = field(default_factory=dict)

    def remember_disk(self, cluster: str, path: str, samples: Iterable[Sample]) -> None:
        self.seen[cluster, path] = tuple(samples)


async def test_a_disk_that_filled_before_the_restart_is_predicted_at_once(tmp_path: Path) -> None:
    now = BEGIN + timedelta(hours=HOURS)
    history = History(tmp_path / "history.sqlite3", 2**30, lambda: now + timedelta(hours=1))
    for minutes in range(0, HOURS * 60, 10):
        used = float(minutes / 60 * PER_HOUR)
        both = ((BYTES_USED, used), (BYTES_LEFT, DISK - used))
        observed = [Observation(name, "/backups", value, Unit.BYTES) for name, value in both]
        history.record("shop", BEGIN + timedelta(minutes=minutes), observed)
    await history.flush()
    observer = Remembering()

    await remember_repositories(cast(Observer, observer), history, ("shop", "books"), now)
    await history.close()

    assert list(observer.seen) == [("shop", "/backups")]
    left = seconds_left(observer.seen["shop", "/backups"])
    assert left == pytest.approx((DISK / PER_HOUR - HOURS) * 3600, rel=0.02)
