"""Which ports each server tries and which ways it measures, and what comes of it. Nothing here raises.

PostgreSQL's own port is tried by the fast look. SSH's (22) is not required unless the settings say so: it is tried
seldom, for an sshd that is watched closely takes a stranger who only knocks for an attacker, and it counts only where
it was open before.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from servers.inventory import Cluster, Server
from servers.knock import Endpoint
from servers.watching.hosts.answers import absent, fraction, one_line, unknown, whole
from servers.watching.hosts.facts import Found, PortReply, PortTry, Way

_SENT = re.compile(r"(\d{1,4}) packets transmitted, (\d{1,4}) (?:packets )?received")
_ROUND_TRIP = re.compile(r"(?:rtt|round-trip) min/avg/max(?:/mdev)? = [\d.]+/([\d.]+)/")
_CONNECTED = re.compile(r"^connect ([\d.]{1,20})$")
_POSTGRESQL = 5432
_WORDS = {
    "open": PortReply.OPEN,
    "refused": PortReply.REFUSED,
    "silent": PortReply.SILENT,
    "failed": PortReply.FAILED,
}


@dataclass(frozen=True, slots=True)
class PortTarget:
    """A port that is tried: where, whose it is, and whether the settings require it."""

    name: str
    endpoint: Endpoint
    required: bool
    what: str = ""


@dataclass(frozen=True, slots=True)
class WayEnd:
    """Another server, and where its PostgreSQL is reached from the servers."""

    server: str
    endpoint: Endpoint


def address_of(server: Server) -> Endpoint | None:
    """Where the other servers reach this one; None where it is reached by a socket's directory alone."""
    endpoint = Endpoint.known(server.replication) or Endpoint(server.ssh.host, _POSTGRESQL)
    return endpoint if _is_host(endpoint.host) else None


def way_ends(cluster: Cluster, server: Server) -> tuple[WayEnd, ...]:
    others = [(other.name, address_of(other)) for other in cluster.servers if other.name != server.name]
    return tuple(WayEnd(name, endpoint) for name, endpoint in others if endpoint is not None)


def required_ports(cluster: Cluster, server: Server) -> tuple[PortTarget, ...]:
    """What the settings require this server to reach."""
    found: list[PortTarget] = []
    for port in cluster.ports:
        if port.sources and server.name not in port.sources:
            continue
        if port.host is not None:
            found.append(PortTarget(port.host, Endpoint(port.host, port.port), True, port.what))
            continue
        found.extend(
            PortTarget(end.server, Endpoint(end.endpoint.host, port.port), True, port.what)
            for end in way_ends(cluster, server)
            if not port.targets or end.server in port.targets
        )
    return tuple(found)


def ssh_ports(cluster: Cluster, server: Server) -> tuple[PortTarget, ...]:
    """SSH of the other servers, where the settings do not require it anyway."""
    known = {(target.name, target.endpoint.port) for target in required_ports(cluster, server)}
    return tuple(
        PortTarget(end.server, Endpoint(end.endpoint.host, cluster.server(end.server).ssh.port), False, "SSH")
        for end in way_ends(cluster, server)
        if (end.server, cluster.server(end.server).ssh.port) not in known
    )


def port_tries(lines: Sequence[str], targets: Sequence[PortTarget]) -> tuple[PortTry, ...]:
    """What came of each target, in their order; what has no line was not tried."""
    said = {number: rest for number, rest in map(_numbered, lines) if number is not None}
    return tuple(_try(target, said.get(number, "")) for number, target in enumerate(targets))


def _try(target: PortTarget, said: str) -> PortTry:
    word, _, detail = said.partition(" ")
    reply = _WORDS.get(word, PortReply.UNTRIED)
    if reply is PortReply.UNTRIED:
        detail = "none of perl, python3 and nc could try it"
    return PortTry(target.name, target.endpoint.port, reply, target.required, what=target.what, detail=one_line(detail))


def ways(lines: Sequence[str], ends: Sequence[WayEnd]) -> tuple[tuple[str, Found[Way]], ...]:
    """This look's measure of each way."""
    said = {number: rest for number, rest in map(_numbered, lines) if number is not None}
    return tuple((end.server, _way(end, said.get(number, ""))) for number, end in enumerate(ends))


def _way(end: WayEnd, said: str) -> Found[Way]:
    """By ping; by the time that a connection takes where ping is missing, not allowed, or not answered."""
    connected = _CONNECTED.match(said.strip())
    took = fraction(connected[1]) if connected else None
    if took is not None:
        return Found(Way(end.server, 0, 0, took / 1000), "")
    sent = _SENT.search(said)
    if sent is None:
        return absent(said) if "not installed" in said else unknown(one_line(said) or "it was not measured")
    average = _ROUND_TRIP.search(said)
    milliseconds = fraction(average[1]) if average else None
    packets, answered = int(sent[1]), min(int(sent[1]), int(sent[2]))
    return Found(Way(end.server, packets, answered, milliseconds / 1000 if milliseconds is not None else None), "")


def _numbered(line: str) -> tuple[int | None, str]:
    number, _, rest = line.partition(" ")
    return whole(number), rest


def _is_host(host: str) -> bool:
    """Not a socket's directory, and nothing that a program could take for an option."""
    return bool(host) and not host.startswith(("/", "@", "-"))
