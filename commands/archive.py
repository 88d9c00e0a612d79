"""`/ha archive setup [cluster] SERVER`: a server archives its WAL with Understudy's script."""

from collections.abc import Mapping, Sequence

from commands.archiving.actions import ACTIONS
from commands.archiving.setup_plan import SCRIPT, ArchiveSeen, needs_restart, plan_setup
from commands.command import Action, Meant, Misunderstood
from commands.parse import resolve
from commands.plan import Conclusion, Plan
from commands.world import World
from servers.backups.native.archive_command import COMPRESSIONS, archive_command
from servers.engines.engine import ActionFailed
from servers.inventory import BackupTool
from servers.state import ClusterState

SETUP = "setup"


class Archive:
    """The order to archive with Understudy's own script."""

    name = "archive"
    usage = "archive setup [cluster] SERVER [zstd|lz4|gzip]"
    summary = "Archive WAL with Understudy's script: puts it on the host, and sets archive_command and archive_mode"
    right = "archive"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        packed = tuple(word for word in arguments if word in COMPRESSIONS)
        rest = [word for word in arguments if word != SETUP and word not in packed]
        if SETUP not in arguments or len(packed) > 1:
            raise Misunderstood(f"Type: /ha {self.usage}")
        cluster, server = resolve(rest, world.clusters, self.usage)
        if server is None:
            names = ", ".join(one.name for one in cluster.servers)
            raise Misunderstood(f"Which server of {cluster.name}? There are {names}. Type: /ha {self.usage}")
        return Meant(cluster, server, (SETUP, *packed))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where another tool archives, or nothing differs."""
        cluster, server, place = meant.cluster, meant.server, meant.cluster.backups
        if server is None:  # a form that nobody was shown
            raise Misunderstood(f"Type: /ha {self.usage}")
        if place is None or place.archive_directory is None:
            wants = f'[clusters.{cluster.name}.backups] kind = "native", with an archive_directory'
            tool = f"{place.tool}'s" if place and place.tool is not BackupTool.NATIVE else "not in the settings"
            raise Misunderstood(f"The archive of {cluster.name} is {tool}: this sets up {wants}.")
        here = cluster.server(server)
        try:
            facts = await world.archiving.look(here, place.archive_script)
        except ActionFailed as failed:
            raise Misunderstood(f"What {server} archives with cannot be seen: {failed}.") from None
        packed = next((word for word in meant.words if word in COMPRESSIONS), None)
        command = archive_command(place, packed, place.archive_script)
        return plan_setup(ArchiveSeen(cluster, here, state.server(server), facts, place.archive_script, command))

    def actions(self) -> Mapping[str, Action]:
        return ACTIONS

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        line = f"{plan.target} archives its WAL with {dict(plan.facts)[SCRIPT]}."
        if not needs_restart(plan):
            return Conclusion(line, (), ("Look in a minute: /ha backups",))
        line = f"{plan.target} will archive its WAL with {dict(plan.facts)[SCRIPT]} once it was restarted."
        return Conclusion(line, (), (f"Restart it when it suits: /ha restart {plan.target}",))
