"""A backup that is not like those before it, and backups that nobody has verified."""

from alerts.probes.backup_history import BACKUP_SIZE, BACKUP_UNVERIFIED
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _size(reading: Reading) -> Result:
    times = reading.value(BACKUP_SIZE)
    if times is None:
        return Unknown()
    factor = reading.thresholds.backup_size_factor
    value = f"{times:.2g} times its usual size"
    if times > factor or times < 1 / factor:
        limit = f"between {1 / factor:.2g} and {factor:.2g} times"
        return Bad(Severity.WARNING, value, limit, reading.evidence(BACKUP_SIZE))
    return Ok(value)


def _unverified(reading: Reading) -> Result:
    age = reading.value(BACKUP_UNVERIFIED)
    if age is None:
        return Unknown()
    limit = reading.thresholds.backup_unverified
    if age > limit:
        value = f"not for {seconds_text(age)}"
        return Bad(
            Severity.WARNING, value, f"at least every {seconds_text(limit)}", reading.evidence(BACKUP_UNVERIFIED)
        )
    return Ok(f"{seconds_text(age)} ago")


BACKUP_SIZE_RULE = Rule(
    name="backup_size",
    observes=(BACKUP_SIZE,),
    title="{cluster}: the last backup has an unusual size",
    resolved_title="{cluster}: the last backup has its usual size",
    judge=_size,
    hold=lambda thresholds: 0.0,
    why="A backup that is much too small may lack data; one that is much too large fills the disk.",
    mend="Look at the log of the backup, and whether much data came or went. Verify it: /ha backup verify.",
)

BACKUP_UNVERIFIED_RULE = Rule(
    name="backup_unverified",
    observes=(BACKUP_UNVERIFIED,),
    title="{cluster}: no backup was verified of late",
    resolved_title="{cluster}: a backup was verified",
    judge=_unverified,
    hold=lambda thresholds: 0.0,
    why="A backup that nobody has read as a whole may turn out to be damaged on the day that it is needed.",
    mend="Verify the newest one: /ha backup verify.",
)
