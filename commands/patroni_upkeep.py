"""Restart, reload and reinitialize on a cluster that Patroni runs: it is asked, and what it did is looked at again."""

from collections.abc import Mapping, Sequence

from commands.acting import time_of, untold
from commands.command import Action, Misunderstood, StepContext, StepOutcome
from commands.plan import Check, Conclusion, Loss, Plan, Step
from commands.promotion.pair import judged, passed
from commands.promotion.patroni import BY, look_at
from commands.promotion.patroni_actions import asked, engine_of, is_by_patroni
from ledger.quantities import bytes_text
from servers.inventory import Cluster, EngineKind
from servers.patroni_state import PatroniMember
from servers.state import ClusterState

RESTART, RELOAD, REINITIALIZE = "patroni_restart", "patroni_reload", "patroni_reinitialize"
_RESTART_SECONDS, _RELOAD_SECONDS, _COPY_SECONDS = 120.0, 20.0, 86_400.0

__all__ = ["ACTIONS", "conclude", "is_by_patroni", "plan_reinitialize", "plan_reload", "plan_restart", "refuse"]


def refuse(cluster: Cluster, instead: str) -> None:
    """Misunderstood where Patroni runs the cluster: `instead` says what does it there."""
    if cluster.engine is EngineKind.PATRONI:
        raise Misunderstood(f"Patroni runs {cluster.name}, and nothing is done behind its back. {instead}")


def plan_restart(cluster: Cluster, state: ClusterState, server: str) -> Plan:
    """Pure. Raises Misunderstood where Patroni does not answer, or does not know the server."""
    member = _member(cluster, state, server)
    does = "POST /restart: Patroni stops and starts PostgreSQL; who is connected is cut off."
    step = Step(RESTART, server, f"Restart {server}", does, "/patroni: it was started anew", _RESTART_SECONDS)
    outage = 5.0 if member.leads else 0.0
    runs = judged("runs", f"{server} runs", member.healthy, f"Patroni says {member.state}", "Look at its log")
    return _plan(cluster, state, ("restart", server), (step,), (runs,), outage, f"{server} will be started anew")


def plan_reload(cluster: Cluster, state: ClusterState, servers: Sequence[str]) -> Plan:
    """Pure. Raises Misunderstood as `plan_restart`."""
    names = " and ".join(_member(cluster, state, one).name for one in servers)
    does = "POST /reload: Patroni reads its file, and PostgreSQL its own, within the next round. Nobody is cut off."
    todo = tuple(Step(RELOAD, one, f"Reload {one}", does, "Patroni says so", _RELOAD_SECONDS) for one in servers)
    return _plan(cluster, state, ("reload", names), todo, (), 0.0, f"{names} will run with what stands in the files")


def plan_reinitialize(cluster: Cluster, state: ClusterState, kind: str, server: str | None) -> Plan:
    """Pure; without a server, the one that is not well. Raises Misunderstood as `plan_restart`."""
    look = look_at(cluster, state)
    unwell = [one.name for one in look.patroni.members if not one.streams]
    if server is None and len(unwell) != 1:
        raise Misunderstood(f"Which server? Not streaming: {', '.join(unwell) or 'none'}. Type: /ha {kind} SERVER")
    member = _member(cluster, state, server or unwell[0])
    if member.leads:
        raise Misunderstood(f"{member.name} leads {cluster.name}: its data is the data. Nothing was done.")
    leader = look.patroni.leader
    led = judged("leader", "Somebody leads", leader is not None, leader.name if leader else "nobody", "/ha promote")
    does = "POST /reinitialize: Patroni removes its data directory and copies the leader's. It cannot be taken back."
    step = Step(
        REINITIALIZE, member.name, f"Reinitialize {member.name}", does, "/cluster: it streams again", _COPY_SECONDS
    )
    risk = f"Patroni removes the data directory of {member.name}, and keeps nothing of it aside"
    consequence = f"{member.name} will be a new copy of the leader"
    return _plan(cluster, state, (kind, member.name), (step,), (led,), 0.0, consequence, (risk,))


async def restart(context: StepContext) -> StepOutcome:
    return await asked(engine_of(context).restart(context.step.server, timeout=time_of(context)))


async def reload(context: StepContext) -> StepOutcome:
    return await asked(engine_of(context).reload(context.step.server, timeout=time_of(context)))


async def reinitialize(context: StepContext) -> StepOutcome:
    return await asked(engine_of(context).reinitialize(context.step.server, timeout=time_of(context)))


ACTIONS: Mapping[str, Action] = {
    RESTART: Action(restart, untold, final=True),
    RELOAD: Action(reload, untold, repeatable=True),
    REINITIALIZE: Action(reinitialize, untold, final=True),
}


def conclude(plan: Plan) -> Conclusion:
    """Pure."""
    return Conclusion(f"Patroni has done it: {plan.kind} of {plan.target}.", (), (f"Look: /ha status {plan.cluster}",))


def _member(cluster: Cluster, state: ClusterState, server: str) -> PatroniMember:
    found = look_at(cluster, state).patroni.member(server)
    if found is None:
        raise Misunderstood(f"Patroni has no member {server}: /cluster does not list it. Look: /ha status")
    return found


def _plan(
    cluster: Cluster,
    state: ClusterState,
    what: tuple[str, str],
    todo: tuple[Step, ...],
    checks: tuple[Check, ...],
    outage: float,
    consequence: str,
    risks: tuple[str, ...] = (),
) -> Plan:
    sql = next((one.sql for one in state.servers if one.sql is not None), None)
    members = look_at(cluster, state).patroni.members
    said = ", ".join(f"{one.name} {one.role} {one.state}{_lag(one)}" for one in members)
    return Plan(
        kind=what[0],
        cluster=cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=None,
        target=what[1],
        steps=todo,
        checks=(passed("patroni", "Patroni and its DCS answer", said), *checks),
        outage_seconds=outage,
        loss=Loss(0, 0.0, "Nothing that was committed is touched."),
        risks=risks,
        facts=(BY,),
        consequence=consequence,
        dangerous=bool(risks),
    )


def _lag(member: PatroniMember) -> str:
    return "" if member.lag is None else f", lag {bytes_text(member.lag)}"
