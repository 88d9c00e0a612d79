"""A full base backup every day, finished and there."""

import math

from alerts.probes.backups import BACKUP_AGE, BACKUP_INCOMPLETE_AGE
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _judge(reading: Reading) -> Result:
    """One alert for both ways in which the last good backup may be missing: too old, or a newer one that failed."""
    age, incomplete = reading.value(BACKUP_AGE), reading.value(BACKUP_INCOMPLETE_AGE)
    if age is None:
        return Unknown()
    limits = reading.thresholds
    evidence = reading.evidence(BACKUP_AGE, BACKUP_INCOMPLETE_AGE)
    value = "there is none" if math.isinf(age) else f"the last good one is {seconds_text(age)} old"
    if age > limits.backup_age:
        severity = Severity.CRITICAL if age > limits.backup_age_critical else Severity.WARNING
        return Bad(severity, value, f"at most {seconds_text(limits.backup_age)}", evidence)
    if incomplete is not None and incomplete > limits.backup_running:
        failed = f"one that began {seconds_text(incomplete)} ago is not complete"
        return Bad(Severity.WARNING, failed, f"complete within {seconds_text(limits.backup_running)}", evidence)
    return Ok(value) if incomplete is not None else Unknown()


BACKUP = Rule(
    name="backup",
    observes=(BACKUP_AGE, BACKUP_INCOMPLETE_AGE),
    title="{cluster}: no good backup of late",
    resolved_title="{cluster} has a good backup again",
    judge=_judge,
    hold=lambda thresholds: 0.0,
    why="After a lost disk or a wrong DELETE, one can only go back to what the backups hold.",
    mend="Look at the log of the backup job, and take a full backup now.",
)
