"""The WAL archive takes every finished segment, soon."""

from alerts.dependencies import Layer
from alerts.probes.wal_archive import ARCHIVE_BEHIND, ARCHIVE_FAILING, ARCHIVE_UNFINISHED
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _judge(reading: Reading) -> Result:
    failing, behind = reading.value(ARCHIVE_FAILING), reading.value(ARCHIVE_BEHIND)
    limits = reading.thresholds
    evidence = reading.evidence(ARCHIVE_FAILING, ARCHIVE_BEHIND)
    threshold = f"archived within {seconds_text(limits.archive_behind)}, without failures"
    if behind is not None and behind > limits.archive_behind:
        severity = Severity.CRITICAL if behind > limits.archive_critical else Severity.WARNING
        return Bad(severity, f"{seconds_text(behind)} behind", threshold, evidence)
    if failing:
        return Bad(Severity.WARNING, "the last try failed, or nothing is archived", threshold, evidence)
    unfinished = reading.value(ARCHIVE_UNFINISHED)
    if unfinished is not None and unfinished > limits.archive_behind:
        value = f"nothing for {seconds_text(unfinished)}, though there are writes"
        return Bad(Severity.WARNING, value, threshold, reading.evidence(ARCHIVE_UNFINISHED))
    if failing is None:
        return Unknown()
    return Ok("archiving")


WAL_ARCHIVE = Rule(
    name="wal_archive",
    observes=(ARCHIVE_FAILING, ARCHIVE_BEHIND, ARCHIVE_UNFINISHED),
    title="{cluster}: the WAL archive of {subject} does not keep up",
    resolved_title="{cluster}: the WAL archive keeps up again",
    judge=_judge,
    hold=lambda thresholds: thresholds.archive_failing_for,
    why="No point in time after the last archived segment can be restored, and WAL piles up on the primary's disk.",
    mend="Run archive_command by hand as PostgreSQL's user and look at its error: rights, a full disk, the network.",
    about=Layer.ARCHIVE,
    caused_by_operations=True,
)
