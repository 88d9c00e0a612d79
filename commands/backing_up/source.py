"""From which server a base backup is taken: a standby that does not lag, else the primary. Pure."""

from dataclasses import dataclass

from commands.command import Misunderstood
from commands.plan import Check
from commands.promotion.pair import failed, passed, warned
from ledger.quantities import bytes_text, seconds_text
from servers.inventory import Cluster
from servers.lag import replay_lag_bytes, replay_lag_seconds
from servers.state import ClusterState, Role, ServerState

# A backup from a standby begins at its last restart point: one that lags gives a backup that is old when it is new.
LAG_BYTES = 64 * 2**20  # four segments
LAG_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Source:
    """The server, its role, and why it is the one."""

    server: str
    check: Check


def choose(cluster: Cluster, state: ClusterState, wanted: str | None) -> Source:
    """The one that is wanted, else the first standby that does not lag. Raises Misunderstood where nobody answers."""
    if wanted is not None:
        return _wanted(state, wanted)
    reasons = {server.name: why_not(state, server) for server in state.servers if server.role is not Role.PRIMARY}
    good = next((name for name, why in reasons.items() if why is None), None)
    if good is not None:
        return Source(good, passed("source", "Where it is taken", f"standby {good}, {_how_near(state, good)}"))
    primaries = [server.name for server in state.servers if server.role is Role.PRIMARY]
    if len(primaries) != 1:
        raise Misunderstood(f"{cluster.name} has no server that a backup could be taken from. See: /ha status")
    because = "; ".join(f"{name} {why}" for name, why in reasons.items()) or "there is no standby"
    line = f"primary {primaries[0]}, which reads and sends all of it while it serves clients: {because}"
    return Source(primaries[0], warned("source", "Where it is taken", line))


def why_not(state: ClusterState, server: ServerState) -> str | None:
    """What speaks against a standby as the source; None: nothing."""
    if server.sql is None:
        return f"does not answer by SQL ({server.sql_answer.how})"
    if server.host is None:
        return f"does not answer by SSH ({server.ssh_answer.how})"
    if server.role is not Role.STANDBY:
        return "is no standby"
    if server.sql.replay_paused:
        return "has its replay paused"
    primary = _primary(state)
    behind = replay_lag_bytes(primary.sql if primary else None, server.sql)
    if behind is None:
        return "is behind by nobody knows how much"
    late = replay_lag_seconds(primary.sql if primary else None, server.sql)
    if behind > LAG_BYTES or (late is not None and late > LAG_SECONDS and behind > 0):
        return f"lags by {bytes_text(behind)}" + (f" and {seconds_text(late)}" if late else "")
    return None


def _wanted(state: ClusterState, name: str) -> Source:
    server = state.server(name)
    title = "Where it is taken"
    if server.role is Role.PRIMARY:
        return Source(name, warned("source", title, f"primary {name}, as it was asked for"))
    why = why_not(state, server)
    if why is not None:
        return Source(name, failed("source", title, f"{name} {why}: leave it out, and another one is chosen"))
    return Source(name, passed("source", title, f"standby {name}, {_how_near(state, name)}"))


def _how_near(state: ClusterState, name: str) -> str:
    primary = _primary(state)
    behind = replay_lag_bytes(primary.sql if primary else None, state.server(name).sql)
    return f"{bytes_text(behind)} behind the primary" if behind else "level with the primary"


def _primary(state: ClusterState) -> ServerState | None:
    primaries = [server for server in state.servers if server.role is Role.PRIMARY]
    return primaries[0] if len(primaries) == 1 else None
