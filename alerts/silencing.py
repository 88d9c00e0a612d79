"""Which silence by matcher an alert falls under. Pure."""

from collections.abc import Sequence

from alerts.rules.rule import Rule
from ledger.alerts import Severity
from ledger.silences import Silence


def silence_of(
    rule: Rule, cluster: str, subject: str, severity: Severity, silences: Sequence[Silence]
) -> Silence | None:
    """The one that holds longest, of those that match; they are to hold now."""
    matching = [one for one in silences if matches(one, rule, cluster, subject, severity)]
    endless = next((one for one in matching if one.until is None), None)
    return endless or max(matching, key=lambda one: one.until or one.since, default=None)


def matches(silence: Silence, rule: Rule, cluster: str, subject: str, severity: Severity) -> bool:
    """Whether the silence hides an alert of that rule. Two primaries, and whatever else is `never_quiet`, only a
    silence hides that names the rule in full: no glob says that somebody has thought of it."""
    if rule.never_quiet and silence.rule != rule.name:
        return False
    return silence.covers(cluster, rule.name, subject, severity)
