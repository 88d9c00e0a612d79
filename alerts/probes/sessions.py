"""What the clients' connections do."""

from functools import partial

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import Measured, of_each_server
from servers.state import ServerState
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

# By pg_stat_activity.state; fastpath calls count as active.
STATES = {
    "connections_active": ("active", "fastpath function call"),
    "connections_idle": ("idle",),
    "connections_idle_in_transaction": ("idle in transaction", "idle in transaction (aborted)"),
}


def sessions(look: Look) -> tuple[Observation, ...]:
    """`connections_active`, `…_idle` and `…_idle_in_transaction` of each server. `connections_used` tells how many of
    all that there may be."""
    return tuple(
        seen
        for name, states in STATES.items()
        for seen in of_each_server(look, name, Unit.COUNT, partial(_count, states))
    )


def _count(
    states: tuple[str, ...], server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched
) -> Measured:
    return float(sum(seen.connections.get(state, 0) for state in states)), ()
