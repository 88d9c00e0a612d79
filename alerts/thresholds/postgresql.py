"""What goes on inside PostgreSQL. A well-run pair trips none of these, at any work; who knows better sets less."""

from dataclasses import dataclass

from alerts.thresholds.kinds import DAY, GIBIBYTE, HOUR, MINUTE, count, seconds, share, size, times


@dataclass(frozen=True)
class PostgresqlThresholds:
    # A dump of a large database takes hours, and is one transaction.
    transaction_age: float = seconds(6 * HOUR)
    # Nobody works within a transaction that waits for its client; a pool or a person has forgotten it.
    idle_in_transaction: float = seconds(10 * MINUTE)
    # Its second phase follows within moments; one that is forgotten keeps its locks over every restart.
    prepared_transaction: float = seconds(10 * MINUTE)
    # A queue behind one lock grows until the connections are used up.
    blocked_seconds: float = seconds(2 * MINUTE)
    # Half of autovacuum_freeze_max_age: more dead rows than that are no dump's doing.
    xmin_age: float = count(100_000_000)
    xmin_age_for: float = seconds(10 * MINUTE)
    # Freezing begins at a tenth of what there is (autovacuum_freeze_max_age), vacuum_failsafe_age is at three quarters.
    transaction_ids_warning: float = share(0.5, not_above="transaction_ids_critical")
    transaction_ids_critical: float = share(0.75)
    # In ten minutes. One now and then is what PostgreSQL resolves by itself.
    deadlocks: float = count(10)
    recovery_conflicts: float = count(20)
    recovery_conflicts_for: float = seconds(10 * MINUTE)
    # In an hour, and more than came by the clock. A bulk load that lasts as long as the second is no mistake yet.
    checkpoints_requested: float = count(12)
    checkpoints_for: float = seconds(3 * HOUR)
    # Within ten minutes: what no work_mem could hold either, for half an hour on end.
    temporary_bytes: float = size(50 * GIBIBYTE)
    temporary_bytes_for: float = seconds(30 * MINUTE)
    # Off: what is too little depends on the work alone.
    cache_hit_least: float = share(0)
    cache_hit_for: float = seconds(HOUR)
    # As many times the dead rows at which autovacuum comes: a large table takes it hours, and many wait meanwhile.
    dead_rows: float = times(4, least=1)
    dead_rows_for: float = seconds(3 * HOUR)
    # Whatever renews certificates by itself does so a month before.
    server_certificate_warning: float = seconds(14 * DAY)
    server_certificate_critical: float = seconds(3 * DAY, not_above="server_certificate_warning")
    # Changes are made by day and restarts by night.
    pending_restart_for: float = seconds(DAY)
    settings_differ_for: float = seconds(HOUR)
    versions_differ_for: float = seconds(DAY)
    # A quarter is when the next one is due.
    release_outdated: float = seconds(90 * DAY)
    # To go to another major version takes planning.
    release_unsupported: float = seconds(180 * DAY)
    release_for: float = seconds(HOUR)
    replication_in_the_clear_for: float = seconds(MINUTE)
