"""When to call people. A rule is defined in a file here and listed once below; those that hide others come first."""

from alerts.rules.activity_counters import CONFLICTS, LOW_CACHE_HIT, TEMPORARY_FILES
from alerts.rules.ages import MULTIXACTS, TRANSACTION_IDS, XMIN_HORIZON
from alerts.rules.autovacuum import AUTOVACUUM_BEHIND
from alerts.rules.availability import (
    NO_PRIMARY,
    PRIMARY_DOWN,
    PRIMARY_UNREACHABLE,
    REPLICATION_BROKEN,
    SPLIT_BRAIN,
    STANDBY_DOWN,
)
from alerts.rules.backup_history import BACKUP_SIZE_RULE, BACKUP_UNVERIFIED_RULE
from alerts.rules.backup_keys import BACKUP_KEYS_RULE
from alerts.rules.backups import BACKUP
from alerts.rules.cannot_see import CANNOT_SEE
from alerts.rules.capacity import CONNECTIONS, DISK
from alerts.rules.certificates import SERVER_CERTIFICATE
from alerts.rules.checkpoints import MANY_CHECKPOINTS
from alerts.rules.checksums import DAMAGED_PAGES
from alerts.rules.drills import DRILL_RULE, FULL_DRILL_RULE
from alerts.rules.flush_lag import FLUSH_LAG
from alerts.rules.host_clocks import CLOCK, CLOCK_UNSYNCHRONISED
from alerts.rules.host_disks import FULL_IN_RULE, HOST_DISK, INODES
from alerts.rules.host_down import HOST_DOWN, HOST_TIMEOUTS_RULE
from alerts.rules.host_hardware import DRIVES, RAID
from alerts.rules.host_load import CPU_PRESSURE_RULE, IO_PRESSURE_RULE, LOAD, MEMORY_PRESSURE_RULE
from alerts.rules.host_memory import FILE_HANDLES, MEMORY, OUT_OF_MEMORY, SWAPPING
from alerts.rules.host_upkeep import FAILED_UNITS_RULE, REBOOT
from alerts.rules.itself import OWN_LEDGER, OWN_LOOKS, OWN_LOOP, OWN_PING, OWN_SLACK
from alerts.rules.ledger_copy import LEDGER_COPY_RULE
from alerts.rules.locks import BLOCKED, MANY_DEADLOCKS
from alerts.rules.network import PACKET_LOSS_RULE, PORT, SLOW_WAY
from alerts.rules.offsite import OFFSITE_DIFFERS_RULE, OFFSITE_LATE_RULE
from alerts.rules.outside import OUTSIDE
from alerts.rules.partial_backups import PARTIAL_BACKUP, PARTIAL_UNVERIFIED
from alerts.rules.partial_offsite import PARTIAL_OFFSITE_DIFFERS_RULE, PARTIAL_OFFSITE_LATE_RULE
from alerts.rules.patroni import (
    PATRONI_HAS_NO_DCS,
    PATRONI_HAS_NO_LEADER,
    PATRONI_IS_PAUSED,
    PATRONI_MEMBER_UNWELL,
)
from alerts.rules.receiver import RECEIVER_HEARS_NOTHING
from alerts.rules.replay_lag import REPLAY_LAG
from alerts.rules.replication_encryption import UNENCRYPTED_REPLICATION
from alerts.rules.repository_disk import REPOSITORY_DISK_RULE
from alerts.rules.restore_window import ARCHIVE_GAP_RULE, RESTORE_WINDOW_RULE, RTO_RULE
from alerts.rules.rule import Rule
from alerts.rules.server_settings import SETTINGS_APART, SETTINGS_PENDING
from alerts.rules.services import SERVICE_CERTIFICATE, SERVICE_DOWN, SERVICE_SLOW
from alerts.rules.services_docker import CONTAINER_RESTARTS
from alerts.rules.services_redis import REDIS_MEMORY, REDIS_PERSISTENCE, REDIS_QUORUM, REDIS_REPLICATION
from alerts.rules.services_traefik import TRAEFIK_CONFIGURED, TRAEFIK_DRIFT, TRAEFIK_SERVERS
from alerts.rules.slots import SLOT_UNUSED, SLOT_WAL
from alerts.rules.synchronous_standbys import SYNCHRONOUS_STANDBYS
from alerts.rules.tailnet import TAILNET_DOWN, TAILNET_KEY, TAILNET_PEER, TAILNET_RELAYED
from alerts.rules.traffic import CLIENTS_HELD, TRAFFIC_ASTRAY
from alerts.rules.transactions import IDLE_TRANSACTION, LONG_TRANSACTION, PREPARED_TRANSACTION
from alerts.rules.versions import OUTDATED_RELEASE, VERSIONS_APART
from alerts.rules.wal_archive import WAL_ARCHIVE

RULES: tuple[Rule, ...] = (
    SPLIT_BRAIN,
    PRIMARY_DOWN,
    HOST_DOWN,
    NO_PRIMARY,
    PRIMARY_UNREACHABLE,
    CLIENTS_HELD,
    TRAFFIC_ASTRAY,
    STANDBY_DOWN,
    REPLICATION_BROKEN,
    PATRONI_HAS_NO_DCS,
    PATRONI_HAS_NO_LEADER,
    PATRONI_MEMBER_UNWELL,
    PATRONI_IS_PAUSED,
    SYNCHRONOUS_STANDBYS,
    REPLAY_LAG,
    FLUSH_LAG,
    RECEIVER_HEARS_NOTHING,
    SLOT_WAL,
    SLOT_UNUSED,
    WAL_ARCHIVE,
    BACKUP,
    ARCHIVE_GAP_RULE,
    RESTORE_WINDOW_RULE,
    BACKUP_SIZE_RULE,
    BACKUP_UNVERIFIED_RULE,
    PARTIAL_BACKUP,
    PARTIAL_UNVERIFIED,
    BACKUP_KEYS_RULE,
    RTO_RULE,
    DRILL_RULE,
    FULL_DRILL_RULE,
    OFFSITE_DIFFERS_RULE,
    OFFSITE_LATE_RULE,
    PARTIAL_OFFSITE_DIFFERS_RULE,
    PARTIAL_OFFSITE_LATE_RULE,
    LEDGER_COPY_RULE,
    REPOSITORY_DISK_RULE,
    DISK,
    HOST_DISK,
    FULL_IN_RULE,
    INODES,
    RAID,
    DRIVES,
    OUT_OF_MEMORY,
    MEMORY,
    MEMORY_PRESSURE_RULE,
    SWAPPING,
    IO_PRESSURE_RULE,
    CPU_PRESSURE_RULE,
    LOAD,
    FILE_HANDLES,
    CLOCK,
    CLOCK_UNSYNCHRONISED,
    FAILED_UNITS_RULE,
    REBOOT,
    TAILNET_DOWN,
    TAILNET_KEY,
    TAILNET_PEER,
    TAILNET_RELAYED,
    PORT,
    PACKET_LOSS_RULE,
    SLOW_WAY,
    SERVICE_DOWN,
    SERVICE_SLOW,
    SERVICE_CERTIFICATE,
    CONTAINER_RESTARTS,
    REDIS_PERSISTENCE,
    REDIS_REPLICATION,
    REDIS_QUORUM,
    REDIS_MEMORY,
    TRAEFIK_SERVERS,
    TRAEFIK_CONFIGURED,
    TRAEFIK_DRIFT,
    CONNECTIONS,
    DAMAGED_PAGES,
    TRANSACTION_IDS,
    MULTIXACTS,
    BLOCKED,
    IDLE_TRANSACTION,
    LONG_TRANSACTION,
    PREPARED_TRANSACTION,
    XMIN_HORIZON,
    AUTOVACUUM_BEHIND,
    MANY_DEADLOCKS,
    CONFLICTS,
    TEMPORARY_FILES,
    LOW_CACHE_HIT,
    MANY_CHECKPOINTS,
    SERVER_CERTIFICATE,
    UNENCRYPTED_REPLICATION,
    SETTINGS_PENDING,
    SETTINGS_APART,
    VERSIONS_APART,
    OUTDATED_RELEASE,
    OUTSIDE,
    OWN_LOOKS,
    OWN_SLACK,
    OWN_LOOP,
    OWN_LEDGER,
    OWN_PING,
    CANNOT_SEE,
    HOST_TIMEOUTS_RULE,
)
