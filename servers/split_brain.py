"""Two servers that take writes: on which timelines, how far, and where they part."""

from dataclasses import dataclass, replace
from itertools import combinations

from servers.inventory import Cluster
from servers.lsn import Lsn, format_lsn
from servers.state import ClusterState, HostFacts
from servers.timelines import Stretch, fork_of, read_history
from servers.views import View, views_of


@dataclass(frozen=True, slots=True)
class Writable:
    """A server that runs as a primary. What is None is not known."""

    name: str
    timeline: int | None
    lsn: Lsn | None
    history: tuple[Stretch, ...] | None  # the last stretch is its own timeline


def writables(cluster: Cluster, state: ClusterState) -> tuple[Writable, ...]:
    """The servers that take writes, by what they say or by what their hosts show."""
    # A history file of an earlier look will do: it never changes, and says of which timeline it is.
    hosts = {server.name: server.host for server in state.servers}
    return tuple(_writable(view, hosts[view.name]) for view in views_of(cluster, state) if view.runs_as_primary)


def divergence(one: Writable, other: Writable) -> Lsn | None:
    """The last position that both share; None where it is not known."""
    if one.history is None or other.history is None:
        return None
    fork = fork_of(one.history, other.history)
    return fork.lsn if fork else None


def split_brain_lines(cluster: Cluster, state: ClusterState) -> tuple[str, ...]:
    """The evidence for people; none while there is one primary at the most."""
    found = writables(cluster, state)
    if len(found) < 2:
        return ()
    return (*(_stands(one) for one in found), *(_parts(*pair) for pair in combinations(found, 2)))


def _writable(view: View, host: HostFacts | None) -> Writable:
    timeline = view.sql.timeline if view.sql else view.control.timeline if view.control else None
    found = host.timeline_history if host else ()
    history = None if timeline is None else _history_of(timeline, found)
    return Writable(view.name, timeline, view.sql.wal_lsn if view.sql else None, history)


def _history_of(timeline: int, found: tuple[Stretch, ...]) -> tuple[Stretch, ...] | None:
    """That of a server that is on `timeline`, from the newest file in its pg_wal; None where that tells nothing.

    The file may be of a later timeline that the server has heard of: what led to its own stands in there.
    """
    if timeline == 1:
        return read_history(1, "")
    line = [stretch.timeline for stretch in found]
    if timeline not in line:
        return None
    here = line.index(timeline)
    return (*found[:here], replace(found[here], end=None))


def _stands(one: Writable) -> str:
    timeline = "a timeline that is not known" if one.timeline is None else f"timeline {one.timeline}"
    return f"{one.name} takes writes on {timeline}{f', now at {format_lsn(one.lsn)}' if one.lsn is not None else ''}"


def _parts(one: Writable, other: Writable) -> str:
    at = divergence(one, other)
    if at is None:
        return f"Where {one.name} and {other.name} part is not known: their hosts tell no timeline history"
    written = "; ".join(_written(each, at) for each in (one, other))
    return f"{one.name} and {other.name} part at {format_lsn(at)}{f': {written}' if written else ''}"


def _written(one: Writable, at: Lsn) -> str:
    if one.lsn is None:
        return f"what {one.name} has written since is not known"
    return f"{one.name} has written {max(0, one.lsn - at)} bytes since"
