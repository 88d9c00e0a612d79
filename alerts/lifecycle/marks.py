"""What people do about an alert."""

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.lifecycle.shapes import Change, Transition
from ledger.alerts import AlertRow, AlertState
from ledger.who import Who


def acknowledge(alert: AlertRow, by: Who, now: datetime) -> Transition | None:
    """None where there is nothing to acknowledge: it is resolved, or somebody was first."""
    if alert.state is not AlertState.FIRING or alert.acknowledged_by is not None:
        return None
    after = replace(alert, acknowledged_by=by, acknowledged_at=now, attention=replace(alert.attention, repeats=0))
    return Transition(Change.ACKNOWLEDGED, alert, after, now)


def still_on_it(alert: AlertRow, by: Who, now: datetime) -> Transition | None:
    """The answer to the question; another than who was asked takes it over. None where nobody is asked any more."""
    if alert.state is not AlertState.FIRING or alert.attention.asked_at is None:
        return None
    after = replace(alert, acknowledged_by=by, acknowledged_at=now, attention=replace(alert.attention, asked_at=None))
    return Transition(Change.STILL_ON_IT, alert, after, now)


def silence(alert: AlertRow, by: Who, now: datetime, seconds: float | None) -> Transition | None:
    """For so many seconds, or until it is resolved (None). None where it is resolved, or silent at least as long."""
    if alert.state is not AlertState.FIRING:
        return None
    until = None if seconds is None else now + timedelta(seconds=seconds)
    if alert.silenced(now) and not _ends_before(alert.silenced_until, until):
        return None
    after = replace(alert, silenced_by=by, silenced_until=until, silence_id=None)
    return Transition(Change.SILENCED, alert, after, now)


def _ends_before(present: datetime | None, wanted: datetime | None) -> bool:
    """Whether a silence until `present` is the shorter one; None is until resolved."""
    return present is not None and (wanted is None or present < wanted)
