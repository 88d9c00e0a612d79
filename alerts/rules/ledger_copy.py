"""The ledger's copy off site is late."""

from alerts.probes.ledger_copy import LEDGER_COPY_LATE
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _late(reading: Reading) -> Result:
    value, limit = reading.value(LEDGER_COPY_LATE), reading.thresholds.ledger_copy_late
    if value is None:
        return Unknown()
    if value > limit:
        waits = f"not off site for {seconds_text(value)}"
        return Bad(Severity.WARNING, waits, f"at most {seconds_text(limit)}", reading.evidence(LEDGER_COPY_LATE))
    return Ok("it is there")


LEDGER_COPY_RULE = Rule(
    name="ledger_copy_late",
    observes=(LEDGER_COPY_LATE,),
    title="{cluster}: the copy of the {subject} is late",
    resolved_title="{cluster}: the copy of the {subject} is off site again",
    judge=_late,
    hold=lambda thresholds: 0.0,
    why="If this machine is lost, who did what since then is lost with it.",
    mend="Look in the bot's log for what gpg or the store says, and at [ledger.offsite].",
)
