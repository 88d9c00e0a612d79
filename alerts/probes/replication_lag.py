"""How far each standby's replication is behind before replay: WAL not sent, not written and not flushed there."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from ledger.quantities import bytes_text
from servers.lag import streaming_row
from servers.lsn import Lsn, format_lsn
from servers.state import Role, ServerState, SqlFacts

SENT_LAG_BYTES = "sent_lag_bytes"
WRITE_LAG_BYTES = "write_lag_bytes"
WRITE_LAG_SECONDS = "write_lag_seconds"
FLUSH_LAG_BYTES = "flush_lag_bytes"
FLUSH_LAG_SECONDS = "flush_lag_seconds"


def replication_lag(look: Look) -> tuple[Observation, ...]:
    """`sent_lag_bytes`, `write_lag_…` and `flush_lag_…` in bytes and seconds, of each server.

    By the positions in the primary's own pg_stat_replication: they hold on an idle primary too, where the times that it
    has are those of long ago (or gone). Whoever lacks nothing is zero seconds behind. A primary is not behind.
    """
    primaries = [server for server in look.state.servers if server.role is Role.PRIMARY]
    primary = primaries[0].sql if len(primaries) == 1 else None
    return tuple(seen for server in look.state.servers for seen in _of(primary, server))


def _of(primary: SqlFacts | None, server: ServerState) -> Iterator[Observation]:
    name = server.name
    if server.role is Role.PRIMARY and primary is not None:
        for observation, unit in _ALL:
            yield Observation(observation, name, 0.0, unit, (), name)
        return
    row = streaming_row(primary, name) if primary is not None else None
    if primary is None or primary.wal_lsn is None or row is None:
        for observation, unit in _ALL:
            yield Observation(observation, name, None, unit, (), name)
        return
    at = primary.wal_lsn
    sent, written, flushed = (_behind(at, lsn) for lsn in (row.sent_lsn, row.write_lsn, row.flush_lsn))
    yield Observation(SENT_LAG_BYTES, name, sent, Unit.BYTES, (), name)
    yield Observation(WRITE_LAG_BYTES, name, written, Unit.BYTES, (), name)
    yield Observation(WRITE_LAG_SECONDS, name, _seconds(written, row.write_lag_seconds), Unit.SECONDS, (), name)
    yield Observation(FLUSH_LAG_BYTES, name, flushed, Unit.BYTES, _evidence(name, at, row.flush_lsn, sent), name)
    yield Observation(FLUSH_LAG_SECONDS, name, _seconds(flushed, row.flush_lag_seconds), Unit.SECONDS, (), name)


_ALL = (
    (SENT_LAG_BYTES, Unit.BYTES),
    (WRITE_LAG_BYTES, Unit.BYTES),
    (WRITE_LAG_SECONDS, Unit.SECONDS),
    (FLUSH_LAG_BYTES, Unit.BYTES),
    (FLUSH_LAG_SECONDS, Unit.SECONDS),
)


def _behind(position: Lsn, other: Lsn | None) -> float | None:
    return None if other is None else float(max(0, position - other))


def _seconds(behind: float | None, measured: float | None) -> float | None:
    return 0.0 if behind == 0 else measured


def _evidence(name: str, at: Lsn, flushed: Lsn | None, unsent: float | None) -> tuple[str, ...]:
    if flushed is None or unsent is None:
        return ()
    return (
        f"the primary has written up to {format_lsn(at)}, {name} has flushed up to {format_lsn(flushed)}",
        f"{bytes_text(unsent)} of it are not even sent",
    )
