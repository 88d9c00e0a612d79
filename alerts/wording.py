"""The words that a card of an alert and the lines in its thread share."""

from datetime import datetime

from alerts.rules import RULES
from alerts.rules.custom.titles import custom_resolved_title, custom_title
from alerts.rules.rule import Rule
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.page import Mention, Moment, Span, Tone
from ledger.who import Who

_RULES = {rule.name: rule for rule in RULES}
_TONES = {Severity.CRITICAL: Tone.CRITICAL, Severity.WARNING: Tone.WARNING, Severity.INFO: Tone.INFO}


def rule_of(alert: AlertRow) -> Rule | None:
    """None for a rule of the settings, and for one that is no more."""
    return _RULES.get(alert.rule)


def title_of(alert: AlertRow) -> str:
    """The alert in a few words, without its state."""
    rule = rule_of(alert)
    template = custom_title(alert.rule) if rule is None else rule.title
    return template.format(cluster=alert.cluster, subject=alert.subject)


def resolved_title(alert: AlertRow) -> str:
    rule = rule_of(alert)
    template = custom_resolved_title(alert.rule) if rule is None else rule.resolved_title
    return template.format(cluster=alert.cluster, subject=alert.subject)


def tone_of(alert: AlertRow) -> Tone:
    return Tone.GOOD if alert.state is AlertState.RESOLVED else _TONES[alert.severity]


def until(end: datetime | None) -> tuple[Span, ...]:
    return (" until it is resolved",) if end is None else (" until ", Moment(end))


def mention(who: Who, *, notify: bool = False) -> Mention:
    """Named, and not notified unless they are asked for something: who acted knows."""
    return Mention(who.name, None if ":" in who.id else who.id, notify)
