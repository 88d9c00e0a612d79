"""Alerts of one rule that begin together on a cluster: one message tells them, that of the first. Pure.

Like Alertmanager's `group_by: [cluster, alertname]`, but only for what begins at about the same time, and never what
is worse than what the message tells: a message must not change its meaning behind people's backs.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from alerts.lifecycle.shapes import held
from ledger.alerts import AlertRow, Severity, at_least

Firing = Mapping[tuple[str, str], AlertRow]  # by rule and subject


def told_with(
    rule: str, subject: str, severity: Severity, firing: Firing, now: datetime, within_seconds: float
) -> str | None:
    """The message of the alert that it is told with; None where it has one of its own."""
    alert = firing.get((rule, subject))
    if alert is not None and not held(alert):
        return None
    for (name, other), first in firing.items():
        if name != rule or other == subject or held(first) or not at_least(first.severity, severity):
            continue
        joined = alert is not None and alert.group == first.group
        if joined or (alert is None and _begins_with(first, now, within_seconds)):
            return first.group
    return None


def _begins_with(first: AlertRow, now: datetime, within_seconds: float) -> bool:
    """A message that somebody has marked already is not added to: they marked what they saw."""
    marked = first.acknowledged_by is not None or first.silenced_by is not None
    fired_at = first.fired_at or first.since
    return bool(within_seconds) and not marked and now - fired_at <= timedelta(seconds=within_seconds)
