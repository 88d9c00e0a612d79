"""`/ha drill restore [cluster] [server]`: the newest backup restored beside, proven, measured, and dropped again."""

from collections.abc import Mapping, Sequence

from commands.command import Action, Meant, Misunderstood
from commands.drilling.actions import ACTIONS
from commands.drilling.drill_plan import plan_drill
from commands.drilling.report import conclude
from commands.parse import resolve
from commands.plan import Conclusion, Plan
from commands.restoring.seen import see
from commands.restoring.words import Wanted, Way
from commands.world import World
from servers.backups.target import LATEST
from servers.state import ClusterState

RESTORE = "restore"


class Drill:
    """The order to hold a drill."""

    name = "drill"
    usage = "drill restore [cluster] [server]"
    summary = "Restore the newest backup beside what runs, prove that everything is in it, and measure RTO and RPO"
    right = "drill"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The cluster, and the server on whose host it is restored; else a standby's."""
        if not arguments or arguments[0] != RESTORE:
            raise Misunderstood(f"Which drill? There is one: /ha {self.usage}")
        return Meant(*resolve(arguments[1:], world.clusters, self.usage), (RESTORE,))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where nothing can be restored."""
        seen = await see(world, meant.cluster, state, meant.server, Wanted(Way.BESIDE, LATEST), LATEST)
        return plan_drill(seen, world.now())

    def actions(self) -> Mapping[str, Action]:
        return ACTIONS

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        return conclude(plan, found)
