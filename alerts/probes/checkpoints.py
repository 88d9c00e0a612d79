"""Checkpoints: how many came by the clock, how many because WAL ran out of room, and how long they write."""

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import UNKNOWN, Measured, of_each_server
from ledger.quantities import seconds_text
from servers.state import Role, ServerState
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

CHECKPOINTS_REQUESTED = "checkpoints_requested"
CHECKPOINTS_TIMED = "checkpoints_timed"
CHECKPOINT_WRITE_SECONDS = "checkpoint_write_seconds"
CHECKPOINT_SYNC_SECONDS = "checkpoint_sync_seconds"


def checkpoints(look: Look) -> tuple[Observation, ...]:
    """`checkpoints_requested` and `checkpoints_timed` in the last hour, `checkpoint_write_seconds` and
    `checkpoint_sync_seconds` of one of them on average, of each server. A standby makes none of its own: 0."""
    return (
        *of_each_server(look, CHECKPOINTS_REQUESTED, Unit.COUNT, _requested),
        *of_each_server(look, CHECKPOINTS_TIMED, Unit.COUNT, _timed),
        *of_each_server(look, CHECKPOINT_WRITE_SECONDS, Unit.SECONDS, _write),
        *of_each_server(look, CHECKPOINT_SYNC_SECONDS, Unit.SECONDS, _sync),
    )


def _requested(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    value = _grown("requested", server, watched)
    if value is None or watched.long is None:
        return value, ()
    timed = _grown("timed", server, watched) or 0.0
    within = seconds_text(watched.long.seconds)
    lines = [f"{value:.0f} checkpoints were requested and {timed:.0f} came by the clock within {within}"]
    if "max_wal_size" in seen.settings:
        lines.append(f"max_wal_size is {seen.settings['max_wal_size']}")
    return value, tuple(lines)


def _timed(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    return _grown("timed", server, watched), ()


def _write(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    return _mean("write_seconds", server, watched), ()


def _sync(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    return _mean("sync_seconds", server, watched), ()


def _grown(counter: str, server: ServerState, watched: PostgresqlWatched) -> float | None:
    if server.role is Role.STANDBY:
        return 0.0
    return None if watched.long is None else watched.long.of(f"checkpoints {counter}")


def _mean(counter: str, server: ServerState, watched: PostgresqlWatched) -> float | None:
    """None where none was made: an idle hour has no mean."""
    if watched.long is None or server.role is Role.STANDBY:
        return UNKNOWN[0]
    total = watched.long.of(f"checkpoints {counter}")
    made = sum(watched.long.of(f"checkpoints {kind}") or 0.0 for kind in ("requested", "timed"))
    return total / made if total is not None and made else None
