"""How far each standby's replay is behind the primary's WAL."""

from alerts.observation import Look, Observation, Unit
from ledger.quantities import bytes_text
from servers.lag import replay_lag_bytes, streaming_row
from servers.lsn import format_lsn
from servers.state import Role, ServerState, SqlFacts

REPLAY_LAG_BYTES = "replay_lag_bytes"
REPLAY_LAG_SECONDS = "replay_lag_seconds"


def replay_lag(look: Look) -> tuple[Observation, ...]:
    """`replay_lag_bytes` and `replay_lag_seconds` of each server.

    Unknown unless both it and the one primary answer. A primary itself is not behind, so that an alert ends with a
    change of roles.
    """
    primaries = [server for server in look.state.servers if server.role is Role.PRIMARY]
    primary = primaries[0].sql if len(primaries) == 1 else None
    return tuple(seen for server in look.state.servers for seen in _of(primary, server))


def _of(primary: SqlFacts | None, server: ServerState) -> tuple[Observation, ...]:
    behind, seconds, evidence = _measure(primary, server)
    return (
        Observation(REPLAY_LAG_BYTES, server.name, behind, Unit.BYTES, evidence, server.name),
        Observation(REPLAY_LAG_SECONDS, server.name, seconds, Unit.SECONDS, (), server.name),
    )


def _measure(primary: SqlFacts | None, server: ServerState) -> tuple[float | None, float | None, tuple[str, ...]]:
    sql = server.sql
    if sql is None or primary is None:
        return None, None, ()
    if server.role is Role.PRIMARY:
        return 0.0, 0.0, ()
    behind = replay_lag_bytes(primary, sql)
    if behind is None or primary.wal_lsn is None or sql.replay_lsn is None:
        return None, None, ()
    evidence = (
        f"the primary has written up to {format_lsn(primary.wal_lsn)}, {server.name} has replayed up to "
        f"{format_lsn(sql.replay_lsn)}: {bytes_text(behind)} behind",
        *(("replay is paused there",) if sql.replay_paused else ()),
    )
    return float(behind), _seconds(behind, primary, server.name, sql), evidence


def _seconds(behind: int, primary: SqlFacts, name: str, sql: SqlFacts) -> float | None:
    """Only a standby that is behind has a lag in seconds; an idle primary makes none.

    pg_stat_replication.replay_lag is measured on WAL that has been replayed, so it says nothing while replay is paused:
    the age of the last replayed transaction does then. That age alone would call it lag when the primary writes for
    minutes without a commit, as a bulk load does.
    """
    if behind == 0:
        return 0.0
    row = streaming_row(primary, name)
    if row is not None and not sql.replay_paused:
        return row.replay_lag_seconds
    return sql.last_replayed_transaction_age_seconds
