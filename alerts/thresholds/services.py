"""Services beside PostgreSQL."""

from dataclasses import dataclass

from alerts.thresholds.kinds import DAY, MINUTE, count, seconds, share


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
    # A deployment restarts a container once or twice.
    container_restarts: float = count(2)
    redis_replication_for: float = seconds(MINUTE)
    redis_memory_warning: float = share(0.85, not_above="redis_memory_critical")
    redis_memory_critical: float = share(0.95)
    redis_memory_for: float = seconds(2 * MINUTE)
    redis_persistence_for: float = seconds(MINUTE)
    # A Sentinel that is restarted is back within that time.
    redis_quorum_for: float = seconds(2 * MINUTE)
    traefik_for: float = seconds(MINUTE)
    # A deployment reaches one instance before the other.
    traefik_drift_for: float = seconds(5 * MINUTE)
