"""Dumps and backups of volumes that are off site too late, or not as they were copied."""

from alerts.probes.partial_offsite import PARTIAL_OFFSITE_DIFFERENCES, PARTIAL_OFFSITE_LATE
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import count_text, seconds_text


def _late(reading: Reading) -> Result:
    value, limit = reading.value(PARTIAL_OFFSITE_LATE), reading.thresholds.offsite_backup_late
    if value is None:
        return Unknown()
    if value > limit:
        waits, evidence = f"it waits for {seconds_text(value)}", reading.evidence(PARTIAL_OFFSITE_LATE)
        return Bad(Severity.WARNING, waits, f"at most {seconds_text(limit)}", evidence)
    return Ok("the newest one is there")


def _differs(reading: Reading) -> Result:
    count = reading.value(PARTIAL_OFFSITE_DIFFERENCES)
    if count is None:
        return Unknown()
    if count > 0:
        value = f"{count_text(int(count), 'file')} not as copied"
        return Bad(Severity.CRITICAL, value, "none", reading.evidence(PARTIAL_OFFSITE_DIFFERENCES))
    return Ok("all as copied")


PARTIAL_OFFSITE_LATE_RULE = Rule(
    name="partial_offsite_late",
    observes=(PARTIAL_OFFSITE_LATE,),
    title="{cluster}: {subject} is off site late",
    resolved_title="{cluster}: {subject} is off site again",
    judge=_late,
    hold=lambda thresholds: 0.0,
    why="If this site is lost, what is not off site yet is lost with it.",
    mend="Look in the bot's log for what the store says, at its credentials, and whether the bandwidth is enough.",
)

PARTIAL_OFFSITE_DIFFERS_RULE = Rule(
    name="partial_offsite_differs",
    observes=(PARTIAL_OFFSITE_DIFFERENCES,),
    title="{cluster}: {subject} off site is not what was copied",
    resolved_title="{cluster}: {subject} off site is what was copied",
    judge=_differs,
    hold=lambda thresholds: 0.0,
    why="Somebody or something changed it, and it may not restore. Understudy changes nothing that is there.",
    mend="Find out who did, by the store's own log. Once it is removed there, what is still here is sent again.",
)
