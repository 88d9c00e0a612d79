"""Copies off site that are late, or not what was copied."""

from alerts.probes.offsite import OFFSITE_BACKUP_LATE, OFFSITE_DIFFERENCES, OFFSITE_WAL_LATE
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import count_text, seconds_text


def _late(reading: Reading) -> Result:
    """Of a backup and of WAL, the one that is over its limit; unknown while either is and the other one is well."""
    limits = (
        (OFFSITE_BACKUP_LATE, "a backup", reading.thresholds.offsite_backup_late),
        (OFFSITE_WAL_LATE, "WAL", reading.thresholds.offsite_wal_late),
    )
    for name, what, limit in limits:
        value = reading.value(name)
        if value is not None and value > limit:
            waits = f"{what} waits for {seconds_text(value)}"
            return Bad(Severity.WARNING, waits, f"at most {seconds_text(limit)}", reading.evidence(name))
    if any(reading.value(name) is None for name, _, _ in limits):
        return Unknown()
    return Ok("backups and WAL are there")


def _differs(reading: Reading) -> Result:
    count = reading.value(OFFSITE_DIFFERENCES)
    if count is None:
        return Unknown()
    if count > 0:
        value = f"{count_text(int(count), 'file')} not as copied"
        return Bad(Severity.CRITICAL, value, "none", reading.evidence(OFFSITE_DIFFERENCES))
    return Ok("all as copied")


OFFSITE_LATE_RULE = Rule(
    name="offsite_late",
    observes=(OFFSITE_BACKUP_LATE, OFFSITE_WAL_LATE),
    title="{cluster}: the copy off site is late",
    resolved_title="{cluster}: the copy off site is there again",
    judge=_late,
    hold=lambda thresholds: 0.0,
    why="If this site is lost, what is not off site yet is lost with it.",
    mend="Look in the bot's log for what the store says, at its credentials, and whether the bandwidth is enough.",
)

OFFSITE_DIFFERS_RULE = Rule(
    name="offsite_differs",
    observes=(OFFSITE_DIFFERENCES,),
    title="{cluster}: a backup off site is not what was copied",
    resolved_title="{cluster}: the backups off site are what was copied",
    judge=_differs,
    hold=lambda thresholds: 0.0,
    why="Somebody or something changed it, and it may not restore. Understudy changes nothing that is there.",
    mend="Find out who did, by the store's own log. Once it is removed there, what is still here is sent again.",
)
