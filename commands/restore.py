"""`/ha restore [cluster] --to WHEN …`: the data of a moment, beside what runs, in its place, or some tables of it.

With `--volume NAME` it is the files of a service that are restored: `commands.partial` has that.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, timedelta, tzinfo

from commands.command import Action, Meant
from commands.partial import restoring as volumes
from commands.partial.restore_plan import RESTORED_VOLUME
from commands.partial.restore_words import names_a_volume, understand_volume
from commands.partial.words import names_a_part
from commands.plan import Conclusion, Plan
from commands.promotion.traffic import look_at_traffic
from commands.restoring import (
    afterwards,
    from_store_actions,
    in_place_actions,
    report,
    standby_actions,
    table_actions,
)
from commands.restoring.actions import ACTIONS, OPERATION
from commands.restoring.cut_over import cut_over, restored_once_more
from commands.restoring.ending import yielding
from commands.restoring.from_store_plan import plan_from_store
from commands.restoring.in_place_plan import plan_in_place
from commands.restoring.left import Left, what_is_there
from commands.restoring.listing import plan_listing
from commands.restoring.plans import REMOVAL, SETTLEMENT, plan_beside, plan_drop, plan_settle, plan_tables
from commands.restoring.seen import look_at_backups, see
from commands.restoring.standby_plan import FOLLOWING, PUT_BACK, plan_follow, plan_put_back, plan_standby
from commands.restoring.words import USAGE, Wanted, Way, read_wanted, understand
from commands.world import World
from servers.inventory import Cluster
from servers.state import ClusterState

LONG = frozenset({"lay_out", "compare", "recover", "copy_tables"})  # hours, while clients go on
FURTHEST_CLOCK = timedelta(hours=14)  # ahead of UTC, somewhere on Earth


class Restore:
    """The order to restore to a moment, and to drop what such an order made."""

    name = "restore"
    usage = USAGE
    summary = "Restore to a moment: beside (the default), in place, or some tables; or a volume; alone: what there is"
    right = "restore"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """Whose clock it goes by is not known here: what is past by some clock is not refused as still to come."""
        if names_a_volume(arguments):
            return understand_volume(arguments, world.clusters)
        return understand(arguments, UTC, world.now() + FURTHEST_CLOCK, world.clusters)

    def understand(self, words: Sequence[str], zone: tzinfo, world: World) -> Meant:
        """The cluster, the server where one is named, and the moment as an absolute one."""
        if names_a_volume(words):
            return understand_volume(words, world.clusters)
        return understand(words, zone, world.now(), world.clusters)

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Raises Misunderstood where that moment, or that way, is not possible."""
        if names_a_part(meant.words[:1], {}):
            _, volume, backup = meant.words
            return await volumes.plan_restore_of_volume(meant.cluster, volume, backup, state, world)
        asked, cluster = read_wanted(meant.words), meant.cluster
        wanted = await _with_target(asked, meant, world)
        if wanted.way in (Way.REMOVE, Way.SETTLE, Way.FOLLOW, Way.PUT_BACK):
            return await _plan_of_what_is_left(wanted, cluster, state, world)
        if wanted.way is Way.LIST or wanted.target is None:
            there = await world.ledger.read(lambda db: what_is_there(db, cluster.name))
            backups, window, _ = await look_at_backups(world, cluster)
            return plan_listing(cluster, state, backups, window, there, world.now())
        if wanted.way is Way.FROM_STORE:
            return await plan_from_store(world, cluster, state, meant.server, wanted.target)
        seen = await see(world, cluster, state, meant.server, wanted, wanted.target)
        if wanted.way is Way.IN_PLACE:
            plan = plan_in_place(seen, await look_at_traffic(world, cluster), world.now())
            return restored_once_more(plan) if asked.way is Way.CUT_OVER else plan
        if wanted.way is Way.STANDBY:
            return plan_standby(seen, world.now())
        if wanted.way is Way.TABLES:
            return plan_tables(seen, world.now())
        return plan_beside(seen, world.now())

    def actions(self) -> Mapping[str, Action]:
        own = {**ACTIONS, **in_place_actions.ACTIONS, **standby_actions.ACTIONS, **table_actions.ACTIONS}
        every = {**own, **from_store_actions.ACTIONS, **afterwards.ACTIONS, **volumes.ACTIONS}
        return {name: yielding(action) if name in LONG else action for name, action in every.items()}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        if plan.kind == RESTORED_VOLUME:
            return volumes.conclude_volume(plan, found)
        if plan.kind in _SHORT_REPORTS:
            return _SHORT_REPORTS[plan.kind](plan)
        if dict(plan.facts)["how"] == Way.IN_PLACE:
            return report.conclude_in_place(plan, found)
        if dict(plan.facts)["how"] == Way.STANDBY:
            return report.conclude_standby(plan, found)
        if dict(plan.facts)["how"] == Way.FROM_STORE:
            return report.conclude_from_store(plan, found)
        return report.conclude_beside(plan, found, found.get(OPERATION, ""))


_SHORT_REPORTS = {
    REMOVAL: report.conclude_drop,
    SETTLEMENT: report.conclude_settled,
    FOLLOWING: report.conclude_follows,
    PUT_BACK: report.conclude_put_back,
}


async def _plan_of_what_is_left(wanted: Wanted, cluster: Cluster, state: ClusterState, world: World) -> Plan:
    """Raises Misunderstood."""
    there = await world.ledger.read(lambda db: what_is_there(db, cluster.name))
    if wanted.way in (Way.FOLLOW, Way.PUT_BACK):
        plan = plan_follow if wanted.way is Way.FOLLOW else plan_put_back
        return plan(cluster, state, [one for one, left in there if left is Left.IN_PLACE], wanted.operation)
    if wanted.way is Way.SETTLE:
        return plan_settle(cluster, state, [one for one, left in there if left is Left.SETTINGS], wanted.operation)
    beside = [one for one, left in there if left not in (Left.SETTINGS, Left.IN_PLACE)]
    return plan_drop(cluster, state, beside, wanted.operation)


async def _with_target(wanted: Wanted, meant: Meant, world: World) -> Wanted:
    """What cuts over to an instance that stands beside goes to the moment of that one's order."""
    if wanted.way is not Way.CUT_OVER:
        return wanted
    return await world.ledger.read(lambda db: cut_over(db, meant.cluster.name, wanted.operation))
