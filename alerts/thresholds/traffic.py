"""Where traffic targets lead clients."""

from dataclasses import dataclass

from alerts.thresholds.kinds import seconds


@dataclass(frozen=True)
class TrafficThresholds:
    # PAUSE and RESUME by hand come within moments; and targets are looked at every ten seconds, the primary more often.
    clients_held_for: float = seconds(10)
    traffic_astray_for: float = seconds(20)
