"""How fast the primary writes WAL."""

from alerts.observation import Look, Observation, Unit
from servers.state import Role, ServerState

WAL_RATE = "wal_bytes_per_second"


def wal_rate(look: Look) -> tuple[Observation, ...]:
    """`wal_bytes_per_second` of each server, by the distance between two looks; a standby writes none of its own."""
    return tuple(_of(server) for server in look.state.servers)


def _of(server: ServerState) -> Observation:
    rate = 0.0 if server.role is Role.STANDBY else server.wal_rate if server.sql is not None else None
    return Observation(WAL_RATE, server.name, rate, Unit.BYTES, (), server.name)
