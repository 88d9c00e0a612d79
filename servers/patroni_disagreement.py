"""Where Patroni's word and what the servers say of themselves do not agree. Pure.

Only what both speak of counts: a server that does not answer by SQL contradicts nobody.
"""

from collections.abc import Iterator

from servers.patroni_state import PatroniState
from servers.state import ClusterState, Role, ServerState


def disagreements(state: ClusterState) -> tuple[str, ...]:
    """One line each; none where Patroni says nothing. A hand-over shows for a moment as well."""
    said = state.patroni
    if said is None or not said.answer.ok:
        return ()
    return tuple(line for server in state.servers for line in _of(server, said))


def _of(server: ServerState, said: PatroniState) -> Iterator[str]:
    member, sql = said.member(server.name), server.sql
    if sql is None:
        return
    if member is None:
        yield f"Patroni has no member {server.name}, which runs as a {server.role} by SQL"
        return
    leads = member.role == "leader"  # a standby_leader leads and is a standby all the same
    if leads and server.role is Role.STANDBY:
        yield f"Patroni says that {server.name} leads; by SQL it is a standby"
    if not member.leads and server.role is Role.PRIMARY:
        leader = f"{said.leader.name} leads" if said.leader else "nobody leads"
        yield f"{server.name} is a primary by SQL; Patroni says that {leader}"
    if not member.healthy and member.state:
        yield f"Patroni says that {server.name} is {member.state}; it answers by SQL"
    if member.timeline is not None and member.timeline != sql.timeline:
        yield f"Patroni says that {server.name} is on timeline {member.timeline}; by SQL it is on {sql.timeline}"
