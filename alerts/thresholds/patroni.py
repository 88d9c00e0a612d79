"""What Patroni says of its cluster."""

from dataclasses import dataclass

from alerts.thresholds.kinds import HOUR, seconds


@dataclass(frozen=True)
class PatroniThresholds:
    # The leader key is gone for a second or two in every hand-over.
    patroni_no_leader_for: float = seconds(10)
    # A restart, or a member that is copied anew, passes through states that are not well.
    patroni_member_for: float = seconds(30)
    # Patroni itself tries for retry_timeout, 10 s, before it gives its DCS up.
    patroni_dcs_for: float = seconds(15)
    # Work on a cluster takes its time; a pause that was forgotten leaves it without failover.
    patroni_paused_for: float = seconds(HOUR)
