"""Hours in which a cluster is in maintenance by the settings."""

from dataclasses import dataclass

from ledger.hours import Window


@dataclass(frozen=True, slots=True)
class MaintenanceWindow:
    """`reason` stands in the channel, as that of a person would."""

    window: Window
    reason: str
