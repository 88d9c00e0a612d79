"""`/ha rejoin [cluster] [server] [copy]`: an old primary, or a standby left behind, becomes a standby again."""

from collections.abc import Mapping, Sequence

from commands import patroni_upkeep
from commands.command import Action, Meant, Misunderstood
from commands.parse import resolve
from commands.plan import Conclusion, Plan
from commands.rejoining.actions import ACTIONS
from commands.rejoining.candidates import left_behind, primary_to_follow
from commands.rejoining.rejoin_plan import plan_return
from commands.rejoining.report import conclude
from commands.rejoining.seen import see
from commands.world import World
from servers.inventory import EngineKind
from servers.state import ClusterState

COPY = "copy"


class Rejoin:
    """The order to bring a server back."""

    name = "rejoin"
    usage = "rejoin [cluster] [server] [copy]"
    summary = "Bring an old primary back as a standby: a plain start, else pg_rewind, else a new copy"
    right = "rejoin"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The cluster, the server where one is named, and whether a new copy is wanted whatever else would do."""
        words = tuple(word for word in arguments if word == COPY)
        rest = [word for word in arguments if word != COPY]
        cluster, server = resolve(rest, world.clusters, self.usage)
        return Meant(cluster, server, words[:1])

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where there is nothing to rejoin, or nothing to follow."""
        if meant.cluster.engine is EngineKind.PATRONI:
            return patroni_upkeep.plan_reinitialize(meant.cluster, state, "rejoin", meant.server)
        upstream = primary_to_follow(meant.cluster, state, meant.server)
        server = meant.server or left_behind(meant.cluster, state, upstream)
        if server == upstream:
            raise Misunderstood(f"{server} is the primary of {meant.cluster.name}: there is nothing to rejoin.")
        seen = await see(world, meant.cluster, state, server, upstream)
        return plan_return(seen, kind="rejoin", copy_wanted=COPY in meant.words)

    def actions(self) -> Mapping[str, Action]:
        return {**ACTIONS, **patroni_upkeep.ACTIONS}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        if patroni_upkeep.is_by_patroni(plan):
            return patroni_upkeep.conclude(plan)
        return conclude(plan, found)
