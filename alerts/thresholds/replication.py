"""How far standbys are behind, and what replication keeps or waits for."""

from dataclasses import dataclass

from alerts.thresholds.kinds import GIBIBYTE, MEBIBYTE, MINUTE, seconds, share, size


@dataclass(frozen=True)
class ReplicationThresholds:
    replay_lag_bytes: float = size(MEBIBYTE)
    replay_lag_seconds: float = seconds(60)
    replay_lag_for: float = seconds(30)
    # What a failover would lose. A burst over an ordinary line is through well before.
    flush_lag_bytes: float = size(64 * MEBIBYTE)
    flush_lag_for: float = seconds(MINUTE)
    # wal_receiver_timeout ends a silent connection after 60 s by itself: this is for where that does not work.
    receiver_silent: float = seconds(2 * MINUTE)
    receiver_silent_for: float = seconds(10)
    # Commits wait: but a standby that is restarted is back by then.
    synchronous_standbys_for: float = seconds(10)
    # A consumer that is restarted or moved takes minutes; one that never comes back fills the disk.
    slot_unused_for: float = seconds(15 * MINUTE)
    slot_wal_kept: float = size(32 * GIBIBYTE)
    slot_wal_kept_for: float = seconds(10 * MINUTE)
    # The share of max_slot_wal_keep_size that is still free.
    slot_wal_left_warning: float = share(0.4)
    slot_wal_left_critical: float = share(0.15, not_above="slot_wal_left_warning")
