"""Who streams from whom: a standby of the primary, or one behind another standby (a cascade).

https://www.postgresql.org/docs/current/warm-standby.html#CASCADING-REPLICATION
"""

from collections.abc import Iterator

from servers.inventory import Cluster
from servers.knock import Endpoint
from servers.state import ClusterState, SqlFacts


def upstream_of(cluster: Cluster, state: ClusterState, name: str) -> str | None:
    """The server that a standby streams from, or would by its settings. None: not known, or it is no standby.

    An address that no other server has in the settings may be another name for one of them: then whoever has the
    standby among its senders' rows is it.
    """
    own = _sql(state, name)
    if own is None or not own.in_recovery:
        return _by_rows(cluster, state, name) if own is None else None
    addresses = set(_addresses(own))
    for other in cluster.servers:
        if other.name != name and Endpoint.known(other.replication) in addresses:
            return other.name
    return _by_rows(cluster, state, name)


def _addresses(standby: SqlFacts) -> Iterator[Endpoint]:
    """Where its receiver streams from now; while there is none, where its primary_conninfo leads."""
    receiver = standby.receiver
    if receiver is not None and receiver.sender_host is not None and receiver.sender_port is not None:
        yield Endpoint(receiver.sender_host, receiver.sender_port)
    elif standby.upstream is not None:
        yield Endpoint(standby.upstream.host, standby.upstream.port)


def _by_rows(cluster: Cluster, state: ClusterState, name: str) -> str | None:
    names = (name, cluster.server(name).slot)
    feeding = [
        other.name
        for other in cluster.servers
        if other.name != name
        and (sql := _sql(state, other.name)) is not None
        and any(row.application_name in names for row in sql.replication)
    ]
    return feeding[0] if len(feeding) == 1 else None


def _sql(state: ClusterState, name: str) -> SqlFacts | None:
    return next((server.sql for server in state.servers if server.name == name), None)
