"""How commands look at a cluster: with deadlines that suit somebody who waits for the answer."""

import math

from commands.world import World
from servers.inventory import Cluster
from servers.state import ClusterState

PLAN_SQL, PLAN_SSH = 1.0, 1.5  # seconds
AGAIN_SQL, AGAIN_SSH = 0.4, 1.0  # seconds, just before a run: what does not answer soon holds up a failover
VIEW_SQL, VIEW_SSH = 0.5, 0.6  # a view answers within a second, whatever hangs
VIEW_HOST_AGE = 15.0  # how old disk figures may be in a view
VIEW_BACKUPS_AGE = 5.0  # how old the listings may be in a view of them


async def look(world: World, cluster: Cluster) -> ClusterState:
    """Everything anew, for a plan; base backups as they were last seen."""
    world.observer.wake(cluster)
    return await world.observer.observe(cluster, backups_max_age=math.inf, sql_timeout=PLAN_SQL, ssh_timeout=PLAN_SSH)


async def look_again(world: World, cluster: Cluster) -> ClusterState:
    """Everything anew just before a run. A server that is too slow for this fails its check, and nothing runs."""
    world.observer.wake(cluster)
    return await world.observer.observe(cluster, backups_max_age=math.inf, sql_timeout=AGAIN_SQL, ssh_timeout=AGAIN_SSH)


async def glance(world: World, cluster: Cluster) -> ClusterState:
    """For a view: what answers soon, with host facts of the last moments."""
    return await world.observer.observe(
        cluster, host_facts_max_age=VIEW_HOST_AGE, sql_timeout=VIEW_SQL, ssh_timeout=VIEW_SSH
    )


async def glance_at_backups(world: World, cluster: Cluster) -> ClusterState:
    """For a view of the backups: it waits a moment for new listings, and makes do with those of the last minutes."""
    return await world.observer.observe(
        cluster,
        host_facts_max_age=math.inf,
        backups_max_age=VIEW_BACKUPS_AGE,
        sql_timeout=VIEW_SQL,
        ssh_timeout=VIEW_SSH,
        archive_patience=VIEW_SSH,
    )


async def survey(world: World, cluster: Cluster) -> ClusterState:
    """For many clusters at once: SQL anew, hosts and backups as they were last seen wherever that will do."""
    return await world.observer.observe(
        cluster, host_facts_max_age=math.inf, backups_max_age=math.inf, sql_timeout=VIEW_SQL, ssh_timeout=VIEW_SSH
    )
