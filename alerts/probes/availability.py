"""Who is up, who is the primary, and whether the standby streams: the verdict, server by server.

The verdict is judged in `servers.verdict`; nothing is judged again here. Each server gets an observation for each
role, so that an alert about a primary also ends when another server has taken over, and not only when it comes back.
"""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit, yes
from servers.split_brain import split_brain_lines
from servers.state import Role, ServerState
from servers.synchronous import synchronous_standbys_missing
from servers.verdict import Verdict

PRIMARY_UP = "primary_up"
PRIMARY_REACHABLE = "primary_reachable"
PRIMARY_PRESENT = "primary_present"
ONE_PRIMARY = "one_primary"
STANDBY_UP = "standby_up"
STANDBY_STREAMS = "standby_streams"
SYNCHRONOUS_COMMIT_WAITS = "synchronous_commit_waits"

_BROKEN = (Verdict.REPLICATION_BROKEN, Verdict.DIFFERENT_TIMELINES, Verdict.NOT_A_PAIR)


def availability(look: Look) -> tuple[Observation, ...]:
    """`primary_up`, `primary_reachable`, `standby_up`, `standby_streams` and `synchronous_commit_waits` of each server,
    `primary_present` and `one_primary` of the cluster; all yes or no."""
    return (*_of_cluster(look), *(seen for server in look.state.servers for seen in _of_server(look, server)))


def _of_cluster(look: Look) -> Iterator[Observation]:
    name, evidence = look.cluster.name, look.judgement.evidence
    yield Observation(PRIMARY_PRESENT, name, yes(_primary_present(look)), Unit.YES_OR_NO, evidence)
    apart = split_brain_lines(look.cluster, look.state)
    yield Observation(ONE_PRIMARY, name, yes(_one_primary(look)), Unit.YES_OR_NO, (*apart, *evidence))


def _of_server(look: Look, server: ServerState) -> Iterator[Observation]:
    for name, answer in (
        (PRIMARY_UP, _primary(look, server, Verdict.PRIMARY_DOWN)),
        (PRIMARY_REACHABLE, _primary(look, server, Verdict.PRIMARY_UNREACHABLE)),
        (STANDBY_UP, _standby_up(look, server)),
        (STANDBY_STREAMS, _streams(look, server)),
        (SYNCHRONOUS_COMMIT_WAITS, _commit_waits(look)),
    ):
        yield Observation(name, server.name, yes(answer), Unit.YES_OR_NO, look.judgement.evidence, server.name)


def _primary_present(look: Look) -> bool | None:
    if look.judgement.verdict is Verdict.NO_PRIMARY:
        return False
    return True if _live_primaries(look) else None


def _one_primary(look: Look) -> bool | None:
    """False for a split brain, be they a pair or not. True only when each server has said what it is, or certainly
    does not run."""
    if look.judgement.verdict is Verdict.SPLIT_BRAIN or len(_live_primaries(look)) > 1:
        return False
    return True if all(server.sql is not None or _proven_down(server) for server in look.state.servers) else None


def _primary(look: Look, server: ServerState, bad: Verdict) -> bool | None:
    """Whether this server, as the primary, is free of what `bad` says; yes too when another server is the primary."""
    if look.judgement.primary == server.name and look.judgement.verdict is bad:
        return False
    return True if _live_primaries(look) else None


def _standby_up(look: Look, server: ServerState) -> bool | None:
    """A server that answers by SQL is up, whatever its role; the primary's own absence is not a standby's."""
    if server.sql is not None:
        return True
    if look.judgement.primary == server.name:
        return None
    down = look.judgement.verdict is Verdict.STANDBY_DOWN or _proven_down(server)
    return False if down else None


def _streams(look: Look, server: ServerState) -> bool | None:
    verdict = look.judgement.verdict
    if server.role is Role.PRIMARY:
        return None if verdict is Verdict.SPLIT_BRAIN else True
    if server.name not in look.judgement.standbys:
        return None
    if verdict in _BROKEN and len(look.judgement.standbys) == 1:
        return False
    if server.sql is None:
        return None
    if verdict is Verdict.HEALTHY:
        return True
    streaming = server.sql.receiver is not None and server.sql.receiver.status == "streaming"
    if verdict in _BROKEN:
        # With several standbys the verdict speaks of at least one.
        return streaming
    return True if verdict is Verdict.STANDBY_DOWN and streaming else None


def _commit_waits(look: Look) -> bool | None:
    """Whether commits on the primary wait for a synchronous standby that is not there."""
    primaries = _live_primaries(look)
    if len(primaries) != 1 or primaries[0].sql is None:
        return None
    return synchronous_standbys_missing(primaries[0].sql) > 0


def _live_primaries(look: Look) -> tuple[ServerState, ...]:
    return tuple(server for server in look.state.servers if server.role is Role.PRIMARY)


def _proven_down(server: ServerState) -> bool:
    """No postmaster, as its own host says."""
    return server.sql is None and server.host is not None and server.host.postmaster_pid is None
