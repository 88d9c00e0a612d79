"""Whether the clocks of the servers, and ours, agree, and whether anything keeps them right."""

from collections.abc import Iterator
from statistics import median

from alerts.observation import Look, Observation, Unit, yes
from alerts.probes.of_hosts import hosts, unseen
from ledger.quantities import seconds_text
from servers.watching.hosts.facts import HostWatch

CLOCK_OFF = "clock_off"
CLOCK_SYNCHRONISED = "clock_synchronised"
HERE = "Understudy's own host"


def host_clocks(look: Look) -> tuple[Observation, ...]:
    """`clock_off` of each server and of our own host, in seconds; `clock_synchronised` of each server, yes or no.

    The clock in the middle of all of them, ours among them, is taken for right, so that of a pair the odd one is found;
    with only two clocks to compare nobody can say which it is, and both are as far off as they are apart.
    """
    return *_offsets(look), *(one for host in hosts(look) for one in _synchronised(host))


def _offsets(look: Look) -> Iterator[Observation]:
    offsets = {
        server.name: server.host.clock_offset_seconds
        for server in look.state.servers
        if server.host is not None and server.host.clock_offset_seconds is not None
    }
    clocks = {HERE: 0.0, **offsets}
    lines = tuple(f"{name}: {_against_ours(offset)}" for name, offset in offsets.items())
    for server in look.state.servers:
        off = _off(server.name, clocks)
        yield Observation(CLOCK_OFF, server.name, off, Unit.SECONDS, lines, server.name)
    yield Observation(CLOCK_OFF, HERE, _off(HERE, clocks) if len(clocks) > 2 else None, Unit.SECONDS, lines)


def _off(name: str, clocks: dict[str, float]) -> float | None:
    if name not in clocks or len(clocks) < 2:
        return None
    if len(clocks) == 2:
        return abs(max(clocks.values()) - min(clocks.values()))
    return abs(clocks[name] - median(clocks.values()))


def _against_ours(offset: float) -> str:
    way = "ahead of" if offset > 0 else "behind"
    return f"{seconds_text(abs(offset))} {way} Understudy's clock"


def _synchronised(host: HostWatch) -> Iterator[Observation]:
    synchronised = host.synchronised.value
    if synchronised is None:
        yield from unseen(CLOCK_SYNCHRONISED, Unit.YES_OR_NO, host, host.synchronised)
        return
    line = "the kernel says that its clock is synchronised" if synchronised else "nothing keeps its clock synchronised"
    yield Observation(CLOCK_SYNCHRONISED, host.server, yes(synchronised), Unit.YES_OR_NO, (line,), host.server)
