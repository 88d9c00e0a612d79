"""Replication slots are read from, and do not keep more WAL than there is room for."""

from alerts.dependencies import Layer
from alerts.probes.slots import SLOT_IN_USE, SLOT_WAL_KEPT, SLOT_WAL_LEFT, SLOT_WAL_WHOLE
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown, no
from ledger.alerts import Severity
from ledger.quantities import bytes_text, share_text

SLOT_UNUSED = Rule(
    name="slot_unused",
    observes=(SLOT_IN_USE,),
    title="{cluster}: {subject} is read from by nobody",
    resolved_title="{cluster}: {subject} is read from again",
    judge=no(SLOT_IN_USE, Severity.WARNING, "nobody reads from it", "a consumer", "in use"),
    hold=lambda thresholds: thresholds.slot_unused_for,
    why="The primary keeps WAL for it, more and more, until its disk is full or the slot is lost.",
    mend="Start what reads from it. If that is never to come back: SELECT pg_drop_replication_slot('its name').",
    about=Layer.INSIDE,
    # The standby's own alert says why its slot is not read from.
    hidden_by=("standby_down", "replication_broken"),
    caused_by_operations=True,
)


def _judge(reading: Reading) -> Result:
    limits = reading.thresholds
    warning, critical = limits.slot_wal_left_warning, limits.slot_wal_left_critical
    whole, kept, left = (reading.value(name) for name in (SLOT_WAL_WHOLE, SLOT_WAL_KEPT, SLOT_WAL_LEFT))
    evidence = reading.evidence(SLOT_WAL_KEPT)
    if whole == 0:
        return Bad(Severity.WARNING, "it has lost WAL that it needs", "all the WAL that it needs", evidence)
    if left is not None and left < warning:
        severity, limit = (Severity.CRITICAL, critical) if left < critical else (Severity.WARNING, warning)
        value = f"{share_text(left)} of max_slot_wal_keep_size left"
        return Bad(severity, value, f"at least {share_text(limit)} left", evidence)
    if kept is None:
        return Unknown()
    value = f"{bytes_text(kept)} kept"
    if kept > limits.slot_wal_kept:
        return Bad(Severity.WARNING, value, f"at most {bytes_text(limits.slot_wal_kept)}", evidence)
    return Ok(value)


SLOT_WAL = Rule(
    name="slot_wal",
    observes=(SLOT_WAL_KEPT, SLOT_WAL_LEFT, SLOT_WAL_WHOLE),
    title="{cluster}: {subject} keeps too much WAL, or has lost some",
    resolved_title="{cluster}: {subject} keeps as much WAL as it should again",
    judge=_judge,
    hold=lambda thresholds: thresholds.slot_wal_kept_for,
    why="WAL that is kept for a slot fills the disk; past max_slot_wal_keep_size the slot is lost, and whoever read "
    "from it has to be copied anew.",
    mend="Look why its reader is behind or gone. A standby whose slot is lost needs a new copy (/ha rejoin); a slot "
    "that nobody needs any more goes by pg_drop_replication_slot.",
    about=Layer.INSIDE,
    caused_by_operations=True,
)
