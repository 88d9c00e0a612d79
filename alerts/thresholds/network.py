"""The network between the servers."""

from dataclasses import dataclass

from alerts.thresholds.kinds import DAY, HOUR, MINUTE, seconds, share


@dataclass(frozen=True)
class NetworkThresholds:
    # Ports are tried once a minute: it takes three tries.
    port_for: float = seconds(2.5 * MINUTE)
    # Across an ocean it takes 0.15 s.
    round_trip: float = seconds(0.3)
    round_trip_for: float = seconds(10 * MINUTE)
    packet_loss: float = share(0.05)
    packet_loss_for: float = seconds(5 * MINUTE)
    tailnet_for: float = seconds(3 * MINUTE)
    # A way becomes direct a while after it is first used, and goes through a relay while addresses change.
    tailnet_relayed_for: float = seconds(HOUR)
    tailnet_key_warning: float = seconds(14 * DAY)
    tailnet_key_critical: float = seconds(2 * DAY, not_above="tailnet_key_warning")
