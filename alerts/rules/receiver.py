"""A standby's receiver hears of its primary."""

from alerts.dependencies import Layer
from alerts.probes.receiver import RECEIVER_SILENT
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import seconds_text


def _judge(reading: Reading) -> Result:
    silent = reading.value(RECEIVER_SILENT)
    if silent is None:
        return Unknown()
    limit, value = reading.thresholds.receiver_silent, f"nothing for {seconds_text(silent)}"
    if silent <= limit:
        return Ok(value)
    return Bad(Severity.WARNING, value, f"a message within {seconds_text(limit)}", reading.evidence(RECEIVER_SILENT))


RECEIVER_HEARS_NOTHING = Rule(
    name="receiver_silent",
    observes=(RECEIVER_SILENT,),
    title="{cluster}: the receiver of {subject} hears nothing of the primary",
    resolved_title="{cluster}: the receiver of {subject} hears of the primary again",
    judge=_judge,
    hold=lambda thresholds: thresholds.receiver_silent_for,
    why="Its connection looks open, but nothing comes over it: the standby falls behind without an error.",
    mend="Look at the network between the two (firewalls drop idle connections), and give wal_receiver_timeout a value "
    "above zero, so that the standby connects anew by itself.",
    about=Layer.LAG,
    caused_by_operations=True,
)
