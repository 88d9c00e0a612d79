"""Whom to bring back, and whom to follow, as the verdict tells."""

from commands.command import Misunderstood
from servers.inventory import Cluster
from servers.state import ClusterState, Role, ServerState
from servers.verdict import Verdict, judge


def primary_to_follow(cluster: Cluster, state: ClusterState, server: str | None) -> str:
    """The server that is the primary now. Raises Misunderstood where there is none that takes writes."""
    judgement = judge(cluster, state)
    primaries = [one for one in state.servers if one.role is Role.PRIMARY and one.name != server]
    if judgement.verdict is Verdict.SPLIT_BRAIN:
        if server is None:
            names = " and ".join(one.name for one in state.servers if one.role is Role.PRIMARY)
            raise Misunderstood(f"{names} run as primaries. Name the one that shall give way: /ha rejoin SERVER")
        if len(primaries) != 1:
            raise Misunderstood("There is more than one other primary. Decide which one is right, and stop the others.")
    if not primaries:
        if server is not None and state.server(server).role is Role.PRIMARY:
            raise Misunderstood(f"{server} is the primary of {cluster.name}: there is nothing to rejoin.")
        raise Misunderstood(
            f"No server of {cluster.name} takes writes, so there is none to follow ({judgement.verdict}). "
            f"First: /ha promote {cluster.name}"
        )
    return primaries[0].name


def left_behind(cluster: Cluster, state: ClusterState, upstream: str) -> str:
    """The one server that does not follow. Raises Misunderstood when there are none or several."""
    out = [one.name for one in state.servers if one.name != upstream and not follows(one, state.server(upstream))]
    if not out:
        raise Misunderstood(f"Every standby of {cluster.name} streams: there is nothing to rejoin.")
    if len(out) > 1:
        raise Misunderstood(f"Which one? {' and '.join(out)} do not stream. Type: /ha rejoin {out[0]}")
    return out[0]


def follows(server: ServerState, upstream: ServerState) -> bool:
    """It streams, on the primary's timeline."""
    mine, theirs = server.sql, upstream.sql
    streaming = mine is not None and mine.receiver is not None and mine.receiver.status == "streaming"
    return streaming and mine is not None and theirs is not None and mine.timeline == theirs.timeline
