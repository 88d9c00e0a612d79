"""What runs out: disks and connections."""

from dataclasses import dataclass

from alerts.thresholds.kinds import seconds, share


@dataclass(frozen=True)
class CapacityThresholds:
    disk_warning: float = share(0.8, not_above="disk_critical")
    disk_critical: float = share(0.9)
    disk_for: float = seconds(0)
    # How far it must fall below a threshold again before that severity ends.
    disk_hysteresis: float = share(0.02)
    connections_warning: float = share(0.8, not_above="connections_critical")
    connections_critical: float = share(0.95)
    connections_for: float = seconds(10)
    connections_hysteresis: float = share(0.05)
