"""Whether a look may still stand for the moment at which an operation begins."""

from datetime import timedelta

from commands.world import World
from ledger.operations import list_operations
from servers.state import ClusterState

OLDEST_LOOK = timedelta(seconds=2)  # that may still stand for the moment of the last approval
_LAST_FEW = 10  # operations of the cluster; they are asked for, not acted on, in the order in which they ended


async def is_fresh(world: World, state: ClusterState) -> bool:
    """Neither so old that the world may have moved on, nor begun before an earlier operation on the cluster had ended:
    the look begins with the click, and the lock may have become free only after it."""
    if world.now() - state.at > OLDEST_LOOK:
        return False
    last = await world.ledger.read(lambda db: list_operations(db, cluster=state.cluster, limit=_LAST_FEW))
    return all(one.finished_at < state.at for one in last if one.fencing is not None and one.finished_at is not None)
