"""`/ha standby add|rebuild|remove [cluster] SERVER`: a standby is made by a new copy, made anew, or taken away."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from commands import patroni_upkeep
from commands.command import Action, Meant, Misunderstood
from commands.parse import resolve
from commands.plan import Conclusion, Plan
from commands.rejoining.actions import ACTIONS
from commands.rejoining.candidates import primary_to_follow
from commands.rejoining.rejoin_plan import plan_return
from commands.rejoining.removal_plan import REMOVAL, plan_removal
from commands.rejoining.report import conclude, conclude_removal
from commands.rejoining.seen import see
from commands.world import World
from servers.inventory import EngineKind
from servers.state import ClusterState


class What(StrEnum):
    ADD = "add"
    REBUILD = "rebuild"
    REMOVE = "remove"


class Standby:
    """The order to make, renew or take away a standby."""

    name = "standby"
    usage = "standby add|rebuild|remove [cluster] SERVER"
    summary = "Make a server a standby by a new copy, make it anew, or take it away and drop its slot"
    right = "standby"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """What is to be done, and with which server. The server must be in the settings: nothing else is reachable."""
        words = [word for word in arguments if word in tuple(What)]
        rest = [word for word in arguments if word not in tuple(What)]
        if len(words) != 1:
            raise Misunderstood(f"Say what to do with which standby. Type: /ha {self.usage}")
        cluster, server = resolve(rest, world.clusters, self.usage)
        if server is None:
            names = ", ".join(one.name for one in cluster.servers)
            raise Misunderstood(f"Which server of {cluster.name}? There are {names}. Type: /ha {self.usage}")
        return Meant(cluster, server, (words[0],))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where that makes no sense for this server now."""
        cluster, server, what = meant.cluster, meant.server, _what(meant)
        if server is None or what is None:  # a form that nobody was shown
            raise Misunderstood(f"Say what to do with which standby. Type: /ha {self.usage}")
        if meant.cluster.engine is EngineKind.PATRONI:
            if what is not What.REBUILD:
                patroni_upkeep.refuse(cluster, "Start Patroni on a new member, or stop it on one that shall go")
            return patroni_upkeep.plan_reinitialize(cluster, state, "standby rebuild", server)
        upstream = primary_to_follow(cluster, state, server)
        if what is What.REMOVE:
            return plan_removal(cluster, state, server, upstream)
        seen = await see(world, cluster, state, server, upstream)
        if what is What.ADD and seen.running:
            raise Misunderstood(f"{server} runs already. To make it anew: /ha standby rebuild {server}")
        if seen.writable:
            raise Misunderstood(f"{server} runs as a primary beside {upstream}. To bring it back: /ha rejoin {server}")
        return plan_return(seen, kind=f"standby {what}", copy_wanted=True)

    def actions(self) -> Mapping[str, Action]:
        return {**ACTIONS, **patroni_upkeep.ACTIONS}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        if patroni_upkeep.is_by_patroni(plan):
            return patroni_upkeep.conclude(plan)
        return conclude_removal(plan) if plan.kind == REMOVAL else conclude(plan, found)


def _what(meant: Meant) -> What | None:
    return next((what for what in What if what.value in meant.words), None)
