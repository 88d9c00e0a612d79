"""The plan of a failover drill: a switchover and one back, around which a client of our own writes and reads. Pure, but
for `plan_failover_drill`, which looks at what a switchover looks at.
"""

from dataclasses import replace

from commands.command import Meant, Misunderstood
from commands.drilling.judging import judge as judge_step
from commands.drilling.legs import way_back
from commands.drilling.probe_actions import begin_step, end_step, ready_step, road_of, turn_step
from commands.plan import Check, Plan, Step
from commands.promote import Promote, Promotion
from commands.promotion.pair import failed, judged, passed
from commands.promotion.synchronous import demand_of
from commands.world import World
from ledger.alerts import AlertRow, AlertState, open_alerts
from ledger.drills import FAILOVER_DRILL, FULL_DRILL
from servers.drilling import HeartbeatPlace
from servers.inventory import Cluster
from servers.state import ClusterState
from servers.verdict import Verdict, judge

# Alerts that say that a drill is due, or that the last one failed, are what a drill is for.
OWN_ALERTS = ("drill", "drill_full")
_SHOWN = 3


async def plan_failover_drill(meant: Meant, state: ClusterState, world: World) -> Plan:
    """Raises Misunderstood where there is nothing to practise: nobody takes writes, or no probe can be written."""
    cluster = meant.cluster
    place = cluster.heartbeat
    if place is None:
        raise Misunderstood(
            f"A failover drill writes as a client does, and the settings name no database for that: add "
            f"[clusters.{cluster.name}.heartbeat]. What it needs: docs/drills.md"
        )
    there = await Promote().plan(Meant(cluster, meant.server), state, world)
    if there.kind != Promotion.SWITCHOVER or there.source is None:
        raise Misunderstood(
            f"{cluster.name} is not well: that would be a {there.kind}, and no drill. Type: /ha promote"
        )
    name, roads = road_of(world, cluster, place)
    why_not = await world.probes.why_not(roads)
    alerts = await world.ledger.read(lambda db: open_alerts(db, cluster.name))
    checks = (_healthy(cluster, state), _quiet(alerts), _probe(name, why_not, place), _commits_back(there, state))
    back = way_back(there, cluster, world.traffic.get(cluster.name, ()))
    return _drill(there, back, name, checks)


def both(restore: Plan, failover: Plan) -> Plan:
    """One plan, and one report: the restore first, which touches nothing; then all is looked at once more. Pure."""
    host = failover.source or failover.target
    restored = tuple(step for step in restore.steps if step.action != "judge_drill")
    switched = tuple(step for step in failover.steps if step.action != "judge_drill")
    compare = judge_step(host, "the RTO, the RPO and the outage")
    return replace(
        failover,
        kind=FULL_DRILL,
        steps=(*restored, ready_step(host), *switched, compare),
        checks=(*restore.checks, *failover.checks),
        facts=(*restore.facts, *failover.facts),
        consequence=f"{restore.consequence}; then {failover.consequence}",
    )


def _drill(there: Plan, back: tuple[Step, ...], road: str, checks: tuple[Check, ...]) -> Plan:
    old, new = there.source or "", there.target
    around = (*there.steps, turn_step(new), *back)
    return replace(
        there,
        kind=FAILOVER_DRILL,
        steps=(begin_step(old, road), *around, end_step(old), judge_step(old, "the outage")),
        checks=(*checks, *there.checks),
        outage_seconds=2 * there.outage_seconds if there.outage_seconds is not None else None,
        facts=(*there.facts, ("way back to", old), ("probe through", road)),
        consequence=f"{new} will be the primary of {there.cluster} for a moment, and {old} again: clients notice both",
        dangerous=True,
    )


def _healthy(cluster: Cluster, state: ClusterState) -> Check:
    judgement = judge(cluster, state)
    evidence = "; ".join(judgement.evidence[:_SHOWN]) or str(judgement.verdict)
    healthy = judgement.verdict is Verdict.HEALTHY
    return judged("healthy", f"{cluster.name} is healthy", healthy, evidence, "Mend that first: this is practice")


def _quiet(alerts: list[AlertRow]) -> Check:
    title = "No alert fires"
    firing = [one for one in alerts if one.state is AlertState.FIRING and one.rule not in OWN_ALERTS]
    if not firing:
        return passed("quiet", title, "none but those that a drill ends")
    shown = "; ".join(f"{one.rule} of {one.subject}: {one.value}" for one in firing[:_SHOWN])
    return failed("quiet", title, f"{shown}. Mend that first: this is practice")


def _probe(road: str, why_not: str | None, place: HeartbeatPlace) -> Check:
    title = f"A client of our own can write through {road}"
    mend = f"See docs/drills.md for the right that it needs in {place.database}"
    return judged("probe", title, why_not is None, why_not or "it was tried, and nothing written", mend)


def _commits_back(there: Plan, state: ClusterState) -> Check:
    """The way back promotes the old primary, whose standbys then follow it as they do on the way there."""
    old = there.source or ""
    title = f"Commits will not block on {old} on the way back"
    sql = state.server(old).sql
    demand = demand_of(sql.synchronous_standby_names) if sql is not None else None
    if sql is None or demand is None or any(step.action.startswith("patroni") for step in there.steps):
        return passed("way_back", title, "it waits for no standby, or Patroni sees to that")
    moved = frozenset(step.server for step in there.steps if step.action == "follow")
    first = [step.action for step in there.steps if step.action in ("follow", "verify")][:1] == ["follow"]
    evidence = f"synchronous_standby_names is “{sql.synchronous_standby_names}”"
    mend = f"No commit would return before {there.target} follows it again: set it to '' on {old} and reload"
    return judged("way_back", title, first and demand.met_by(moved), evidence, mend)
