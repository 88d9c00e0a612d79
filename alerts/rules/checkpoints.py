"""Checkpoints come by the clock, and not because WAL ran out of room."""

from alerts.dependencies import Layer
from alerts.probes.checkpoints import CHECKPOINTS_REQUESTED, CHECKPOINTS_TIMED
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity


def _judge(reading: Reading) -> Result:
    requested, timed = reading.value(CHECKPOINTS_REQUESTED), reading.value(CHECKPOINTS_TIMED)
    if requested is None or timed is None:
        return Unknown()
    limit, value = reading.thresholds.checkpoints_requested, f"{requested:.0f} requested in an hour"
    if requested <= limit or requested <= timed:
        return Ok(value)
    threshold = f"at most {limit:.0f}, or fewer than by the clock"
    return Bad(Severity.WARNING, value, threshold, reading.evidence(CHECKPOINTS_REQUESTED))


MANY_CHECKPOINTS = Rule(
    name="checkpoints",
    observes=(CHECKPOINTS_REQUESTED, CHECKPOINTS_TIMED),
    title="{cluster}: {subject} makes checkpoints faster than by the clock",
    resolved_title="{cluster}: {subject} makes its checkpoints by the clock again",
    judge=_judge,
    hold=lambda thresholds: thresholds.checkpoints_for,
    why="Each one writes every changed page again as a whole into the WAL: more WAL, more lag, slower writes.",
    mend="Give max_wal_size more room. A bulk load passes by itself.",
    about=Layer.INSIDE,
)
