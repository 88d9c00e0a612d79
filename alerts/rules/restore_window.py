"""One can go back far enough, without a gap, and soon enough."""

import math

from alerts.probes.restore_window import ARCHIVE_GAP_AGE, RESTORE_WINDOW
from alerts.probes.rto import RTO_ESTIMATE
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _window(reading: Reading) -> Result:
    reach, wanted = reading.value(RESTORE_WINDOW), reading.thresholds.restore_window
    if reach is None:
        return Unknown()
    evidence = reading.evidence(RESTORE_WINDOW)
    if not reach:
        return Bad(Severity.CRITICAL, "nothing can be restored", "one backup at least, with its WAL", evidence)
    value = f"{seconds_text(reach)} back"
    return Bad(Severity.WARNING, value, f"at least {seconds_text(wanted)}", evidence) if reach < wanted else Ok(value)


def _gap(reading: Reading) -> Result:
    """A gap that is older than one ever wants to go back to is history."""
    age, within = reading.value(ARCHIVE_GAP_AGE), reading.thresholds.archive_gap_within
    if age is None:
        return Unknown()
    if age < within:
        when = f"{seconds_text(age)} ago" if age else "now"
        limit = f"none within the last {seconds_text(within)}"
        return Bad(Severity.CRITICAL, f"the newest one ended {when}", limit, reading.evidence(ARCHIVE_GAP_AGE))
    return Ok("none" if math.isinf(age) else f"the newest one ended {seconds_text(age)} ago")


def _rto(reading: Reading) -> Result:
    estimate, limit = reading.value(RTO_ESTIMATE), reading.thresholds.rto
    if estimate is None:
        return Unknown()
    value = f"about {seconds_text(estimate)}"
    if estimate > limit:
        return Bad(Severity.WARNING, value, f"at most {seconds_text(limit)}", reading.evidence(RTO_ESTIMATE))
    return Ok(value)


RESTORE_WINDOW_RULE = Rule(
    name="restore_window",
    observes=(RESTORE_WINDOW,),
    title="{cluster}: one cannot go back as far as wanted",
    resolved_title="{cluster}: one can go back as far as wanted",
    judge=_window,
    hold=lambda thresholds: thresholds.restore_window_for,
    why="A wrong DELETE that is found late can only be undone from within the window.",
    mend="Look at what there is: /ha backups. Take a full backup, and look at retention and at the archive.",
    hidden_by_same=("backup",),
)

ARCHIVE_GAP_RULE = Rule(
    name="archive_gap",
    observes=(ARCHIVE_GAP_AGE,),
    title="{cluster}: WAL is missing in the archive",
    resolved_title="{cluster}: the archive has no gap any more",
    judge=_gap,
    hold=lambda thresholds: thresholds.archive_gap_for,
    why="No backup from before the gap can be taken past it: what came after it can be restored from newer ones only.",
    mend="Look for the segments in pg_wal of each server and copy them to the archive; else take a full backup now.",
)

RTO_RULE = Rule(
    name="rto",
    observes=(RTO_ESTIMATE,),
    title="{cluster}: a restore would take too long",
    resolved_title="{cluster}: a restore would be quick enough again",
    judge=_rto,
    hold=lambda thresholds: thresholds.restore_window_for,
    why="On the day that it is needed, everybody waits for it.",
    mend="Take a full backup, so that less WAL is to be replayed; more cores or faster disks for the restore help too.",
)
