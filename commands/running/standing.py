"""Where a cluster stands after something went wrong, in one line."""

import asyncio

import structlog

from commands.looking import look
from commands.world import World
from servers.inventory import Cluster
from servers.state import ClusterState, Role
from servers.verdict import judge

PATIENCE = 3.0  # seconds; whoever reads this waits for it

_log = structlog.get_logger(__name__)


async def where_it_stands(world: World, cluster: Cluster) -> str:
    """Looks, and says. Never raises: when nothing can be seen, it says that."""
    try:
        async with asyncio.timeout(PATIENCE):
            state = await look(world, cluster)
    except TimeoutError:
        return f"not known: looking took longer than {PATIENCE:g} s"
    except Exception as error:  # whatever it was: the operation that asks must come to its end
        _log.exception("a look for where a cluster stands failed", cluster=cluster.name)
        return f"not known: looking failed with {type(error).__name__}"
    return standing(cluster, state)


def standing(cluster: Cluster, state: ClusterState) -> str:
    """“primary down: db1 does not answer (refused), db2 is a standby”."""
    servers = (
        f"{server.name} does not answer ({server.sql_answer.outcome})"
        if server.role is Role.UNKNOWN
        else f"{server.name} is the primary"
        if server.role is Role.PRIMARY
        else f"{server.name} is a standby"
        for server in state.servers
    )
    return f"{judge(cluster, state).verdict}: {', '.join(servers)}"
