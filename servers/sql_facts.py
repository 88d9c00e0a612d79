"""What a server says of itself: one statement, for PostgreSQL 13 to 18, on a primary and on a standby alike.

Views and functions: https://www.postgresql.org/docs/current/monitoring-stats.html, …/functions-admin.html,
…/functions-info.html#FUNCTIONS-INFO-CONTROLDATA. All of it is open to a member of pg_monitor; without it LSNs and other
roles' rows come back NULL, and only the listings of pg_wal and of the archive's status directory are refused.
What each version has stands in tests/servers/catalogs.tsv, against which every statement is checked.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, LiteralString

from servers.errors import ServerUnreachable
from servers.knock import Endpoint
from servers.lsn import Lsn, parse_lsn
from servers.state import Archiver, Receiver, ReplicationRow, Slot, SqlFacts, Upstream

_OLDEST_READY: LiteralString = """
    (SELECT extract(epoch FROM clock_timestamp() - min(modification))::float8
       FROM pg_ls_archive_statusdir() WHERE name LIKE '%.ready')"""

# The newest timeline that a standby has WAL of. Only while it has no receiver: every segment's name is looked at.
_NEWEST_SEGMENT: LiteralString = """
    CASE WHEN recovery.is_on AND NOT EXISTS (SELECT FROM pg_stat_wal_receiver)
         THEN (SELECT max(('x' || substr(name, 1, 8))::bit(32)::int) FROM pg_ls_waldir()
                WHERE name ~ '^[0-9A-F]{24}$') END"""

# The timeline: a primary's WAL insertion knows it first (the last checkpoint's lags behind a promotion); a standby's is
# the newest that it has received, must replay to be consistent, or has seen a checkpoint on.
_BEFORE_SEGMENT: LiteralString = """
SELECT
    current_setting('server_version_num')::int AS version_number,
    recovery.is_on AS in_recovery,
    CASE WHEN recovery.is_on
         THEN greatest(control.timeline_id, minimum.min_recovery_end_timeline,
                       (SELECT received_tli FROM pg_stat_wal_receiver), """

_BEFORE_READY: LiteralString = """)
         ELSE ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int
    END AS timeline,
    (SELECT system_identifier FROM pg_control_system())::text AS system_identifier,
    pg_postmaster_start_time() AS started_at,
    CASE WHEN NOT recovery.is_on THEN pg_current_wal_lsn() END::text AS wal_lsn,
    pg_last_wal_receive_lsn()::text AS receive_lsn,
    CASE WHEN recovery.is_on THEN pg_last_wal_replay_lsn() END::text AS replay_lsn,
    CASE WHEN recovery.is_on THEN pg_is_wal_replay_paused() ELSE false END AS replay_paused,
    CASE WHEN recovery.is_on
         THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8
    END AS last_replayed_transaction_age,
    (SELECT to_jsonb(receiver) FROM (
        SELECT status, sender_host, sender_port, slot_name, flushed_lsn::text,
               extract(epoch FROM clock_timestamp() - last_msg_receipt_time)::float8 AS last_message_age
          FROM pg_stat_wal_receiver LIMIT 1) AS receiver) AS receiver,
    (SELECT coalesce(jsonb_agg(to_jsonb(sender)), '[]') FROM (
        SELECT application_name, host(client_addr) AS client_address, state, sync_state,
               sent_lsn::text, write_lsn::text, flush_lsn::text, replay_lsn::text,
               extract(epoch FROM write_lag)::float8 AS write_lag,
               extract(epoch FROM flush_lag)::float8 AS flush_lag,
               extract(epoch FROM replay_lag)::float8 AS replay_lag
          FROM pg_stat_replication ORDER BY application_name, pid LIMIT 64) AS sender) AS replication,
    (SELECT coalesce(jsonb_agg(to_jsonb(slot)), '[]') FROM (
        SELECT slot_name, active, restart_lsn::text, wal_status, safe_wal_size
          FROM pg_replication_slots ORDER BY slot_name LIMIT 64) AS slot) AS slots,
    (SELECT to_jsonb(archiver) FROM (
        SELECT current_setting('archive_mode') AS mode,
               archived_count, last_archived_wal, failed_count, last_failed_wal,
               extract(epoch FROM clock_timestamp() - last_archived_time)::float8 AS last_archived_age,
               extract(epoch FROM clock_timestamp() - last_failed_time)::float8 AS last_failed_age
          FROM pg_stat_archiver LIMIT 1) AS archiver) AS archiver,
"""

_AFTER_READY: LiteralString = """ AS oldest_ready_age,
    (SELECT count(*) FROM pg_stat_activity
      WHERE backend_type = 'client backend' OR backend_type IS NULL)::int AS connections,
    current_setting('max_connections')::int AS max_connections,
    current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true)::int, 0) AS reserved_connections,
    pg_has_role(current_user, 'pg_monitor', 'USAGE') AS sees_everything,
    current_setting('synchronous_standby_names') AS synchronous_standby_names,
    current_setting('synchronous_commit') AS synchronous_commit,
    current_setting('data_checksums') = 'on' AS data_checksums,
    current_setting('wal_log_hints') = 'on' AS wal_log_hints,
    pg_size_bytes(current_setting('wal_segment_size'))::int AS wal_segment_size,
    CASE WHEN recovery.is_on AND pg_has_role(current_user, 'pg_read_all_settings', 'USAGE')
         THEN current_setting('primary_conninfo') END AS primary_conninfo
  FROM (SELECT pg_is_in_recovery() AS is_on) AS recovery, pg_control_checkpoint() AS control,
       pg_control_recovery() AS minimum
"""

FACTS: LiteralString = _BEFORE_SEGMENT + _NEWEST_SEGMENT + _BEFORE_READY + _OLDEST_READY + _AFTER_READY
FACTS_FOR_ANYBODY: LiteralString = _BEFORE_SEGMENT + "NULL" + _BEFORE_READY + "NULL::float8" + _AFTER_READY


def sql_facts(row: Mapping[str, Any]) -> SqlFacts:
    """The facts in a row of FACTS. KeyError, TypeError or ValueError for a row that makes no sense."""
    started_at = row["started_at"]
    if not isinstance(started_at, datetime):
        raise TypeError("started_at is no time")
    return SqlFacts(
        version_number=int(row["version_number"]),
        in_recovery=_truth(row["in_recovery"]),
        timeline=int(row["timeline"]),
        system_identifier=str(row["system_identifier"]),
        started_at=started_at.astimezone(UTC),
        wal_lsn=_lsn(row["wal_lsn"]),
        receive_lsn=_lsn(row["receive_lsn"]),
        replay_lsn=_lsn(row["replay_lsn"]),
        replay_paused=_truth(row["replay_paused"]),
        last_replayed_transaction_age_seconds=_seconds(row["last_replayed_transaction_age"]),
        receiver=_receiver(row["receiver"]) if row["receiver"] is not None else None,
        replication=tuple(_replication(each) for each in row["replication"]),
        slots=tuple(_slot(each) for each in row["slots"]),
        archiver=_archiver(row["archiver"], row["oldest_ready_age"]) if row["archiver"] is not None else None,
        connections=int(row["connections"]),
        max_connections=int(row["max_connections"]),
        reserved_connections=int(row["reserved_connections"]),
        sees_everything=_truth(row["sees_everything"]),
        synchronous_standby_names=str(row["synchronous_standby_names"]),
        data_checksums=_truth(row["data_checksums"]),
        wal_log_hints=_truth(row["wal_log_hints"]),
        wal_segment_size=int(row["wal_segment_size"]),
        upstream=_upstream(str(row["primary_conninfo"] or "")),
        synchronous_commit=str(row["synchronous_commit"]),
    )


def _upstream(conninfo: str) -> Upstream | None:
    """Only where it leads: it may hold a password."""
    if not conninfo:
        return None
    try:
        endpoint = Endpoint.of(conninfo)
    except ServerUnreachable:
        return None
    return Upstream(endpoint.host, endpoint.port)


def _receiver(row: Mapping[str, Any]) -> Receiver:
    return Receiver(
        status=str(row["status"] or "hidden"),
        sender_host=row["sender_host"],
        sender_port=row["sender_port"],
        slot=row["slot_name"],
        flushed_lsn=_lsn(row["flushed_lsn"]),
        last_message_age_seconds=_seconds(row["last_message_age"]),
    )


def _replication(row: Mapping[str, Any]) -> ReplicationRow:
    return ReplicationRow(
        application_name=str(row["application_name"] or ""),
        client_address=row["client_address"],
        state=str(row["state"] or "hidden"),
        sync_state=str(row["sync_state"] or "hidden"),
        sent_lsn=_lsn(row["sent_lsn"]),
        write_lsn=_lsn(row["write_lsn"]),
        flush_lsn=_lsn(row["flush_lsn"]),
        replay_lsn=_lsn(row["replay_lsn"]),
        replay_lag_seconds=_seconds(row["replay_lag"]),
        write_lag_seconds=_seconds(row["write_lag"]),
        flush_lag_seconds=_seconds(row["flush_lag"]),
    )


def _slot(row: Mapping[str, Any]) -> Slot:
    return Slot(
        name=str(row["slot_name"]),
        active=_truth(row["active"]),
        restart_lsn=_lsn(row["restart_lsn"]),
        wal_status=row["wal_status"],
        safe_wal_size=row["safe_wal_size"],
    )


def _archiver(row: Mapping[str, Any], oldest_ready_age: object) -> Archiver:
    return Archiver(
        mode=str(row["mode"]),
        archived_count=int(row["archived_count"]),
        last_archived_wal=row["last_archived_wal"],
        last_archived_age_seconds=_seconds(row["last_archived_age"]),
        failed_count=int(row["failed_count"]),
        last_failed_wal=row["last_failed_wal"],
        last_failed_age_seconds=_seconds(row["last_failed_age"]),
        oldest_ready_age_seconds=_seconds(oldest_ready_age),
    )


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"not a truth value: {value!r}")
    return value


def _lsn(text: str | None) -> Lsn | None:
    return None if text is None else parse_lsn(text)


def _seconds(value: Any) -> float | None:
    """Never below zero: a clock that was set back makes no age negative."""
    return None if value is None else max(0.0, float(value))
