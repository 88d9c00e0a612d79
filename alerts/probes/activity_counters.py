"""What the counters of PostgreSQL's statistics grew by lately: deadlocks, conflicts, temporary files, cache hits."""

from functools import partial

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import UNKNOWN, Measured, of_each_server
from ledger.quantities import bytes_text, count_text, seconds_text
from servers.state import ServerState
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

DEADLOCKS = "deadlocks"
RECOVERY_CONFLICTS = "recovery_conflicts"
TEMPORARY_BYTES = "temporary_bytes"
CACHE_HIT = "cache_hit"
TRANSACTIONS_PER_SECOND = "transactions_per_second"
# Fewer blocks than these (80 MB) tell nothing of a cache.
_ENOUGH_BLOCKS = 10_000
_CONFLICTS = ("tablespace", "lock", "snapshot", "buffer pin", "deadlock")


def activity_counters(look: Look) -> tuple[Observation, ...]:
    """`deadlocks`, `recovery_conflicts` and `temporary_bytes` of the last ten minutes, `cache_hit` (the share of blocks
    that were found in shared_buffers in them) and `transactions_per_second` since the look before, of each server.

    Unknown until it was watched for that long, and again after a restart or a reset of the statistics.
    """
    return (
        *of_each_server(look, DEADLOCKS, Unit.COUNT, partial(_grown, "deadlocks")),
        *of_each_server(look, RECOVERY_CONFLICTS, Unit.COUNT, _conflicts),
        *of_each_server(look, TEMPORARY_BYTES, Unit.BYTES, _temporary),
        *of_each_server(look, CACHE_HIT, Unit.SHARE, _cache_hit),
        *of_each_server(look, TRANSACTIONS_PER_SECOND, Unit.COUNT, _transactions),
    )


def _grown(counter: str, server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    if watched.lately is None:
        return UNKNOWN
    grown = watched.lately.of(counter)
    if grown is None:
        return UNKNOWN
    return grown, (f"{grown:.0f} in {seconds_text(watched.lately.seconds)}",)


def _conflicts(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    value, lines = _grown("recovery_conflicts", server, seen, watched)
    if value is None or watched.lately is None:
        return UNKNOWN
    by_kind = {kind: watched.lately.of(f"conflicts by {kind}") or 0.0 for kind in _CONFLICTS}
    said = ", ".join(f"{count:.0f} by {kind}" for kind, count in by_kind.items() if count)
    return value, (*lines, *((f"queries ended: {said}",) if said else ()))


def _temporary(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    value, _ = _grown("temp_bytes", server, seen, watched)
    if value is None or watched.lately is None:
        return UNKNOWN
    files = int(watched.lately.of("temp_files") or 0)
    line = f"{bytes_text(value)} in {count_text(files, 'temporary file')} within {seconds_text(watched.lately.seconds)}"
    return value, (line,)


def _cache_hit(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    if watched.lately is None:
        return UNKNOWN
    hit, read = watched.lately.of("blocks_hit"), watched.lately.of("blocks_read")
    if hit is None or read is None or hit + read < _ENOUGH_BLOCKS:
        return UNKNOWN
    return hit / (hit + read), (f"{read:.0f} of {hit + read:.0f} blocks were not in shared_buffers",)


def _transactions(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    if watched.latest is None:
        return UNKNOWN
    ended = (watched.latest.of("commits") or 0.0) + (watched.latest.of("rollbacks") or 0.0)
    return ended / watched.latest.seconds, ()
