"""How many of the connections that ordinary roles may open are in use."""

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import statistics_of
from servers.watching.postgresql.server_statistics import ServerStatistics

CONNECTIONS_USED = "connections_used"


def connections(look: Look) -> tuple[Observation, ...]:
    """`connections_used` of each server: a share of max_connections less the reserved ones."""
    seen = []
    for server in look.state.servers:
        if server.sql is None:
            seen.append(Observation(CONNECTIONS_USED, server.name, None, Unit.SHARE, (), server.name))
            continue
        usable = server.sql.max_connections - server.sql.reserved_connections
        value = server.sql.connections / usable if usable > 0 else None
        evidence = (
            f"{server.sql.connections} connections of {usable} "
            f"(max_connections {server.sql.max_connections}, {server.sql.reserved_connections} reserved)",
            *_by_state(statistics_of(look, server)),
        )
        seen.append(Observation(CONNECTIONS_USED, server.name, value, Unit.SHARE, evidence, server.name))
    return tuple(seen)


def _by_state(seen: ServerStatistics | None) -> tuple[str, ...]:
    """What they did at the last slow look, most first."""
    if seen is None or not seen.sees_everything or not seen.connections:
        return ()
    most = sorted(seen.connections.items(), key=lambda one: (-one[1], one[0]))
    return (f"within the last minute: {', '.join(f'{count} {state}' for state, count in most)}",)
