"""Whether as many synchronous standbys are there as a commit waits for."""

from alerts.observation import Look, Observation, Unit
from ledger.quantities import count_text
from servers.state import Role, ServerState
from servers.synchronous import (
    synchronous_standbys_missing,
    synchronous_standbys_present,
    synchronous_standbys_wanted,
)

SYNCHRONOUS_STANDBYS_MISSING = "synchronous_standbys_missing"


def synchronous_standbys(look: Look) -> tuple[Observation, ...]:
    """`synchronous_standbys_missing` of each server; a standby lacks none, so an alert ends with a change of roles."""
    return tuple(_of(server) for server in look.state.servers)


def _of(server: ServerState) -> Observation:
    sql = server.sql
    if sql is None or not sql.sees_everything:
        return Observation(SYNCHRONOUS_STANDBYS_MISSING, server.name, None, Unit.COUNT, (), server.name)
    wanted = synchronous_standbys_wanted(sql.synchronous_standby_names)
    if server.role is Role.STANDBY or not wanted:
        return Observation(SYNCHRONOUS_STANDBYS_MISSING, server.name, 0.0, Unit.COUNT, (), server.name)
    evidence = (
        f"synchronous_standby_names asks for {count_text(wanted, 'standby')}, "
        f"{synchronous_standbys_present(sql)} there",
        *(f"{row.application_name}: {row.state}, {row.sync_state}" for row in sql.replication),
    )
    missing = float(synchronous_standbys_missing(sql))
    return Observation(SYNCHRONOUS_STANDBYS_MISSING, server.name, missing, Unit.COUNT, evidence, server.name)
