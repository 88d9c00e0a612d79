"""`/ha drill restore|failover|full`: a restore, a switchover, or both, for practice: proven, measured, and undone."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from commands.command import Action, Meant
from commands.drilling.actions import ACTIONS
from commands.drilling.drill_plan import plan_drill
from commands.drilling.failover_plan import both, plan_failover_drill
from commands.drilling.legs import ACTIONS as SWITCHING
from commands.drilling.probe_actions import ACTIONS as AROUND
from commands.drilling.report import conclude, so_far
from commands.drilling.words import USAGE, Drilled, Wish, chosen, how_chosen, read_wish, understand
from commands.plan import Conclusion, Plan
from commands.restoring.seen import see
from commands.restoring.words import Wanted, Way
from commands.world import World
from ledger.drills import count_of_drills
from servers.backups.target import LATEST
from servers.backups.window import RestoreWindow
from servers.state import ClusterState


class Drill:
    """The order to hold a drill."""

    name = "drill"
    usage = USAGE
    summary = "Restore a backup beside what runs, and prove that everything is in it; switch over and back; or both"
    right = "drill"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """What is practised, the cluster, which backup, and the server: on whose host it is restored, or who takes
        over."""
        return understand(arguments, world.now(), world.clusters)

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where nothing can be restored, or nobody can take over."""
        match read_wish(meant.words).drilled:
            case Drilled.RESTORE:
                return await plan_restore_drill(meant, state, world)
            case Drilled.FAILOVER:
                return await plan_failover_drill(meant, state, world)
            case Drilled.FULL:
                # Where it is restored is the same host every time; who is named takes over.
                restore = await plan_restore_drill(replace(meant, server=None), state, world)
                return both(restore, await plan_failover_drill(meant, state, world))

    def actions(self) -> Mapping[str, Action]:
        return {**ACTIONS, **SWITCHING, **AROUND}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        return conclude(plan, found)

    def so_far(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        return so_far(plan, found)


async def plan_restore_drill(meant: Meant, state: ClusterState, world: World) -> Plan:
    """Raises Misunderstood where nothing can be restored, or not from the backup that is meant."""
    cluster, wish = meant.cluster, read_wish(meant.words)
    turn = await world.ledger.read(lambda db: count_of_drills(db, cluster.name))

    def choose(window: RestoreWindow) -> str | None:
        usable = [reach.backup.name for reach in window.reaches]
        return chosen(wish, usable, turn, cluster.drilling.random_every)

    seen = await see(
        world, cluster, state, meant.server, Wanted(Way.BESIDE, LATEST), LATEST, choose, of_archive_alone=True
    )
    return plan_drill(seen, _how(wish, seen.serving.backup.name, seen.window), world.now())


def _how(wish: Wish, backup: str, window: RestoreWindow) -> str:
    newest = window.reaches[0].backup.name if window.reaches else backup
    return how_chosen(wish, None if backup == newest else backup)
