"""How far a standby is behind. None means: not known, never: none.

The two servers answer at slightly different moments, so a standby may seem to be ahead: that counts as zero.
"""

from servers.lsn import Lsn
from servers.state import ReplicationRow, SqlFacts


def replay_lag_bytes(primary: SqlFacts | None, standby: SqlFacts | None) -> int | None:
    """The primary's pg_current_wal_lsn() less the standby's pg_last_wal_replay_lsn(): all that is not yet visible."""
    if primary is None or standby is None or not _comparable(primary, standby):
        return None
    return _behind(primary.wal_lsn, standby.replay_lsn)


def flush_lag_bytes(primary: SqlFacts | None, standby: SqlFacts | None) -> int | None:
    """The primary's position less what the standby has safely received: what would be lost with the primary."""
    if primary is None or standby is None or not _comparable(primary, standby):
        return None
    return data_at_risk_bytes(primary.wal_lsn, standby)


def data_at_risk_bytes(last_primary_lsn: Lsn | None, standby: SqlFacts | None) -> int | None:
    """The same for a primary that no longer speaks, from the last position that it was seen at.

    The true loss may be larger by what it wrote after that.
    """
    return _behind(last_primary_lsn, received_lsn(standby) if standby else None)


def received_lsn(standby: SqlFacts) -> Lsn | None:
    """What the standby has on disk. pg_last_wal_receive_lsn() starts over with each receiver, and counts no archive."""
    known = [lsn for lsn in (standby.receive_lsn, standby.replay_lsn) if lsn is not None]
    return max(known, default=None)


def replay_lag_seconds(primary: SqlFacts | None, standby: SqlFacts | None) -> float | None:
    """The age of the last transaction that the standby has replayed, while there is more to replay; else zero.

    pg_last_xact_replay_timestamp() alone grows on an idle primary, and pg_stat_replication.replay_lag stands still
    while replay is paused: https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-RECOVERY-INFO-TABLE
    """
    behind = replay_lag_bytes(primary, standby)
    if behind is None or standby is None:
        return None
    return 0.0 if behind == 0 else standby.last_replayed_transaction_age_seconds


def streaming_row(primary: SqlFacts, standby: str) -> ReplicationRow | None:
    """The row that the primary has for a standby: the one by its name, or the only one there is."""
    rows = [row for row in primary.replication if row.state == "streaming"]
    named = [row for row in rows if row.application_name == standby]
    return named[0] if named else (rows[0] if len(rows) == 1 else None)


def _comparable(primary: SqlFacts, standby: SqlFacts) -> bool:
    """Positions on different timelines tell a distance only while one follows the other."""
    if primary.system_identifier != standby.system_identifier or primary.in_recovery or not standby.in_recovery:
        return False
    return primary.timeline == standby.timeline or standby.receiver is not None


def _behind(position: Lsn | None, other: Lsn | None) -> int | None:
    return None if position is None or other is None else max(0, position - other)
