"""Where a cluster's Barman is, as the settings have it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BarmanPlace:
    """Barman's own name for the cluster."""

    server: str
