"""How good the way between two servers is: round trip and loss."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.of_hosts import hosts
from ledger.quantities import seconds_text
from servers.watching.hosts.facts import HostWatch, Way

ROUND_TRIP = "round_trip"
PACKET_LOSS = "packet_loss"

# Fewer packets tell of chance, and not of the way.
_ENOUGH = 50


def host_ways(look: Look) -> tuple[Observation, ...]:
    """`round_trip` (seconds) and `packet_loss` (a share) of each way, such as "db1 to db2", over some minutes.

    Where ping is missing or not answered (many networks drop it) the round trip is that of a connection to PostgreSQL's
    port, and the loss is unknown.
    """
    return tuple(one for host in hosts(look) for one in _of_host(host))


def _of_host(host: HostWatch) -> Iterator[Observation]:
    for server, found in host.ways:
        way, subject = found.value, f"{host.server} to {server}"
        if way is None:
            if not found.absent:
                yield Observation(ROUND_TRIP, subject, None, Unit.SECONDS, (found.why,), host.server)
            continue
        lines = (_line(way),)
        loss = way.loss if way.sent >= _ENOUGH and way.answered else None
        yield Observation(ROUND_TRIP, subject, way.round_trip, Unit.SECONDS, lines, host.server)
        yield Observation(PACKET_LOSS, subject, loss, Unit.SHARE, lines, host.server)


def _line(way: Way) -> str:
    if not way.sent and way.round_trip is not None:
        return f"a connection takes {seconds_text(way.round_trip)} (ping does not tell)"
    if not way.answered:
        return f"none of {way.sent} packets was answered: the network may drop ping"
    took = "" if way.round_trip is None else f", the median round trip took {seconds_text(way.round_trip)}"
    return f"{way.answered} of {way.sent} packets were answered{took}"
