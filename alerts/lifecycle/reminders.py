"""What time alone does to an alert that fires: it is said again, more and more seldom, while nobody takes it up; who
has acknowledged it is asked after a while, and without an answer the next ones are called.

The pauses double because a reminder that comes every five minutes all night teaches people to look away; Alertmanager's
`repeat_interval` and PagerDuty's acknowledgement timeout are the usual single steps of it.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from alerts.lifecycle.shapes import Change
from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow, Attention, Severity

Reminder = tuple[Change | None, AlertRow]


def remind(alert: AlertRow, now: datetime, thresholds: Thresholds) -> Reminder:
    """What is due at that time for an alert that fires and stands for itself."""
    if alert.silenced(now):
        return None, alert
    if alert.acknowledged_by is not None:
        return _ask(alert, now, thresholds)
    if alert.severity is Severity.INFO:
        return None, alert
    pause = repeat_after(alert.severity, alert.attention.repeats, thresholds)
    told = alert.attention.told_at or alert.fired_at or alert.since
    if pause is None or now < told + pause:
        return None, alert
    return Change.REPEATED, replace(alert, attention=said(alert, now, again=True))


def repeat_after(severity: Severity, repeats: int, thresholds: Thresholds) -> timedelta | None:
    """How long it is left alone before it is said again, having been repeated so often; None: it never is."""
    first = thresholds.repeat_critical if severity is Severity.CRITICAL else thresholds.repeat_warning
    if not first:
        return None
    longest = max(first, thresholds.repeat_longest)
    # A power that no float holds is of no use to anybody.
    return timedelta(seconds=min(first * 2.0 ** min(repeats, 60), longest))


def said(alert: AlertRow, now: datetime, *, again: bool = False) -> Attention:
    """That it was said now. Again: a critical one calls the next group of its route as well."""
    before = alert.attention
    if not again:
        return Attention(called=1, told_at=now)
    called = before.called + 1 if alert.severity is Severity.CRITICAL else before.called
    return replace(before, called=called, told_at=now, repeats=before.repeats + 1)


def _ask(alert: AlertRow, now: datetime, thresholds: Thresholds) -> Reminder:
    asked, since = alert.attention.asked_at, alert.acknowledged_at or now
    if asked is None:
        lasts = _acknowledgement_lasts(alert, thresholds)
        if not lasts or now < since + timedelta(seconds=lasts):
            return None, alert
        return Change.ASKED, replace(alert, attention=replace(alert.attention, asked_at=now))
    if now < asked + timedelta(seconds=thresholds.acknowledged_answer_within):
        return None, alert
    attention = Attention(called=alert.attention.called + 1, told_at=now)
    return Change.LEFT, replace(alert, acknowledged_by=None, acknowledged_at=None, attention=attention)


def _acknowledgement_lasts(alert: AlertRow, thresholds: Thresholds) -> float:
    if alert.severity is Severity.CRITICAL:
        return thresholds.acknowledged_critical_for
    return thresholds.acknowledged_warning_for
