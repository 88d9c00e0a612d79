"""What holds a finding back, and where an alert is told that is not held back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from alerts.grouping import Firing, told_with
from alerts.inhibition import cause_of
from alerts.lifecycle import Change, Finding, Transition, held
from alerts.routes import Destination, destination
from alerts.rules.rule import Bad, Result, Rule
from alerts.silencing import silence_of
from alerts.storms import CALM, storm_holds
from alerts.surroundings import Surroundings
from alerts.thresholds import Thresholds
from ledger.alerts import AlertRow, Severity
from ledger.storms import storm_group
from servers.inventory import Cluster

_BEGINS = (Change.FIRED, Change.RELEASED)


class Holding:
    """For one round over one cluster: it counts the alerts that begin, as one round can be a storm by itself."""

    def __init__(
        self, cluster: Cluster, rules: Sequence[Rule], around: Surroundings, now: datetime, thresholds: Thresholds
    ) -> None:
        self._cluster = cluster
        self._rules = {rule.name: rule for rule in rules}
        self._around = around
        self._weather = dict(around.weather)
        self._now = now
        self._together = thresholds.group_within

    def finding(self, rule: Rule, subject: str, result: Result, firing: Firing) -> Finding:
        """What was found, with what explains it or holds it back, the best reason first: another alert, a silence, an
        operation, the hours, the same at the same time elsewhere, a storm."""
        alert = firing.get((rule.name, subject))
        severity = _severity(result, alert)
        cluster, around = self._cluster.name, self._around
        if severity is None:
            return Finding(rule, cluster, subject, result)
        silence = silence_of(rule, cluster, subject, severity, around.silences)
        cause = cause_of(rule, subject, severity, firing, self._rules)
        if cause is not None:
            group: str | None = cause.group
        elif silence is not None:
            group = f"silence/{silence.id}"
        elif rule.caused_by_operations and around.operation is not None:
            group = around.operation
        else:
            group = self._hours_group_or_storm(rule, subject, severity, firing)
        return Finding(rule, cluster, subject, result, group, silence, around.at_work)

    def told(self, transition: Transition) -> Transition:
        """The change with the channel in which it is told; one more has begun there."""
        alert = transition.after
        goes_to = self._destination(alert.rule, alert.severity).channel
        if transition.change is Change.ESCALATED and not held(alert):
            elsewhere = goes_to not in (alert.channel or self._cluster.channel, alert.raised_in)
            return replace(transition, after=replace(alert, raised_in=goes_to)) if elsewhere else transition
        in_storm = alert.group.startswith(storm_group(""))
        if transition.change in _BEGINS and (in_storm or not held(alert)):
            transition = replace(transition, after=replace(alert, channel=goes_to))
            self._weather[goes_to] = self._weather.get(goes_to, CALM).taken()
        return transition

    def _hours_group_or_storm(self, rule: Rule, subject: str, severity: Severity, firing: Firing) -> str | None:
        goes_to = self._destination(rule.name, severity)
        if goes_to.held_by is not None:
            return goes_to.held_by
        within = 0.0 if rule.stands_alone else self._together
        together = told_with(rule.name, subject, severity, firing, self._now, within)
        if together is not None:
            return together
        alert = firing.get((rule.name, subject))
        shown = alert is not None and not held(alert)
        return storm_holds(self._weather.get(goes_to.channel, CALM), alert, severity, shown=shown)

    def _destination(self, rule: str, severity: Severity) -> Destination:
        cluster = self._cluster
        return destination(self._around.routes, cluster.channel, severity, cluster.name, rule, self._now)


def _severity(result: Result, alert: AlertRow | None) -> Severity | None:
    """The data's, or what it fires with, whichever is worse: who is not to be told less is not held back for less."""
    found = result.severity if isinstance(result, Bad) else None
    fires = alert.severity if alert is not None else None
    return Severity.CRITICAL if Severity.CRITICAL in (found, fires) else found or fires
