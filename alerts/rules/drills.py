"""A restore and a switchover are practised often enough, and the last practice of each passed."""

from alerts.probes.drills import DRILL_AGE, DRILL_PASSED, FULL_DRILL_AGE, FULL_DRILL_PASSED
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _judge(reading: Reading, age_of: str, passed_of: str, limit: float) -> Result:
    age, passed = reading.value(age_of), reading.value(passed_of)
    if passed == 0.0:
        return Bad(Severity.WARNING, "the last one failed", "it passes", reading.evidence(passed_of, age_of))
    if age is None:
        return Unknown()
    value = f"none passed for {seconds_text(age)}"
    if age > limit:
        return Bad(Severity.WARNING, value, f"one every {seconds_text(limit)}", reading.evidence(age_of))
    return Ok(f"one passed {seconds_text(age)} ago" if passed else value)


def _judge_restore(reading: Reading) -> Result:
    return _judge(reading, DRILL_AGE, DRILL_PASSED, reading.thresholds.drill_overdue)


def _judge_full(reading: Reading) -> Result:
    return _judge(reading, FULL_DRILL_AGE, FULL_DRILL_PASSED, reading.thresholds.drill_full_overdue)


DRILL_RULE = Rule(
    name="drill",
    observes=(DRILL_AGE, DRILL_PASSED),
    title="{cluster}: a restore drill is due",
    resolved_title="{cluster}: a restore drill has passed",
    judge=_judge_restore,
    hold=lambda thresholds: 0.0,
    why="Whether a backup can be restored, and how long that takes, is known only once somebody has done it.",
    mend="Hold one: /ha drill restore. It touches nothing that runs, and says what it found.",
)

FULL_DRILL_RULE = Rule(
    name="drill_full",
    observes=(FULL_DRILL_AGE, FULL_DRILL_PASSED),
    title="{cluster}: a full drill is due",
    resolved_title="{cluster}: a full drill has passed",
    judge=_judge_full,
    hold=lambda thresholds: 0.0,
    why="Whether the standby can take over, and how long clients wait for that, is known only once it has been done.",
    mend="Hold one at a quiet hour: /ha drill full. It switches over and back, which clients notice.",
)
