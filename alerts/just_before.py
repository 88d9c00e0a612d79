"""What else changed shortly before an alert began, in three lines at most. Pure, but for the reading.

Nothing here says that one thing caused the other: only that it came just before.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlite_utils import Database

from alerts.observation import Observation
from alerts.probes.blocked_sessions import BLOCKED_SECONDS
from alerts.rules.locks import BLOCKED
from alerts.wording import title_of
from ledger.alerts import AlertRow, begun_between
from ledger.happened import Happened, happened
from ledger.quantities import seconds_text

# A deploy shows some time after it; an alert that has to do with another one follows it soon.
CHANGES_WITHIN = timedelta(minutes=30)
ALERTS_WITHIN = timedelta(minutes=5)
MOST = 3


def read_before(db: Database, alert: AlertRow) -> tuple[str, ...]:
    """The lines for that alert, as the ledger has it; the same however often it is asked."""
    others = begun_between(db, alert.cluster, alert.since - ALERTS_WITHIN, alert.since, MOST + 1)
    return just_before(alert, happened(db, alert.cluster, alert.since - CHANGES_WITHIN, alert.since), others)


def just_before(alert: AlertRow, changes: Iterable[Happened], others: Iterable[AlertRow]) -> tuple[str, ...]:
    """What came last before it first; of an operation what it did last."""
    told: dict[str, tuple[datetime, str]] = {}
    for one in sorted(changes, key=lambda one: one.at, reverse=True):
        if alert.since - CHANGES_WITHIN <= one.at < alert.since:
            told.setdefault(one.operation or one.what, (one.at, one.what))
    for other in others:
        near = alert.since - ALERTS_WITHIN <= other.since < alert.since
        if near and other.id != alert.id and other.group != alert.group:
            told[other.id] = (other.since, f"{title_of(other)} ({other.id})")
    newest = sorted(told.values(), key=lambda pair: pair[0], reverse=True)
    return tuple(f"{_ago(alert.since - at)} before: {what}" for at, what in newest[:MOST])


def blocked_now(alert: AlertRow, observed: Sequence[Observation]) -> tuple[str, ...]:
    """Who holds others up while it is told; nothing for the alert that is about just that."""
    if alert.rule == BLOCKED.name:
        return ()
    waits = (one for one in observed if one.name == BLOCKED_SECONDS and one.value and one.evidence)
    longest = max(waits, key=lambda one: one.value or 0.0, default=None)
    return () if longest is None else (f"Sessions wait for a lock on {longest.subject}: {longest.evidence[0]}",)


def _ago(span: timedelta) -> str:
    return seconds_text(round(span.total_seconds())) if span >= timedelta(seconds=1) else "Less than 1 s"
