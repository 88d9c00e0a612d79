"""How much a failover would lose: what the primary has written and the standby has not flushed."""

from alerts.dependencies import Layer
from alerts.probes.replication_lag import FLUSH_LAG_BYTES, FLUSH_LAG_SECONDS
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import bytes_text, seconds_text


def _judge(reading: Reading) -> Result:
    behind, seconds = reading.value(FLUSH_LAG_BYTES), reading.value(FLUSH_LAG_SECONDS)
    if behind is None:
        return Unknown()
    value = bytes_text(behind) if not seconds else f"{bytes_text(behind)}, {seconds_text(seconds)}"
    limit = reading.thresholds.flush_lag_bytes
    if behind <= limit:
        return Ok(value)
    return Bad(Severity.WARNING, value, f"at most {bytes_text(limit)}", reading.evidence(FLUSH_LAG_BYTES))


FLUSH_LAG = Rule(
    name="flush_lag",
    observes=(FLUSH_LAG_BYTES, FLUSH_LAG_SECONDS),
    title="{cluster}: {subject} receives WAL too slowly",
    resolved_title="{cluster}: {subject} receives WAL in time again",
    judge=_judge,
    hold=lambda thresholds: thresholds.flush_lag_for,
    why="What the standby has not flushed is lost if the primary is.",
    mend="Look at the network between the two and at the standby's disk; a bulk load on the primary passes by itself.",
    about=Layer.LAG,
    caused_by_operations=True,
)
