"""Writes that a storm begins or is over; within the caller's transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlite_utils import Database

from alerts.lifecycle import Transition
from alerts.looking_around import weather_of
from alerts.storm_page import draw_storm
from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow
from ledger.audit import UNDERSTUDY, AuditEntry, AuditKind, append
from ledger.storms import begin_storm, end_storm, open_storm, open_storms, storm, storm_group


def in_storm(alert: AlertRow) -> bool:
    """Whether it is told in a storm's table."""
    return alert.group.startswith(storm_group(""))


def storms_of(db: Database) -> frozenset[str]:
    """The channels in which one blows."""
    return frozenset(one.channel for one in open_storms(db))


def begin_those(db: Database, transitions: Sequence[Transition]) -> None:
    """Begins each storm that one of these alerts is the first to be told in."""
    for transition in transitions:
        alert = transition.after
        storm_id = alert.group.removeprefix(storm_group(""))
        if not in_storm(alert) or alert.channel is None or storm(db, storm_id) is not None:
            continue
        begin_storm(db, storm_id, alert.channel, transition.at)
        _audit(db, AuditKind.STORM_BEGUN, alert.channel, storm_id, transition.at)


def end_those_over(db: Database, channels: Iterable[str], now: datetime, limits: Thresholds) -> None:
    """Ends the storms in these channels that are still over, and says so there."""
    for channel in channels:
        blowing = open_storm(db, channel)
        if blowing is None or not weather_of(db, channel, now, limits).over:
            continue
        end_storm(db, blowing.id, now)
        draw_storm(db, blowing.group, now, ended=True)
        _audit(db, AuditKind.STORM_ENDED, channel, blowing.id, now)


def _audit(db: Database, kind: AuditKind, channel: str, storm_id: str, at: datetime) -> None:
    append(db, AuditEntry(at, kind, UNDERSTUDY, place=channel, details={"storm": storm_id}))
