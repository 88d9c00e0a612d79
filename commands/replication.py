"""`/ha replication setup [cluster] SERVER`: what a standby needs of its primary, and changes what differs."""

import asyncio
from collections.abc import Mapping, Sequence

from commands import patroni_upkeep
from commands.command import Action, Meant, Misunderstood
from commands.parse import resolve
from commands.plan import Conclusion, Plan
from commands.rejoining.candidates import primary_to_follow
from commands.replicating.actions import ACTIONS
from commands.replicating.differs import conninfo_of
from commands.replicating.setup_plan import SetupSeen, plan_setup
from commands.world import World
from servers.engines.engine import ActionFailed
from servers.inventory import Server
from servers.state import ClusterState

SETUP = "setup"


class Replication:
    """The order to let a server stream from the primary."""

    name = "replication"
    usage = "replication setup [cluster] SERVER"
    summary = "Let a server stream: settings, role, password, pg_hba.conf and slot on the primary"
    right = "replication"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The server that shall stream; in a pair that may be left out."""
        rest = [word for word in arguments if word != SETUP]
        if len(rest) == len(arguments):
            raise Misunderstood(f"Type: /ha {self.usage}")
        return Meant(*resolve(rest, world.clusters, self.usage), (SETUP,))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where nothing differs, or the primary cannot be asked."""
        cluster = meant.cluster
        patroni_upkeep.refuse(cluster, "It sets replication up itself: patronictl edit-config")
        primary = primary_to_follow(cluster, state, meant.server)
        others = [server.name for server in cluster.servers if server.name != primary]
        if meant.server is None and len(others) != 1:
            raise Misunderstood(f"Which server? There are {', '.join(others)}. Type: /ha {self.usage}")
        upstream, server = cluster.server(primary), cluster.server(meant.server or others[0])
        conninfo = conninfo_of(upstream)
        try:
            facts, reach, silent = await asyncio.gather(
                world.engine.replication_facts(upstream, conninfo.role),
                world.engine.reach(server, upstream),
                _silent(world, cluster.servers),
            )
        except ActionFailed as failed:
            raise Misunderstood(f"What there is to set up cannot be seen: {failed}") from None
        return plan_setup(SetupSeen(cluster, server, upstream, state.server(primary), facts, reach, conninfo, silent))

    def actions(self) -> Mapping[str, Action]:
        return ACTIONS

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        server = dict(plan.facts)["server"]
        waits = [name.removeprefix("setting ") for name, _ in plan.facts if name.startswith("setting ")]
        restart = (f"Restart {plan.target} when it suits: {', '.join(waits)} wait for that",) if waits else ()
        ready = any(step.action == "try_replication" for step in plan.steps)
        line = f"{server} may stream from {plan.target}." if ready else f"{plan.target} is prepared for {server}."
        then = (
            f"If it is no standby yet: /ha standby add {server}" if ready else f"Then: /ha replication setup {server}"
        )
        return Conclusion(line, (), (*restart, then))


async def _silent(world: World, servers: Sequence[Server]) -> tuple[str, ...]:
    """The servers whose hosts do not answer."""

    async def answers(server: Server) -> bool:
        try:
            await world.engine.directory(server)
        except ActionFailed:
            return False
        return True

    answered = await asyncio.gather(*(answers(server) for server in servers))
    return tuple(server.name for server, answer in zip(servers, answered, strict=True) if not answer)
