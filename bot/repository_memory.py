"""What was used of the repositories' disks before this process: without it a restart makes predictions begin anew."""

from collections.abc import Iterable
from datetime import datetime

import structlog

from alerts.probes.repository_disk import BYTES_LEFT, BYTES_USED
from ledger.history.history import History, HistoryUnreadable
from servers.backups.filling import APART, LONGEST, Sample
from servers.observe import Observer

log = structlog.get_logger(__name__)


async def remember_repositories(observer: Observer, history: History, clusters: Iterable[str], now: datetime) -> None:
    """Read from the history, once, at the start. Without it a disk is predicted once it was seen for some hours."""
    points = LONGEST // APART
    for cluster in clusters:
        try:
            found = await history.every_series(cluster, (BYTES_USED, BYTES_LEFT), now - LONGEST, now, points)
        except HistoryUnreadable as error:
            log.info("repositories.no_past", reason=str(error))
            return
        used = {series.subject: series for series in found if series.name == BYTES_USED}
        left = {series.subject: series for series in found if series.name == BYTES_LEFT}
        for path in used.keys() & left.keys():
            room = {at: bucket for at, bucket in left[path].points() if bucket is not None}
            samples = (
                Sample(at, round(bucket.mean), round(room[at].mean))
                for at, bucket in used[path].points()
                if bucket is not None and at in room
            )
            observer.remember_disk(cluster, path, samples)
