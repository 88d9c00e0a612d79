"""What becomes of one alert when something is found, or when somebody presses a button. Pure.

    (nothing) → pending → firing → resolved → (firing again within the flap window: the same alert) → (forgotten)

Acknowledged and silenced are marks on a firing alert. An alert that is the consequence of another one, or of a running
operation, fires held back: its `group` names the message of its cause, and it gets a message of its own only when it
outlives the cause. Pending is not recorded: after a restart the rule's `for` begins anew, and nothing was said yet.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from alerts.rules.rule import Bad, Ok, Result, Rule
from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.who import Who


class Change(StrEnum):
    """A change of state that is recorded and told."""

    FIRED = "fired"
    FIRED_AGAIN = "fired again"
    ESCALATED = "escalated"
    EASED = "eased"
    RESOLVED = "resolved"
    RELEASED = "no longer held back"
    ACKNOWLEDGED = "acknowledged"
    SILENCED = "silenced"
    SILENCE_ENDED = "silence ended"


@dataclass(frozen=True, slots=True)
class Track:
    """What is kept of one rule and subject: the alert (firing, or resolved a moment ago), since when it is bad without
    firing, and since when it is well without being resolved."""

    alert: AlertRow | None = None
    pending_since: datetime | None = None
    well_since: datetime | None = None

    @property
    def firing(self) -> AlertRow | None:
        return self.alert if self.alert is not None and self.alert.state is AlertState.FIRING else None

    @property
    def empty(self) -> bool:
        return self.alert is None and self.pending_since is None


@dataclass(frozen=True, slots=True)
class Transition:
    """One change of state: what it was, what it is, and when."""

    change: Change
    before: AlertRow | None
    after: AlertRow
    at: datetime


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found about a subject. `cause` is the message of what would explain it, if anything does now."""

    rule: Rule
    cluster: str
    subject: str
    result: Result
    cause: str | None = None


Advance = tuple[Track, Transition | None]


def own_group(alert_id: str) -> str:
    """The message of an alert that stands for itself."""
    return f"alert/{alert_id}"


def held(alert: AlertRow) -> bool:
    """Whether it is shown only as the consequence of something else."""
    return alert.group != own_group(alert.id)


def advance(
    track: Track, finding: Finding, now: datetime, thresholds: Thresholds, new_id: Callable[[], str]
) -> Advance:
    """The track after the finding, and the change of state if there was one. Without data, time alone changes marks."""
    firing = track.firing
    if firing is not None:
        return _advance_firing(track, firing, finding, now, thresholds)
    if isinstance(finding.result, Bad):
        return _advance_bad(track, finding, finding.result, now, thresholds, new_id)
    if isinstance(finding.result, Ok):
        track = replace(track, pending_since=None)
    return _forget_when_past(track, now, thresholds), None


def _advance_bad(
    track: Track, finding: Finding, bad: Bad, now: datetime, thresholds: Thresholds, new_id: Callable[[], str]
) -> Advance:
    since = min(track.pending_since or now, now)  # a clock that was set back must not hold an alert up
    if (now - since).total_seconds() < finding.rule.hold(thresholds):
        return replace(track, pending_since=since), None
    earlier = track.alert
    # What is held back gets a message of its own later, and must not slip into one that people are done with.
    if earlier is not None and finding.cause is None and _same_again(earlier, since, thresholds):
        alert = replace(_seen(earlier, bad, now), state=AlertState.FIRING, fired_at=now, resolved_at=None)
        alert = replace(alert, severity=bad.severity)
        return Track(alert), Transition(Change.FIRED_AGAIN, earlier, alert, now)
    alert = _new(finding, bad, since, now, new_id())
    if earlier is not None and earlier.silenced(now):
        alert = replace(alert, silenced_by=earlier.silenced_by, silenced_until=earlier.silenced_until)
    return Track(alert), Transition(Change.FIRED, None, alert, now)


def _new(finding: Finding, bad: Bad, since: datetime, now: datetime, alert_id: str) -> AlertRow:
    return AlertRow(
        id=alert_id,
        rule=finding.rule.name,
        cluster=finding.cluster,
        subject=finding.subject,
        severity=bad.severity,
        state=AlertState.FIRING,
        value=bad.value,
        threshold=bad.threshold,
        evidence="\n".join(bad.evidence),
        group=finding.cause or own_group(alert_id),
        since=since,
        last_seen_at=now,
        fired_at=now,
    )


def _advance_firing(track: Track, alert: AlertRow, finding: Finding, now: datetime, thresholds: Thresholds) -> Advance:
    result = finding.result
    well_since = None if isinstance(result, Bad) else track.well_since
    if isinstance(result, Ok):
        well_since = min(track.well_since or now, now)
        keep = finding.rule.keep(thresholds) if finding.rule.keep is not None else 0.0
        if (now - well_since).total_seconds() >= keep:
            return _resolve(alert, result, now)
    seen = _seen(alert, result, now) if isinstance(result, Bad) else alert
    change, after = _change_of(seen, finding, now, thresholds)
    advanced = Track(after, well_since=well_since)
    return advanced, None if change is None else Transition(change, alert, after, now)


def _change_of(
    alert: AlertRow, finding: Finding, now: datetime, thresholds: Thresholds
) -> tuple[Change | None, AlertRow]:
    """The most important change that is due; the others come with the next look."""
    severity = _severity(alert, finding, now, thresholds)
    if severity is Severity.CRITICAL and alert.severity is not Severity.CRITICAL:
        # Who silenced the warning has not heard of this.
        return Change.ESCALATED, replace(alert, severity=severity, silenced_by=None, silenced_until=None)
    if held(alert) and _outlived_cause(alert, finding, now, thresholds):
        return Change.RELEASED, replace(alert, severity=severity, group=own_group(alert.id), fired_at=now)
    if severity is not alert.severity:
        return Change.EASED, replace(alert, severity=severity)
    if alert.silenced_by is not None and not alert.silenced(now):
        return Change.SILENCE_ENDED, replace(alert, silenced_by=None, silenced_until=None)
    return None, alert


def _severity(alert: AlertRow, finding: Finding, now: datetime, thresholds: Thresholds) -> Severity:
    """The data's, raised when a warning has been left alone for too long. Without data it stays as it is."""
    if not isinstance(finding.result, Bad):
        return alert.severity
    after = finding.rule.critical_after
    if after is None or alert.fired_at is None:
        return finding.result.severity
    overdue = (now - alert.fired_at).total_seconds() >= after(thresholds)
    left_alone = alert.acknowledged_by is None and not alert.silenced(now) and not held(alert)
    raised = overdue and (left_alone or alert.severity is Severity.CRITICAL)
    return Severity.CRITICAL if raised else finding.result.severity


def _outlived_cause(alert: AlertRow, finding: Finding, now: datetime, thresholds: Thresholds) -> bool:
    """Only on data that say it is still bad. An operation is no excuse for ever; an alert that fires is."""
    if not isinstance(finding.result, Bad):
        return False
    if finding.cause is None:
        return True
    excused_until = (alert.fired_at or alert.since) + timedelta(seconds=thresholds.operation_excuses_for)
    return finding.cause.startswith("operation/") and now >= excused_until


def _resolve(alert: AlertRow, ok: Ok, now: datetime) -> Advance:
    until_resolved = alert.silenced_by is not None and alert.silenced_until is None
    after = replace(
        alert,
        state=AlertState.RESOLVED,
        value=ok.value,
        last_seen_at=now,
        resolved_at=now,
        silenced_by=None if until_resolved else alert.silenced_by,
    )
    # One that nobody was shown cannot fire "again".
    return Track(None if held(alert) else _unacknowledged(after)), Transition(Change.RESOLVED, alert, after, now)


def _unacknowledged(alert: AlertRow) -> AlertRow:
    """An acknowledgement is for what was seen, not for what may come."""
    return replace(alert, acknowledged_by=None, acknowledged_at=None)


def _same_again(earlier: AlertRow, since: datetime, thresholds: Thresholds) -> bool:
    resolved_at = earlier.resolved_at
    if resolved_at is None:
        return False
    return since - resolved_at <= timedelta(seconds=thresholds.flap_window) or earlier.silenced(since)


def _forget_when_past(track: Track, now: datetime, thresholds: Thresholds) -> Track:
    past = track.alert is not None and not _same_again(track.alert, track.pending_since or now, thresholds)
    return replace(track, alert=None) if past else track


def _seen(alert: AlertRow, bad: Bad, now: datetime) -> AlertRow:
    evidence = "\n".join(bad.evidence)
    return replace(alert, value=bad.value, threshold=bad.threshold, evidence=evidence, last_seen_at=now)


def acknowledge(alert: AlertRow, by: Who, now: datetime) -> Transition | None:
    """None where there is nothing to acknowledge: it is resolved, or somebody was first."""
    if alert.state is not AlertState.FIRING or alert.acknowledged_by is not None:
        return None
    return Transition(Change.ACKNOWLEDGED, alert, replace(alert, acknowledged_by=by, acknowledged_at=now), now)


def silence(alert: AlertRow, by: Who, now: datetime, seconds: float | None) -> Transition | None:
    """For so many seconds, or until it is resolved (None). None where it is resolved, or silent at least as long."""
    if alert.state is not AlertState.FIRING:
        return None
    until = None if seconds is None else now + timedelta(seconds=seconds)
    if alert.silenced(now) and not _ends_before(alert.silenced_until, until):
        return None
    return Transition(Change.SILENCED, alert, replace(alert, silenced_by=by, silenced_until=until), now)


def _ends_before(present: datetime | None, wanted: datetime | None) -> bool:
    """Whether a silence until `present` is the shorter one; None is until resolved."""
    return present is not None and (wanted is None or present < wanted)
