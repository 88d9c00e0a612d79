"""`/ha sentinel failover CLUSTER [master]`: a Redis master's replica takes its place, by its Sentinels."""

from collections.abc import Mapping, Sequence

from commands.command import Action, Meant, Misunderstood, StepContext, StepFailed, StepOutcome
from commands.parse import COMMAND, echo, nearest
from commands.plan import Check, Conclusion, Loss, Plan, Step
from commands.promotion.pair import failed, passed, warned
from commands.world import World
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster
from servers.sentinels import MasterSeen, SentinelHands
from servers.state import ClusterState

FAILOVER = "failover"
FAILOVER_TIMEOUT = 60.0
NEW_MASTER = "new_master"
_CURRENT = "master now"


class Sentinel:
    """The order to fail over a Redis master."""

    name = "sentinel"
    usage = "sentinel failover [cluster] [master]"
    summary = "Have Redis Sentinel promote a replica, and verify the role of the new master"
    right = "sentinel"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """Cluster and master may be left out where there is one only."""
        if not arguments or arguments[0] != FAILOVER:
            raise Misunderstood(f"A Redis master can be failed over. Type: {COMMAND} {self.usage}")
        rest = list(arguments[1:])
        cluster = world.clusters[rest.pop(0)] if rest and rest[0] in world.clusters else _only_cluster(world)
        masters = _hands(world, cluster).masters
        if len(rest) > 1 or (not rest and len(masters) != 1):
            raise Misunderstood(f"Which master? There are {', '.join(masters)}. Type: {COMMAND} {self.usage}")
        master = rest[0] if rest else masters[0]
        if master not in masters:
            raise Misunderstood(_unknown(master, masters))
        return Meant(cluster, words=(FAILOVER, master))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        hands, master = _hands(world, meant.cluster), meant.words[-1] if meant.words else ""
        if master not in hands.masters:
            raise Misunderstood(_unknown(master, hands.masters))
        try:
            return plan_failover(meant.cluster, state, master, await hands.look(master))
        except ActionFailed as error:
            return plan_failover(meant.cluster, state, master, None, str(error))

    def actions(self) -> Mapping[str, Action]:
        return {"sentinel failover": Action(fail_over, is_failed_over)}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        new = found.get(NEW_MASTER, "not known")
        return Conclusion(f"{plan.target} is led by {new} now.", (("Master", new),))


def plan_failover(
    cluster: Cluster, state: ClusterState, master: str, seen: MasterSeen | None, problem: str = ""
) -> Plan:
    """Pure. `problem`: why it was not seen."""
    sql = next((server.sql for server in state.servers if server.sql), None)
    return Plan(
        kind="sentinel failover",
        cluster=cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=None,
        target=master,
        steps=(_step(master, seen),),
        checks=_checks(master, seen, problem),
        outage_seconds=None,
        loss=Loss(None, None, "Redis replicates asynchronously: what no replica has received yet is lost."),
        facts=((_CURRENT, seen.address if seen else "not known"),),
        consequence=f"a replica of {master} will be promoted, and the old master will follow it",
    )


def _step(master: str, seen: MasterSeen | None) -> Step:
    chosen = f"one of {', '.join(seen.good)}" if seen and seen.good else "a replica"
    return Step(
        "sentinel failover",
        master,
        f"Fail over {master}",
        f"SENTINEL FAILOVER: Sentinel promotes {chosen}, and tells clients that ask it.",
        "Sentinel names another master, and that one says of itself that it is a master",
        FAILOVER_TIMEOUT,
    )


def _checks(master: str, seen: MasterSeen | None, problem: str) -> tuple[Check, ...]:
    known = f"Sentinel knows {master}"
    if seen is None:
        return (failed("sentinel", known, problem or "it was not seen"),)
    replica, idle = f"{master} has a replica that can take over", "no failover is under way"
    # One that is asked for needs nobody's agreement; the next one, that nobody asks for, does.
    agreed = "the Sentinels could agree"
    enough = seen.quorum.startswith("OK")
    return (
        passed("sentinel", known, f"{seen.sentinel}: the master is {seen.address}"),
        failed("progress", idle, "one is under way: wait for its end")
        if seen.in_progress
        else passed("progress", idle, "none is"),
        passed("replica", replica, ", ".join(seen.good))
        if seen.good
        else failed("replica", replica, "none is reached, linked to the master, and has a priority above 0"),
        passed("quorum", agreed, seen.quorum) if enough else warned("quorum", agreed, seen.quorum),
    )


async def fail_over(context: StepContext) -> StepOutcome:
    hands, master, before = _of(context)
    try:
        said = await hands.fail_over(master)
        context.say(f"Sentinel says {said}. Waiting until another server is the master")
        new = await hands.wait_moved(master, before, timeout=FAILOVER_TIMEOUT * 0.8)
    except ActionFailed as error:
        raise StepFailed(str(error)) from error
    return StepOutcome(f"{new} says that it is the master of {master}", None, said, {NEW_MASTER: new})


async def is_failed_over(context: StepContext) -> bool:
    """Another server than before is the master, and says so."""
    hands, master, before = _of(context)
    try:
        return await hands.moved(master, before) is not None
    except ActionFailed as error:
        raise StepFailed(str(error)) from error


def _of(context: StepContext) -> tuple[SentinelHands, str, str]:
    before = dict(context.plan.facts)[_CURRENT]
    return _hands(context.world, context.cluster), context.plan.target, before


def _hands(world: World, cluster: Cluster) -> SentinelHands:
    """Raises Misunderstood where the cluster has no Sentinels."""
    hands = world.sentinels.get(cluster.name)
    if hands is None or not hands.masters:
        mend = 'add [clusters.NAME.watch.NAME] with kind = "sentinel" and its masters to the settings'
        raise Misunderstood(f"{cluster.name} has no Redis masters that Sentinel watches: {mend}.")
    return hands


def _only_cluster(world: World) -> Cluster:
    having = [name for name, hands in world.sentinels.items() if hands.masters and name in world.clusters]
    if len(having) != 1:
        known = ", ".join(having) or 'none: add a watch with kind = "sentinel" to the settings'
        raise Misunderstood(f"Which cluster? With Sentinels: {known}. Type: {COMMAND} {Sentinel.usage}")
    return world.clusters[having[0]]


def _unknown(master: str, masters: Sequence[str]) -> str:
    near = nearest(master, masters)
    mend = f"Did you mean “{near}”?" if near else f"Known: {', '.join(masters)}."
    return f"“{echo(master)}” is no master. {mend} Type: {COMMAND} {Sentinel.usage}"
