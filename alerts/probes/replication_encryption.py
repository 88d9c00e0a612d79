"""Whether replication goes over the network in the clear."""

import ipaddress

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import Measured, of_each_server
from servers.state import ServerState
from servers.watching.postgresql.server_statistics import ReplicationLink, ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

REPLICATION_IN_THE_CLEAR = "replication_in_the_clear"


def replication_encryption(look: Look) -> tuple[Observation, ...]:
    """`replication_in_the_clear` of each server: to how many clients it streams WAL over a network without TLS or GSS.

    Not over the loopback interface or a socket; nowhere, where the settings allow it (`unencrypted_replication`).
    """

    def count(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
        if look.cluster.unencrypted_replication:
            return 0.0, ()
        bare = [link for link in seen.links if not link.encrypted and not _is_local(link)]
        return float(len(bare)), tuple(_line(link) for link in bare)

    return tuple(of_each_server(look, REPLICATION_IN_THE_CLEAR, Unit.COUNT, count))


def _is_local(link: ReplicationLink) -> bool:
    if link.client_address is None:
        return True
    try:
        return ipaddress.ip_address(link.client_address).is_loopback
    except ValueError:
        return False


def _line(link: ReplicationLink) -> str:
    return f"{link.application_name or 'a client without a name'} at {link.client_address} receives it unencrypted"
