"""The disk of the backups has room for the next ones."""

from alerts.probes.repository_disk import REPOSITORY_FULL_IN, REPOSITORY_USED
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text, share_text


def _judge(reading: Reading) -> Result:
    used, left, limits = reading.value(REPOSITORY_USED), reading.value(REPOSITORY_FULL_IN), reading.thresholds
    evidence = reading.evidence(REPOSITORY_FULL_IN, REPOSITORY_USED)
    firing = reading.firing is not None
    if used is not None and used >= limits.disk_critical - (limits.disk_hysteresis if firing else 0):
        return Bad(Severity.CRITICAL, f"{share_text(used)} used", f"below {share_text(limits.disk_critical)}", evidence)
    if left is not None and left < limits.repository_full_warning:
        severity = Severity.CRITICAL if left < limits.repository_full_critical else Severity.WARNING
        limit = f"not within {seconds_text(limits.repository_full_warning)}"
        return Bad(severity, f"full in {seconds_text(left)}", limit, evidence)
    if used is None or (left is None and firing):
        return Unknown()
    return Ok(f"{share_text(used)} used")


REPOSITORY_DISK_RULE = Rule(
    name="repository_disk",
    observes=(REPOSITORY_USED, REPOSITORY_FULL_IN),
    title="{cluster}: the disk of the backups is filling up",
    resolved_title="{cluster}: the disk of the backups has room",
    judge=_judge,
    hold=lambda thresholds: thresholds.repository_full_for,
    why="On a full disk the next backup fails, and so does the WAL archive: then WAL piles up on the primary.",
    mend="Let old backups expire by the tool's retention, or make the disk larger. Never delete WAL by hand.",
)
