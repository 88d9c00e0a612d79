"""What commands may use. Wired in one place (`bot.process`), handed to every command."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from commands.automatic.policy import AutomaticPolicy
from commands.maintenance_window import MaintenanceWindow
from commands.people import Directory
from commands.policies import Policies
from commands.timeline.threads import NoThreads, Threads
from ledger.history.history import History
from ledger.ledger import Ledger
from servers.backups.in_place import InPlace
from servers.backups.instances import Instances
from servers.backups.native.archiving import Archiving
from servers.backups.offsite.from_store import FromStore
from servers.backups.offsite.stores import OffsiteStores
from servers.backups.partial.tool import PartialBackups
from servers.backups.partial.volumes import Volumes
from servers.backups.registry import BackupTools
from servers.backups.tool import BackupListing, BackupTool
from servers.engines.engine import Engine
from servers.engines.patroni.engine import PatroniEngine
from servers.fences.registry import Fences, fence_of
from servers.heartbeat import Heartbeats
from servers.inventory import Cluster
from servers.observe import Observer
from servers.probe import Probes
from servers.sentinels import SentinelHands
from servers.service_manager import ServiceHands, ServiceManagers
from servers.sql import Sessions
from servers.ssh import Shells
from servers.traffic.target import TrafficTarget


def _no_backup_tools() -> Callable[[Cluster], BackupTool]:
    return BackupTools(Shells(), lambda: datetime.now(UTC)).tool_of


def _no_partial_backups() -> PartialBackups:
    return PartialBackups(Shells(), lambda: datetime.now(UTC))


def _no_heartbeats() -> Heartbeats:
    return Heartbeats((), Sessions())


def _no_store() -> FromStore:
    return FromStore(Shells(), OffsiteStores(lambda: datetime.now(UTC)))


def _no_history() -> History:
    return History(Path("nowhere.history.sqlite3"), 0, lambda: datetime.now(UTC))


def _no_thresholds(cluster: str) -> Mapping[str, float]:
    return {}


@dataclass(frozen=True, slots=True)
class World:
    """The outside world, the memory and the rules, as commands see them."""

    clusters: Mapping[str, Cluster]
    observer: Observer
    engine: Engine
    backups: BackupListing
    ledger: Ledger
    policies: Policies
    directory: Directory
    now: Callable[[], datetime]  # aware, UTC
    backup_tool: Callable[[Cluster], BackupTool] = field(default_factory=_no_backup_tools)
    instances: Instances = field(default_factory=lambda: Instances(Shells()))
    in_place: InPlace = field(default_factory=lambda: InPlace(Shells()))
    from_store: FromStore = field(default_factory=_no_store)
    archiving: Archiving = field(default_factory=lambda: Archiving(Shells()))
    partial: PartialBackups = field(default_factory=_no_partial_backups)
    volumes: Volumes = field(default_factory=lambda: Volumes(Shells()))
    history: History = field(default_factory=_no_history)
    thresholds: Callable[[str], Mapping[str, float]] = _no_thresholds  # a cluster's, by their names in the settings
    services: ServiceHands = field(default_factory=lambda: ServiceManagers(Shells()))
    sentinels: Mapping[str, SentinelHands] = field(default_factory=dict)  # by cluster; of Redis
    fences: Fences = fence_of  # a server's fence hook, where it has one
    automatic: Mapping[str, AutomaticPolicy] = field(default_factory=dict)  # by cluster; without one, nothing is
    maintenance_windows: Mapping[str, Sequence[MaintenanceWindow]] = field(default_factory=dict)  # by cluster
    traffic: Mapping[str, Sequence[TrafficTarget]] = field(default_factory=dict)  # by cluster; what leads its clients
    patroni: Mapping[str, PatroniEngine] = field(default_factory=dict)  # by cluster, of those that it runs
    heartbeats: Heartbeats = field(default_factory=_no_heartbeats)
    threads: Threads = field(default_factory=NoThreads)  # what people said below cards, where that is allowed
    probes: Probes = field(default_factory=lambda: Probes(Sessions()))
