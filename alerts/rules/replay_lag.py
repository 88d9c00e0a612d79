"""How far the standby's replay is behind what the primary has written."""

from alerts.dependencies import Layer
from alerts.probes.heartbeat_lag import HEARTBEAT_LAG
from alerts.probes.replay_lag import REPLAY_LAG_BYTES, REPLAY_LAG_SECONDS
from alerts.rules.rule import Bad, Ok, Reading, Result, Rule, Unknown
from ledger.alerts import Severity
from ledger.quantities import bytes_text, seconds_text


def _judge(reading: Reading) -> Result:
    """Bad when either is above its threshold; seconds are known only while the primary writes, or by a heartbeat."""
    behind = reading.value(REPLAY_LAG_BYTES)
    if behind is None:
        return Unknown()
    told = (reading.value(REPLAY_LAG_SECONDS), reading.value(HEARTBEAT_LAG))
    seconds = max((one for one in told if one is not None), default=None)
    limits = reading.thresholds
    value = bytes_text(behind) if seconds is None else f"{bytes_text(behind)}, {seconds_text(seconds)}"
    too_long = seconds is not None and seconds > limits.replay_lag_seconds
    if behind <= limits.replay_lag_bytes and not too_long:
        return Ok(value)
    threshold = f"at most {bytes_text(limits.replay_lag_bytes)} and {seconds_text(limits.replay_lag_seconds)}"
    return Bad(Severity.WARNING, value, threshold, reading.evidence(REPLAY_LAG_BYTES, REPLAY_LAG_SECONDS))


REPLAY_LAG = Rule(
    name="replay_lag",
    observes=(REPLAY_LAG_BYTES, REPLAY_LAG_SECONDS, HEARTBEAT_LAG),
    title="{cluster}: {subject} is behind in replay",
    resolved_title="{cluster}: {subject} has caught up",
    judge=_judge,
    hold=lambda thresholds: thresholds.replay_lag_for,
    why="A failover would first have to replay this, and reads on the standby are stale.",
    mend="Look whether replay is paused, a long query on the standby is in its way, or a disk or the network is slow.",
    about=Layer.LAG,
    caused_by_operations=True,
)
