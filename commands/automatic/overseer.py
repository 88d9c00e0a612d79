"""What Understudy does of its own accord, in one place: fed by every look of the monitor, pressed by people."""

import structlog

from commands.asked import Answer, Asked
from commands.automatic.clicks import Choice, FailoverClicks
from commands.automatic.failover import FailoverWatch, Maintenance
from commands.automatic.guard import Guard
from commands.looking import look_again
from commands.pausing.keeper import PauseKeeper
from commands.running.owner import Owner
from commands.running.runner import Runner
from commands.world import World
from ledger.errors import LedgerError
from servers.inventory import Cluster
from servers.state import ClusterState
from servers.verdict import Judgement, judge

_log = structlog.get_logger(__name__)


class Overseer:
    """Give it every look. Without a ledger that takes its writes it does nothing at all."""

    def __init__(self, world: World, runner: Runner, owner: Owner, maintenance: Maintenance) -> None:
        self._world = world
        self._runner = runner
        self._failover = FailoverWatch(world, runner, owner, maintenance)
        self._guard = Guard(world, runner, owner, maintenance)
        self._pauses = PauseKeeper(world)
        self._clicks = FailoverClicks(world, self._look)

    async def see(self, cluster: Cluster, state: ClusterState, judgement: Judgement) -> None:
        """Weighs one look, and starts what follows from it. Never raises, but when it is cancelled."""
        if self._runner.closed:
            return
        for weigh in (self._guard.see, self._failover.see, self._pauses.see):
            try:
                await weigh(cluster, state, judgement)
            except LedgerError as error:
                _log.error("nothing is done by itself: the ledger failed", cluster=cluster.name, error=str(error))
            except Exception:
                _log.exception("a look could not be weighed", cluster=cluster.name)

    async def press(self, asked: Asked, value: str, choice: Choice) -> Answer:
        """A button of an announcement."""
        return await self._clicks.take(asked, value, choice)

    async def close(self) -> None:
        """Ends what it does beside operations."""
        await self._pauses.close()

    async def _look(self, name: str) -> None:
        cluster = self._world.clusters[name]
        state = await look_again(self._world, cluster)
        await self.see(cluster, state, judge(cluster, state))
