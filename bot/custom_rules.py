"""What rules over time need to know of the time before this process: read from the history, once, at the start."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import structlog

from alerts.rules.custom.custom_rule import CustomRules
from ledger.history.history import History, HistoryUnreadable
from ledger.history.tiers import FINE

log = structlog.get_logger(__name__)


async def remember_past(custom_rules: CustomRules, history: History, clusters: Iterable[str], now: datetime) -> None:
    """Without a history the rules are unknown until they have seen enough themselves."""
    if not custom_rules.longest:
        return
    back = max(custom_rules.longest.values())
    start, points = now - timedelta(seconds=back), int(back // FINE.step) + 2
    for cluster in clusters:
        windows = custom_rules.windows(cluster)
        try:
            for series in await history.every_series(cluster, custom_rules.longest, start, now, points):
                for at, bucket in series.points():
                    if bucket is not None:
                        windows.put(series.name, series.subject, int(at.timestamp()), bucket)
        except HistoryUnreadable as error:
            log.info("rules.no_past", reason=str(error))
            return
