"""A restore is practised often enough, and the last practice passed."""

from alerts.probes.drills import DRILL_AGE, DRILL_PASSED
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _judge(reading: Reading) -> Result:
    age, passed, limit = reading.value(DRILL_AGE), reading.value(DRILL_PASSED), reading.thresholds.drill_overdue
    if passed == 0.0:
        return Bad(Severity.WARNING, "the last one failed", "it passes", reading.evidence(DRILL_PASSED, DRILL_AGE))
    if age is None:
        return Unknown()
    value = f"none passed for {seconds_text(age)}"
    if age > limit:
        return Bad(Severity.WARNING, value, f"one every {seconds_text(limit)}", reading.evidence(DRILL_AGE))
    return Ok(f"one passed {seconds_text(age)} ago" if passed else value)


DRILL_RULE = Rule(
    name="drill",
    observes=(DRILL_AGE, DRILL_PASSED),
    title="{cluster}: a restore drill is due",
    resolved_title="{cluster}: a restore drill has passed",
    judge=_judge,
    hold=lambda thresholds: 0.0,
    why="Whether a backup can be restored, and how long that takes, is known only once somebody has done it.",
    mend="Hold one: /ha drill restore. It touches nothing that runs, and says what it found.",
)
