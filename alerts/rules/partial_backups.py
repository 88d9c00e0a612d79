"""A fresh dump, and a fresh backup of each volume, that was tried of late."""

import math

from alerts.probes.partial_backups import (
    PARTIAL_AGE,
    PARTIAL_DOUBTFUL,
    PARTIAL_FAILED,
    PARTIAL_MAX_AGE,
    PARTIAL_UNVERIFIED_FOR,
)
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text

_CRITICAL = 2.0  # as many times as old as it may be: two of them are missing


def _fresh(reading: Reading) -> Result:
    """Too old, or a newer one that failed: both are the same news."""
    age, limit, failed = (reading.value(name) for name in (PARTIAL_AGE, PARTIAL_MAX_AGE, PARTIAL_FAILED))
    if age is None or limit is None:
        return Unknown()
    evidence = reading.evidence(PARTIAL_AGE, PARTIAL_FAILED)
    value = "there is none" if math.isinf(age) else f"the last good one is {seconds_text(age)} old"
    if age > limit:
        severity = Severity.CRITICAL if age > _CRITICAL * limit else Severity.WARNING
        return Bad(severity, value, f"at most {seconds_text(limit)}", evidence)
    if failed:
        return Bad(Severity.WARNING, "a newer one failed", f"one at least every {seconds_text(limit)}", evidence)
    return Ok(value) if failed is not None else Unknown()


def _tried(reading: Reading) -> Result:
    age, doubtful = reading.value(PARTIAL_UNVERIFIED_FOR), reading.value(PARTIAL_DOUBTFUL)
    if doubtful:
        evidence = reading.evidence(PARTIAL_DOUBTFUL)
        return Bad(Severity.CRITICAL, "the newest one cannot be restored", "each can be restored", evidence)
    if age is None:
        return Unknown()
    limit = reading.thresholds.backup_unverified
    if age > limit:
        evidence = reading.evidence(PARTIAL_UNVERIFIED_FOR)
        return Bad(Severity.WARNING, f"not for {seconds_text(age)}", f"at least every {seconds_text(limit)}", evidence)
    return Ok(f"{seconds_text(age)} ago")


PARTIAL_BACKUP = Rule(
    name="partial_backup",
    observes=(PARTIAL_AGE, PARTIAL_MAX_AGE, PARTIAL_FAILED),
    title="{cluster}: {subject} has no good backup of late",
    resolved_title="{cluster}: {subject} has a good backup again",
    judge=_fresh,
    hold=lambda thresholds: 0.0,
    why="What only this backup has cannot be brought back to a later moment than its last one.",
    mend="Look at the log of the last one, and take one now: /ha backup, the cluster, and its name.",
)

PARTIAL_UNVERIFIED = Rule(
    name="partial_unverified",
    observes=(PARTIAL_UNVERIFIED_FOR, PARTIAL_DOUBTFUL),
    title="{cluster}: no backup of {subject} was proven of late",
    resolved_title="{cluster}: a backup of {subject} was proven",
    judge=_tried,
    hold=lambda thresholds: 0.0,
    why="A dump or an archive that nobody has tried may turn out to be worthless on the day that it is needed.",
    mend="Try the newest one: /ha backup verify, the cluster, and its name.",
)
