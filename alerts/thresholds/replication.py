"""How far standbys are behind."""

from dataclasses import dataclass

from alerts.thresholds.kinds import MEBIBYTE, seconds, size


@dataclass(frozen=True)
class ReplicationThresholds:
    replay_lag_bytes: float = size(MEBIBYTE)
    replay_lag_seconds: float = seconds(60)
    replay_lag_for: float = seconds(30)
