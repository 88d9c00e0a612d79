"""The journey: what a finding makes of what is kept of a rule and subject."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from alerts.lifecycle.flapping import calm, fired_now, is_flapping, keep_seconds
from alerts.lifecycle.reminders import remind, said
from alerts.lifecycle.shapes import Change, Finding, Track, Transition, held, own_group
from alerts.rules.rule import Bad, Ok
from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow, AlertState, Attention, Flapping, Severity

Advance = tuple[Track, Transition | None]


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
    flapping = fired_now(earlier.flapping if earlier is not None else Flapping(), now, thresholds)
    # What is held back gets a message of its own later, and must not slip into one that people are done with.
    if earlier is not None and finding.cause is None and _same_again(earlier, since, thresholds):
        alert = replace(_seen(earlier, bad, now), state=AlertState.FIRING, fired_at=now, resolved_at=None)
        alert = replace(alert, severity=bad.severity, flapping=flapping, attention=said(alert, now))
        change = Change.FLAPPING if is_flapping(alert) else Change.FIRED_AGAIN
        return Track(alert), Transition(change, earlier, alert, now)
    alert = replace(_new(finding, bad, since, now, new_id()), flapping=flapping)
    if earlier is not None and earlier.silenced(now):
        alert = replace(alert, silenced_by=earlier.silenced_by, silenced_until=earlier.silenced_until)
    return Track(alert), Transition(Change.FIRED, None, alert, now)


def _new(finding: Finding, bad: Bad, since: datetime, now: datetime, alert_id: str) -> AlertRow:
    alert = AlertRow(
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
    return alert if held(alert) else replace(alert, attention=said(alert, now))


def _advance_firing(track: Track, alert: AlertRow, finding: Finding, now: datetime, thresholds: Thresholds) -> Advance:
    result = finding.result
    if isinstance(result, Ok):
        well_since = min(track.well_since or now, now)
        keep = finding.rule.keep(thresholds) if finding.rule.keep is not None else thresholds.keep_firing_for
        if (now - well_since).total_seconds() >= keep_seconds(alert, keep, thresholds):
            return _resolve(alert, result, now)
        return Track(alert, well_since=well_since), None
    if not isinstance(result, Bad):
        change, after = _change_of(alert, finding, now, thresholds)
        advanced = Track(after, well_since=track.well_since)
        return advanced, None if change is None else Transition(change, alert, after, now)
    seen = _seen(alert, result, now)
    change, after = _change_of(seen, finding, now, thresholds)
    if track.well_since is not None and is_flapping(alert) and change is None:
        change, after = Change.FLAPPED, replace(after, flapping=fired_now(after.flapping, now, thresholds))
    return Track(after), None if change is None else Transition(change, alert, after, now)


def _change_of(
    alert: AlertRow, finding: Finding, now: datetime, thresholds: Thresholds
) -> tuple[Change | None, AlertRow]:
    """The most important change that is due; the others come with the next look."""
    severity = _severity(alert, finding, now, thresholds)
    if severity is Severity.CRITICAL and alert.severity is not Severity.CRITICAL:
        # Who silenced the warning has not heard of this.
        after = replace(alert, severity=severity, silenced_by=None, silenced_until=None, silence_id=None)
        return Change.ESCALATED, after if held(after) else replace(after, attention=said(after, now))
    if held(alert) and _outlived_cause(alert, finding, now, thresholds):
        after = replace(alert, severity=severity, group=own_group(alert.id), fired_at=now)
        return Change.RELEASED, replace(after, attention=said(after, now))
    if severity is not alert.severity:
        return Change.EASED, replace(alert, severity=severity)
    if alert.silenced_by is not None and _silence_is_over(alert, finding, now):
        return Change.SILENCE_ENDED, replace(alert, silenced_by=None, silenced_until=None, silence_id=None)
    if held(alert):
        return None, alert
    if finding.silence is not None and not alert.silenced(now):
        found = finding.silence
        after = replace(alert, silenced_by=found.by, silenced_until=found.until, silence_id=found.id)
        return Change.SILENCED, after
    if finding.cause is not None or finding.at_work:
        return None, alert
    return remind(alert, now, thresholds)


def _silence_is_over(alert: AlertRow, finding: Finding, now: datetime) -> bool:
    """Its time has come, or the silence by matcher that did it was ended before its time."""
    ended = alert.silence_id is not None and (finding.silence is None or finding.silence.id != alert.silence_id)
    return ended or not alert.silenced(now)


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
        attention=replace(alert.attention, asked_at=None),
    )
    # One that nobody was shown cannot fire "again".
    track = Track() if held(alert) else Track(_done_with(after))
    return track, Transition(Change.RESOLVED, alert, after, now)


def _done_with(alert: AlertRow) -> AlertRow:
    """An acknowledgement is for what was seen, not for what may come."""
    return replace(
        alert, acknowledged_by=None, acknowledged_at=None, attention=Attention(), flapping=calm(alert.flapping)
    )


def _same_again(earlier: AlertRow, since: datetime, thresholds: Thresholds) -> bool:
    resolved_at = earlier.resolved_at
    if resolved_at is None:
        return False
    return since - resolved_at <= timedelta(seconds=thresholds.flap_window) or earlier.silenced(since)


def still_counts(earlier: AlertRow, since: datetime, thresholds: Thresholds) -> bool:
    """Whether a resolved alert matters to what may come: it would be the same one again, or flapping with it."""
    window = timedelta(seconds=thresholds.flap_within if thresholds.flap_firings else 0)
    recent = any(since - at <= window for at in earlier.flapping.firings)
    return recent or _same_again(earlier, since, thresholds)


def _forget_when_past(track: Track, now: datetime, thresholds: Thresholds) -> Track:
    past = track.alert is not None and not still_counts(track.alert, track.pending_since or now, thresholds)
    return replace(track, alert=None) if past else track


def _seen(alert: AlertRow, bad: Bad, now: datetime) -> AlertRow:
    evidence = "\n".join(bad.evidence)
    return replace(alert, value=bad.value, threshold=bad.threshold, evidence=evidence, last_seen_at=now)
