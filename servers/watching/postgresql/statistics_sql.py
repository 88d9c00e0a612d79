"""What a server's statistics say: one statement, for PostgreSQL 13 to 18, on a primary and on a standby alike.

Views: https://www.postgresql.org/docs/current/monitoring-stats.html, …/view-pg-locks.html, …/view-pg-settings.html;
functions: …/functions-info.html. All of it is open to a member of pg_monitor. Every list is bounded.

Names and queries come as hexadecimal: PostgreSQL takes the bytes of other databases for its own encoding, whatever they
are, and whoever decodes them is not to fail (textsend passes them on as they are; `left` and jsonb may not).
PostgreSQL 17 moved the checkpoints from pg_stat_bgwriter to pg_stat_checkpointer; pg_locks.waitstart came with 14.
"""

from typing import LiteralString

VERSION: LiteralString = """
SELECT current_setting('server_version_num')::int AS version_number, pg_backend_pid()
"""

# Sessions that wait for a lock; not those that wait by design: for an advisory lock, or (CREATE INDEX CONCURRENTLY) for
# old transactions to end. Asking who blocks one stops the lock manager for a moment: hence so few.
_SESSIONS: LiteralString = """
WITH waiting AS MATERIALIZED (
    SELECT pid, (pg_blocking_pids(pid))[1:8] AS blocked_by
      FROM pg_stat_activity
     WHERE wait_event_type = 'Lock' AND wait_event NOT IN ('advisory', 'userlock', 'virtualxid')
     ORDER BY query_start LIMIT 20),
session AS MATERIALIZED (
    SELECT pid, encode(textsend(usename::text), 'hex') AS user_hex,
           encode(textsend(datname::text), 'hex') AS database_hex,
           application_name, host(client_addr) AS client_address, backend_type, state, wait_event_type, wait_event,
           extract(epoch FROM clock_timestamp() - xact_start)::float8 AS transaction_age,
           extract(epoch FROM clock_timestamp() - state_change)::float8 AS state_age,
           encode(substr(textsend(query), 1, 600), 'hex') AS query_hex
      FROM pg_stat_activity WHERE pid <> pg_backend_pid()),
-- Materialized: each look at pg_settings makes text of all of them, a third of what this statement costs.
known_setting AS MATERIALIZED (
    SELECT name, setting, pending_restart, name = ANY(%s) AS compared FROM pg_settings)
SELECT
    current_setting('server_version_num')::int AS version_number,
    extract(epoch FROM clock_timestamp())::float8 AS now,
    extract(epoch FROM pg_postmaster_start_time())::float8 AS started,
    pg_is_in_recovery() AS in_recovery,
    pg_has_role(current_user, 'pg_monitor', 'USAGE') AS sees_everything,
    (SELECT coalesce(jsonb_object_agg(state, sessions), '{}') FROM (
        SELECT coalesce(state, 'hidden') AS state, count(*) AS sessions
          FROM session WHERE backend_type = 'client backend' GROUP BY 1) AS by_state) AS connections,
    (SELECT count(*) FROM session WHERE wait_event_type = 'Lock'
        AND wait_event NOT IN ('advisory', 'userlock', 'virtualxid'))::int AS waiting,
    (SELECT coalesce(jsonb_agg(to_jsonb(open)), '[]') FROM (
        SELECT * FROM session WHERE backend_type = 'client backend' AND transaction_age IS NOT NULL
         ORDER BY transaction_age DESC LIMIT 5) AS open) AS transactions,
    (SELECT coalesce(jsonb_agg(to_jsonb(idle)), '[]') FROM (
        SELECT * FROM session WHERE state LIKE 'idle in transaction%%'
         ORDER BY state_age DESC LIMIT 5) AS idle) AS idle_in_transaction,
    (SELECT coalesce(jsonb_agg(to_jsonb(locked)), '[]') FROM (
        SELECT session.*, waiting.blocked_by, wanted.mode, wanted.wait_age
          FROM session LEFT JOIN waiting USING (pid)
          LEFT JOIN (SELECT pid, mode, extract(epoch FROM clock_timestamp()
                            - (to_jsonb(lock) ->> 'waitstart')::timestamptz)::float8 AS wait_age
                       FROM pg_locks AS lock WHERE NOT granted AND EXISTS (SELECT FROM waiting)) AS wanted USING (pid)
         WHERE waiting.pid IS NOT NULL OR pid IN (SELECT unnest(blocked_by) FROM waiting)
         ORDER BY waiting.pid IS NULL, wait_age DESC NULLS LAST LIMIT 60) AS locked) AS locked,
"""

_AGES: LiteralString = """
    (SELECT coalesce(jsonb_agg(to_jsonb(holder)), '[]') FROM (
        SELECT kind, encode(textsend(name), 'hex') AS name_hex, age FROM (
            SELECT coalesce(backend_type, 'session') AS kind, 'pid ' || pid || ' ' || application_name AS name,
                   age(backend_xmin) AS age
              FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
               -- A VACUUM holds no other one back, however long it takes.
               AND backend_type <> 'autovacuum worker' AND query NOT ILIKE 'vacuum%%'
            UNION ALL
            SELECT 'slot', slot_name::text, greatest(age(slot.xmin), age(slot.catalog_xmin))
              FROM pg_replication_slots AS slot
            UNION ALL
            SELECT 'prepared transaction', gid, age(transaction) FROM pg_prepared_xacts) AS holders
         WHERE age IS NOT NULL ORDER BY age DESC LIMIT 5) AS holder) AS xmin_holders,
    (SELECT coalesce(jsonb_agg(to_jsonb(prepared)), '[]') FROM (
        SELECT encode(textsend(gid), 'hex') AS gid_hex,
               extract(epoch FROM clock_timestamp() - prepared)::float8 AS age
          FROM pg_prepared_xacts ORDER BY prepared LIMIT 5) AS prepared) AS prepared,
    (SELECT coalesce(jsonb_agg(to_jsonb(aged)), '[]') FROM (
        SELECT encode(textsend(datname::text), 'hex') AS database_hex,
               age(datfrozenxid) AS transaction_ids, mxid_age(datminmxid) AS multixacts
          FROM pg_database ORDER BY greatest(age(datfrozenxid), mxid_age(datminmxid)) DESC LIMIT 5) AS aged) AS ages,
    (SELECT coalesce(jsonb_agg(to_jsonb(known)), '[]') FROM (
        SELECT encode(textsend(datname::text), 'hex') AS database_hex FROM pg_database
         WHERE datallowconn AND NOT datistemplate AND has_database_privilege(oid, 'CONNECT')
         ORDER BY datname LIMIT 100) AS known) AS databases,
"""

# Sums over all databases: their number has no bound. One that was reset or dropped makes a sum fall.
_COUNTERS: LiteralString = """
    (SELECT to_jsonb(counted) FROM (
        SELECT sum(blks_read)::float8 AS blocks_read, sum(blks_hit)::float8 AS blocks_hit,
               sum(temp_files)::float8 AS temp_files, sum(temp_bytes)::float8 AS temp_bytes,
               sum(deadlocks)::float8 AS deadlocks, sum(conflicts)::float8 AS recovery_conflicts,
               sum(xact_commit)::float8 AS commits, sum(xact_rollback)::float8 AS rollbacks
          FROM pg_stat_database) AS counted) AS counters,
    (SELECT extract(epoch FROM max(stats_reset))::float8 FROM pg_stat_database) AS databases_reset,
    (SELECT to_jsonb(conflicted) FROM (
        SELECT sum(confl_tablespace)::float8 AS tablespace, sum(confl_lock)::float8 AS lock,
               sum(confl_snapshot)::float8 AS snapshot, sum(confl_bufferpin)::float8 AS "buffer pin",
               sum(confl_deadlock)::float8 AS deadlock FROM pg_stat_database_conflicts) AS conflicted) AS conflicts,
    (SELECT coalesce(jsonb_agg(to_jsonb(damaged)), '[]') FROM (
        SELECT encode(textsend(coalesce(datname::text, 'shared objects')), 'hex') AS database_hex,
               checksum_failures AS failures,
               extract(epoch FROM clock_timestamp() - checksum_last_failure)::float8 AS age
          FROM pg_stat_database WHERE checksum_failures > 0
         ORDER BY checksum_failures DESC LIMIT 5) AS damaged) AS checksum_failures,
"""

_CHECKPOINTS_UNTIL_16: LiteralString = """
    (SELECT to_jsonb(checkpoints) FROM (
        SELECT checkpoints_timed::float8 AS timed, checkpoints_req::float8 AS requested,
               checkpoint_write_time / 1000 AS write_seconds, checkpoint_sync_time / 1000 AS sync_seconds,
               extract(epoch FROM stats_reset)::float8 AS reset FROM pg_stat_bgwriter) AS checkpoints) AS checkpoints,
"""

_CHECKPOINTS_SINCE_17: LiteralString = """
    (SELECT to_jsonb(checkpoints) FROM (
        SELECT num_timed::float8 AS timed, num_requested::float8 AS requested,
               write_time / 1000 AS write_seconds, sync_time / 1000 AS sync_seconds,
               extract(epoch FROM stats_reset)::float8 AS reset
          FROM pg_stat_checkpointer) AS checkpoints) AS checkpoints,
"""

# archive_command may hold credentials: only whether it is the same elsewhere is needed of it.
_SETTINGS: LiteralString = """
    (SELECT coalesce(jsonb_object_agg(name, CASE WHEN name = 'archive_command'
                 THEN encode(sha256(convert_to(setting, 'UTF8')), 'hex') ELSE current_setting(name) END), '{}')
       FROM known_setting WHERE compared) AS settings,
    (SELECT coalesce(jsonb_agg(name), '[]') FROM (
        SELECT name FROM known_setting WHERE pending_restart ORDER BY name LIMIT 20) AS pending) AS pending_restart,
    (SELECT coalesce(jsonb_agg(to_jsonb(link)), '[]') FROM (
        SELECT sender.application_name, host(sender.client_addr) AS client_address,
               coalesce(tls.ssl, false) OR coalesce(gss.encrypted, false) AS encrypted
          FROM pg_stat_replication AS sender
          LEFT JOIN pg_stat_ssl AS tls USING (pid) LEFT JOIN pg_stat_gssapi AS gss USING (pid)
         ORDER BY sender.application_name, pid LIMIT 64) AS link) AS replication_links,
    EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') AS has_statement_statistics
"""

STATISTICS_UNTIL_16: LiteralString = _SESSIONS + _AGES + _COUNTERS + _CHECKPOINTS_UNTIL_16 + _SETTINGS
STATISTICS_SINCE_17: LiteralString = _SESSIONS + _AGES + _COUNTERS + _CHECKPOINTS_SINCE_17 + _SETTINGS
