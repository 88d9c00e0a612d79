"""What counts as too much, and for how long it must last. Made by the settings; a cluster may have its own.

One file a topic, each a part of `Thresholds`; adding one is a file here and a line below.
"""

from dataclasses import dataclass, fields

from alerts.thresholds.availability import AvailabilityThresholds
from alerts.thresholds.backups import BackupThresholds
from alerts.thresholds.capacity import CapacityThresholds
from alerts.thresholds.hosts import HostThresholds
from alerts.thresholds.itself import OwnThresholds
from alerts.thresholds.kinds import Unit, kind_of
from alerts.thresholds.life import LifeThresholds
from alerts.thresholds.network import NetworkThresholds
from alerts.thresholds.patroni import PatroniThresholds
from alerts.thresholds.postgresql import PostgresqlThresholds
from alerts.thresholds.replication import ReplicationThresholds
from alerts.thresholds.services import ServiceThresholds
from alerts.thresholds.traffic import TrafficThresholds


# Without slots: several bases that have them cannot be put together.
@dataclass(frozen=True)
class Thresholds(
    OwnThresholds,
    LifeThresholds,
    ServiceThresholds,
    TrafficThresholds,
    PatroniThresholds,
    NetworkThresholds,
    HostThresholds,
    PostgresqlThresholds,
    CapacityThresholds,
    BackupThresholds,
    ReplicationThresholds,
    AvailabilityThresholds,
):
    """Every rule's threshold and `for`, in the topics' order from the last named to the first.

    `…_for`: how long it must be bad before the alert fires. `…_critical_after`: how long a warning may stay neither
    acknowledged nor silenced before it becomes critical.
    """

    def __post_init__(self) -> None:
        for field in fields(self):
            name, kind, value = field.name, kind_of(field), getattr(self, field.name)
            if value < 0:
                raise ValueError(f"{name} is below zero: give a value of zero or more")
            if value < kind.least:
                raise ValueError(f"{name} is below {kind.least:g}: {kind.least:g} means just as much")
            if kind.unit is Unit.SHARE and value > 1:
                raise ValueError(f"{name} is above 1: it is a share, such as 0.8 for 80 %")
            if kind.not_above is not None and value > getattr(self, kind.not_above):
                raise ValueError(f"{name} is above {kind.not_above}: a warning comes before it is critical")
