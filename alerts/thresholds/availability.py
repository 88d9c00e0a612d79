"""Whether the servers of a cluster are there, and replicate."""

from dataclasses import dataclass

from alerts.thresholds.kinds import MINUTE, seconds


@dataclass(frozen=True)
class AvailabilityThresholds:
    # Judged from several viewpoints before it is said at all: waiting would add nothing but outage.
    primary_down_for: float = seconds(0)
    split_brain_for: float = seconds(0)
    # A restart as a standby, or an operation by hand, passes through this state.
    no_primary_for: float = seconds(5)
    primary_unreachable_for: float = seconds(10)
    # A restart takes a few seconds. Writes go on without a standby, the second net does not: hence first a warning.
    standby_down_for: float = seconds(5)
    standby_critical_after: float = seconds(15 * MINUTE)
    replication_broken_for: float = seconds(5)
    replication_critical_after: float = seconds(15 * MINUTE)
