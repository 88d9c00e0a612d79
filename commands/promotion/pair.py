"""The two servers that a promotion is about, with what was seen of them."""

from dataclasses import dataclass, replace

from commands.plan import Check, CheckResult
from commands.promotion.traffic import TargetSeen
from servers.inventory import Cluster, Server
from servers.state import ClusterState, ReplicationRow, ServerState


@dataclass(frozen=True, slots=True)
class Pair:
    """`source` is the primary, or was it; `target` is the standby that becomes it; `traffic` leads clients to them."""

    cluster: Cluster
    state: ClusterState
    source: Server
    target: Server
    traffic: tuple[TargetSeen, ...] = ()

    @property
    def old(self) -> ServerState:
        return self.state.server(self.source.name)

    @property
    def new(self) -> ServerState:
        return self.state.server(self.target.name)

    @property
    def others(self) -> tuple[str, ...]:
        """The cluster's further servers."""
        return tuple(
            server.name for server in self.cluster.servers if server.name not in (self.source.name, self.target.name)
        )


def sender_row(pair: Pair) -> ReplicationRow | None:
    """The primary's pg_stat_replication row of the target.

    A standby goes by its server's or its slot's name where its application_name was set; else the only row that is not
    some other server's is it.
    """
    if pair.old.sql is None:
        return None
    rows = pair.old.sql.replication
    named = [row for row in rows if row.application_name in (pair.target.name, pair.target.slot)]
    if named:
        return named[0]
    taken = {name for other in pair.others for name in (other, pair.cluster.server(other).slot)}
    rest = [row for row in rows if row.application_name not in taken]
    return rest[0] if len(rest) == 1 else None


def passed(name: str, title: str, evidence: str) -> Check:
    return Check(name, title, CheckResult.PASS, evidence)


def warned(name: str, title: str, evidence: str) -> Check:
    return Check(name, title, CheckResult.WARN, evidence)


def failed(name: str, title: str, evidence: str) -> Check:
    return Check(name, title, CheckResult.FAIL, evidence)


def judged(name: str, title: str, good: bool, evidence: str, mend: str) -> Check:
    """Passes with its evidence, or fails with the evidence and what to do."""
    return passed(name, title, evidence) if good else failed(name, title, f"{evidence}. {mend}")


def lenient(check: Check) -> Check:
    """The same as a warning at most: good to have, but no reason to let clients wait on a dead primary."""
    return replace(check, result=CheckResult.WARN) if check.result is CheckResult.FAIL else check
