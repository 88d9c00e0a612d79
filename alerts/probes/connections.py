"""How many of the connections that ordinary roles may open are in use."""

from alerts.observation import Look, Observation, Unit

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
        )
        seen.append(Observation(CONNECTIONS_USED, server.name, value, Unit.SHARE, evidence, server.name))
    return tuple(seen)
