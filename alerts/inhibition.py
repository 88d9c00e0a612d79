"""What explains a finding, so that it is shown as a consequence and calls nobody by itself. Pure."""

from collections.abc import Mapping

from alerts.dependencies import depends
from alerts.rules.rule import Rule
from ledger.alerts import AlertRow, Severity, at_least


def hides(cause: Rule, cause_subject: str, rule: Rule, subject: str) -> bool:
    """Whether a firing alert of one rule makes what the other has found its consequence."""
    if cause.name in rule.hidden_by or (cause.name in rule.hidden_by_same and cause_subject == subject):
        return True
    about = rule.about
    return about is not None and any(depends(about, subject, down, cause_subject) for down in cause.takes_down)


def cause_of(
    rule: Rule,
    subject: str,
    severity: Severity,
    firing: Mapping[tuple[str, str], AlertRow],
    rules: Mapping[str, Rule],
) -> AlertRow | None:
    """The firing alert (by rule and subject) that hides the finding; None where it stands for itself. What is critical
    is never told as a line on a warning."""
    for (name, other), alert in firing.items():
        cause = rules.get(name)
        if cause is None or name == rule.name or not at_least(alert.severity, severity):
            continue
        if hides(cause, other, rule, subject):
            return alert
    return None
