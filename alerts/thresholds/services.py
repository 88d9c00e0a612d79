"""Services beside PostgreSQL."""

from dataclasses import dataclass

from alerts.thresholds.kinds import DAY, MINUTE, seconds


@dataclass(frozen=True)
class ServiceThresholds:
    # Services are looked at every fifteen seconds: it takes three looks.
    service_down_for: float = seconds(40)
    # For one whose settings do not say slow_after.
    service_latency: float = seconds(2)
    service_slow_for: float = seconds(5 * MINUTE)
    # Whatever renews certificates by itself does so a month before.
    service_certificate_warning: float = seconds(14 * DAY)
    service_certificate_critical: float = seconds(3 * DAY, not_above="service_certificate_warning")
