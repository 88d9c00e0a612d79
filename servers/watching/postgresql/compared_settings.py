"""The settings in which the servers of a pair should agree: after a failover, the other one's hold.

Left out is what differs for good reason (addresses, paths, names, synchronous_standby_names, primary_conninfo) and what
only a standby reads. No value here is a secret; of the commands only a digest is compared.
"""

COMPARED_SETTINGS = (
    # At least as large on a standby, else replay stops:
    # https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
    # What is promised to clients, and to those who restore.
    "archive_command",
    "archive_library",
    "archive_mode",
    "archive_timeout",
    "fsync",
    "full_page_writes",
    "max_replication_slots",
    "max_slot_wal_keep_size",
    "password_encryption",
    "ssl",
    "ssl_min_protocol_version",
    "synchronous_commit",
    "wal_keep_size",
    "wal_level",
    "wal_log_hints",
    # How fast it will be.
    "autovacuum",
    "autovacuum_max_workers",
    "checkpoint_timeout",
    "default_statistics_target",
    "effective_cache_size",
    "effective_io_concurrency",
    "jit",
    "maintenance_work_mem",
    "max_parallel_workers",
    "max_wal_size",
    "random_page_cost",
    "shared_buffers",
    "shared_preload_libraries",
    "work_mem",
    # What queries mean, and when they are ended.
    "TimeZone",
    "DateStyle",
    "default_transaction_isolation",
    "idle_in_transaction_session_timeout",
    "lock_timeout",
    "statement_timeout",
)
