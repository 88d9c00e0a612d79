"""What is looked at. A probe is one file here and one line below."""

from alerts.probes.activity_counters import activity_counters
from alerts.probes.ages import ages
from alerts.probes.autovacuum import autovacuum
from alerts.probes.availability import availability
from alerts.probes.backup_history import backup_history
from alerts.probes.backup_keys import backup_keys
from alerts.probes.backups import backups
from alerts.probes.blocked_sessions import blocked_sessions
from alerts.probes.certificates import certificates
from alerts.probes.checkpoints import checkpoints
from alerts.probes.checksums import checksums
from alerts.probes.connections import connections
from alerts.probes.disks import disks
from alerts.probes.drills import drills
from alerts.probes.heartbeat_lag import heartbeat_lag
from alerts.probes.host_answers import host_answers
from alerts.probes.host_clocks import host_clocks
from alerts.probes.host_disks import host_disks
from alerts.probes.host_hardware import host_hardware
from alerts.probes.host_load import host_load
from alerts.probes.host_memory import host_memory
from alerts.probes.host_ports import host_ports
from alerts.probes.host_upkeep import host_upkeep
from alerts.probes.host_ways import host_ways
from alerts.probes.offsite import offsite
from alerts.probes.outside import outside
from alerts.probes.partial_backups import partial_backups
from alerts.probes.partial_offsite import partial_offsite
from alerts.probes.patroni import patroni
from alerts.probes.probe import Probe
from alerts.probes.queries import queries
from alerts.probes.receiver import receiver
from alerts.probes.replay_lag import replay_lag
from alerts.probes.replication_encryption import replication_encryption
from alerts.probes.replication_lag import replication_lag
from alerts.probes.repository_disk import repository_disk
from alerts.probes.restore_window import restore_windows
from alerts.probes.rto import rto
from alerts.probes.server_settings import server_settings
from alerts.probes.services import services
from alerts.probes.sessions import sessions
from alerts.probes.slots import slots
from alerts.probes.synchronous_standbys import synchronous_standbys
from alerts.probes.tailnet import tailnet
from alerts.probes.traffic import traffic
from alerts.probes.transactions import transactions
from alerts.probes.versions import versions
from alerts.probes.visibility import visibility
from alerts.probes.wal_archive import wal_archive
from alerts.probes.wal_rate import wal_rate

PROBES: tuple[Probe, ...] = (
    availability,
    replay_lag,
    heartbeat_lag,
    replication_lag,
    receiver,
    synchronous_standbys,
    slots,
    wal_archive,
    wal_rate,
    backups,
    backup_history,
    partial_backups,
    partial_offsite,
    backup_keys,
    restore_windows,
    rto,
    drills,
    offsite,
    repository_disk,
    disks,
    host_answers,
    host_disks,
    host_load,
    host_memory,
    host_clocks,
    host_hardware,
    host_upkeep,
    host_ports,
    host_ways,
    tailnet,
    connections,
    sessions,
    transactions,
    blocked_sessions,
    ages,
    activity_counters,
    checkpoints,
    checksums,
    server_settings,
    versions,
    replication_encryption,
    autovacuum,
    certificates,
    queries,
    patroni,
    traffic,
    services,
    outside,
    visibility,
)
