"""`/ha promote [cluster] [server]`: looks, and says whether it is a switchover, a failover, or neither and why."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from commands.command import Action, Meant, Misunderstood
from commands.parse import resolve
from commands.plan import Conclusion, Plan
from commands.promotion import patroni as by_patroni
from commands.promotion import patroni_actions
from commands.promotion.actions import ACTIONS
from commands.promotion.examining import examine
from commands.promotion.failover import plan_failover
from commands.promotion.moment import moment
from commands.promotion.pair import Pair
from commands.promotion.report import conclude
from commands.promotion.switchover import plan_switchover
from commands.promotion.traffic import FAILOVER_LOOK_SECONDS, TargetSeen, look_at_traffic
from commands.restoring.left import what_is_there
from commands.restoring.standby_plan import standing_in_its_place
from commands.world import World
from servers.inventory import Cluster, EngineKind
from servers.lag import received_lsn
from servers.state import ClusterState, Role
from servers.topology import upstream_of
from servers.verdict import Judgement, Verdict, judge

AT, CANCEL = "at", "cancel"

# With a primary that works, whatever else is wrong shows as a failed check of the switchover.
_PRIMARY_WORKS = (Verdict.HEALTHY, Verdict.STANDBY_DOWN, Verdict.REPLICATION_BROKEN)

# So many lines of evidence, the worst first, fit into an answer.
_TELLING = 3

_REFUSALS: Mapping[Verdict, str] = {
    Verdict.PRIMARY_UNREACHABLE: "The primary is unreachable from here only, and may well take writes: "
    "that is no failover. Mend the way from here to it",
    Verdict.SPLIT_BRAIN: "There are two primaries. Promoting a third time mends nothing: decide which one is right, "
    "and stop the other",
    Verdict.DIFFERENT_TIMELINES: "The servers are on different timelines: first bring back the one behind: /ha rejoin",
    Verdict.NOT_A_PAIR: "The servers are not copies of one system: correct the settings",
    Verdict.UNKNOWN: "Too little is known of the servers to promote any of them",
    Verdict.NO_PRIMARY: "No server is the primary: all run as standbys. Decide which one is right, "
    "and start it as the primary",
}


class Promotion(StrEnum):
    SWITCHOVER = "switchover"
    FAILOVER = "failover"


class Promote:
    """The order to make a standby the primary."""

    name = "promote"
    usage = "promote [cluster] [server] [at 03:00 | cancel]"
    summary = "Make the standby the primary: a switchover, or a failover when the primary is down; later, with Patroni"
    right = "promote"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The cluster, the server to promote where one is named, and when: that is for Patroni alone."""
        words, names = timed(arguments, world.now())
        cluster, server = resolve(names, world.clusters, self.usage)
        if words and cluster.engine is not EngineKind.PATRONI:
            raise Misunderstood(f"Patroni alone can do that later, and it does not run {cluster.name}. Leave it out.")
        return Meant(cluster, server, words)

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """Decides by the verdict. Raises Misunderstood where a promotion would be no answer."""
        if meant.cluster.engine is EngineKind.PATRONI:
            traffic = await look_at_traffic(world, meant.cluster, FAILOVER_LOOK_SECONDS)
            look = by_patroni.look_at(meant.cluster, state, traffic)
            cancelled = meant.words == (CANCEL,)
            return by_patroni.plan_cancel(look) if cancelled else by_patroni.plan_by_patroni(look, *_target(meant))
        kind, pair = choose(meant.cluster, meant.server, state)
        if kind is Promotion.FAILOVER:
            # No server is asked more while nobody takes writes.
            traffic = await look_at_traffic(world, meant.cluster, FAILOVER_LOOK_SECONDS)
            return await _if_not_restored(plan_failover(replace(pair, traffic=traffic)), world)
        traffic, examined = await asyncio.gather(look_at_traffic(world, meant.cluster), examine(world, pair))
        return await _if_not_restored(plan_switchover(replace(pair, traffic=traffic), examined), world)

    def actions(self) -> Mapping[str, Action]:
        return {**ACTIONS, **patroni_actions.ACTIONS}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        if patroni_actions.is_by_patroni(plan):
            return patroni_actions.conclude(plan, found)
        return conclude(plan, found)


def timed(arguments: Sequence[str], now: datetime) -> tuple[tuple[str, ...], Sequence[str]]:
    """When it shall be, as an absolute time, or that it shall not be; and the other words. Raises Misunderstood."""
    if arguments and arguments[-1] == CANCEL:
        return (CANCEL,), arguments[:-1]
    if AT not in arguments:
        return (), arguments
    place = list(arguments).index(AT)
    if len(arguments) != place + 2:
        raise Misunderstood("At what time? Write: at 03:00, or: at 2026-11-25T03:00Z, in UTC.")
    return (AT, moment(arguments[place + 1], now).isoformat()), arguments[:place]


async def _if_not_restored(plan: Plan, world: World) -> Plan:
    """What our own memory knows of the one to promote: by its own words, it is a standby like any other."""
    there = await world.ledger.read(lambda db: what_is_there(db, plan.cluster))
    check = standing_in_its_place(plan.target, there)
    return replace(plan, checks=(*plan.checks, check)) if check is not None else plan


def _target(meant: Meant) -> tuple[str | None, datetime | None]:
    at = datetime.fromisoformat(meant.words[1]) if meant.words else None
    return meant.server, at


def plan_promotion(
    cluster: Cluster, server: str | None, state: ClusterState, traffic: tuple[TargetSeen, ...] = ()
) -> Plan:
    """Pure, from what was seen alone. Raises Misunderstood."""
    if cluster.engine is EngineKind.PATRONI:
        return by_patroni.plan_by_patroni(by_patroni.look_at(cluster, state), server)
    kind, pair = choose(cluster, server, state)
    pair = replace(pair, traffic=traffic)
    return plan_failover(pair) if kind is Promotion.FAILOVER else plan_switchover(pair)


def choose(cluster: Cluster, server: str | None, state: ClusterState) -> tuple[Promotion, Pair]:
    """Which of the two it is, and of whom. Pure. Raises Misunderstood."""
    judgement = judge(cluster, state)
    primary = judgement.primary
    if judgement.verdict is Verdict.NO_PRIMARY:
        primary = _fenced(cluster, state)
    if judgement.verdict in _PRIMARY_WORKS and primary is not None:
        if server == primary:
            raise Misunderstood(f"{server} is the primary of {cluster.name} already: there is nothing to do.")
        return Promotion.SWITCHOVER, _pair(cluster, state, primary, server)
    if judgement.verdict in (Verdict.PRIMARY_DOWN, Verdict.NO_PRIMARY) and primary is not None:
        if server == primary:
            raise Misunderstood(f"{server} was the primary of {cluster.name} and is down: name the standby to promote.")
        return Promotion.FAILOVER, _pair(cluster, state, primary, server)
    raise Misunderstood(_refusal(judgement))


def _fenced(cluster: Cluster, state: ClusterState) -> str | None:
    """The one server that does not run while all others are standbys: a primary that an earlier order has fenced."""
    silent = [server.name for server in cluster.servers if state.server(server.name).sql is None]
    return silent[0] if len(silent) == 1 else None


def _pair(cluster: Cluster, state: ClusterState, primary: str, server: str | None) -> Pair:
    """The primary with the standby that was named, else with the one that has the most WAL on the newest timeline."""
    old, others = cluster.server(primary), (one for one in cluster.servers if one.name != primary)
    pairs = [Pair(cluster, state, old, one) for one in others]
    if server is not None:
        return next(pair for pair in pairs if pair.target.name == server)
    return max(pairs, key=_rank)


def _rank(pair: Pair) -> tuple[bool, bool, int, int]:
    """The primary's own standbys come before those behind another one: a switchover asks the primary about them.

    Positions on different timelines cannot be compared, so the timeline counts first.
    """
    sql = pair.new.sql
    upstream = upstream_of(pair.cluster, pair.state, pair.target.name)
    direct = pair.old.sql is None or upstream in (pair.source.name, None)
    timeline, received = (sql.timeline, received_lsn(sql) or 0) if sql else (0, 0)
    return pair.new.role is Role.STANDBY, direct, timeline, received


def _refusal(judgement: Judgement) -> str:
    evidence = "; ".join(judgement.evidence[:_TELLING])
    why = _REFUSALS.get(judgement.verdict, str(judgement.verdict))
    return f"{why}. What was seen: {evidence}. All of it: /ha status."
