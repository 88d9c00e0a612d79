"""The ports that must be open between servers, tried by the servers themselves."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit, yes
from alerts.probes.of_hosts import hosts
from servers.inventory import Server
from servers.knock import Endpoint
from servers.state import PeerReply, ServerState
from servers.watching.hosts.facts import HostWatch, PortReply, PortTry

PORT_OPEN = "port_open"


def host_ports(look: Look) -> tuple[Observation, ...]:
    """`port_open` of each way, such as "db1 to db2 port 5432", yes or no.

    PostgreSQL's is tried by every look, both ways; the others by the slow one. Unknown while the server that is tried
    does not answer us either: then it is not the way that is broken. A port that the settings do not require (SSH's)
    is unknown until it was open once.
    """
    return (
        *(one for server in look.cluster.servers for one in _postgresql(look, server)),
        *(one for host in hosts(look) for one in _others(look, host)),
    )


def _postgresql(look: Look, server: Server) -> Iterator[Observation]:
    state = _state(look, server.name)
    for other in look.cluster.servers:
        endpoint = Endpoint.known(other.replication)
        if other.name == server.name or endpoint is None or endpoint.host.startswith("/"):
            continue
        reply = state.host.peer(other.name) if state is not None and state.host is not None else PeerReply.NOT_TRIED
        target = _state(look, other.name)
        value = _accepts(reply, answers_us=target is not None and target.sql is not None)
        subject = f"{server.name} to {other.name} port {endpoint.port}"
        line = f"{server.name}'s own try of {other.name} at port {endpoint.port} (PostgreSQL): {reply}"
        yield Observation(PORT_OPEN, subject, yes(value), Unit.YES_OR_NO, (line,), server.name)


def _accepts(reply: PeerReply, *, answers_us: bool) -> bool | None:
    match reply:
        case PeerReply.ACCEPTING | PeerReply.REJECTING:
            return True
        case PeerReply.NO_RESPONSE:
            return False if answers_us else None
        case PeerReply.NOT_TRIED:
            return None


def _others(look: Look, host: HostWatch) -> Iterator[Observation]:
    for one in host.ports:
        target = _state(look, one.target)
        value = _is_open(one, there=target is None or target.host is not None)
        subject = f"{host.server} to {one.target} port {one.port}"
        what = f" ({one.what})" if one.what else ""
        detail = f", {one.detail}" if one.detail else ""
        line = f"{host.server}'s own try of {one.target} at port {one.port}{what}: {one.reply}{detail}"
        yield Observation(PORT_OPEN, subject, yes(value), Unit.YES_OR_NO, (line,), host.server)


def _is_open(one: PortTry, *, there: bool) -> bool | None:
    if one.reply is PortReply.OPEN:
        return True
    if one.reply is PortReply.UNTRIED or not there:
        return None
    return False if one.required or one.was_open else None


def _state(look: Look, name: str) -> ServerState | None:
    return next((server for server in look.state.servers if server.name == name), None)
