"""`/ha reload [cluster] [server]`: the configuration files read again; what changed, and what still needs a restart."""

import asyncio
from collections.abc import Mapping, Sequence

from commands import patroni_upkeep
from commands.acting import engine_says, server_of, time_of, untold
from commands.command import Action, Meant, Misunderstood, StepContext, StepFailed, StepOutcome
from commands.parse import resolve
from commands.plan import CheckResult, Conclusion, Loss, Plan, Step
from commands.promotion.checks import answers_sql
from commands.upkeep.seen import Files, files_are_good, read_files
from commands.world import World
from servers.inventory import Cluster, EngineKind
from servers.state import ClusterState
from servers.verdict import judge

TIMEOUT = 20.0


class Reload:
    """The order to reload one server, or all of a cluster."""

    name = "reload"
    usage = "reload [cluster] [server]"
    summary = "Read the configuration files again, on one server or on all; says what changed and what needs a restart"
    right = "reload"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The cluster, and the server where one is named; else all of them."""
        return Meant(*resolve(arguments, world.clusters, self.usage))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        """The files as they are now are material: other files are another plan."""
        names = [meant.server] if meant.server else [server.name for server in meant.cluster.servers]
        if meant.cluster.engine is EngineKind.PATRONI:
            return patroni_upkeep.plan_reload(meant.cluster, state, names)
        files = await asyncio.gather(*(read_files(world, meant.cluster.server(name)) for name in names))
        return plan_reload(meant.cluster, state, files)

    def actions(self) -> Mapping[str, Action]:
        return {"reload": Action(reload, untold, repeatable=True), **patroni_upkeep.ACTIONS}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        """What changed on each, and what waits for a restart."""
        if patroni_upkeep.is_by_patroni(plan):
            return patroni_upkeep.conclude(plan)
        servers = [step.server for step in plan.steps]
        facts = tuple((f"Changed on {name}", found.get(_changed(name)) or "nothing") for name in servers)
        waiting = [name for name in servers if found.get(_pending(name))]
        pending = tuple((f"Needs a restart on {name}", found[_pending(name)]) for name in waiting)
        next_steps = tuple(f"To put that in force: /ha restart {plan.cluster} {name}" for name in waiting)
        return Conclusion(f"{' and '.join(servers)} read their configuration again.", (*facts, *pending), next_steps)


def plan_reload(cluster: Cluster, state: ClusterState, files: Sequence[Files]) -> Plan:
    """Pure. Raises Misunderstood where no server tells which system it is of."""
    sql = next((server.sql for server in state.servers if server.sql), None)
    if sql is None:
        raise Misunderstood(f"No server of {cluster.name} answers by SQL: there is nothing to reload.")
    names = [one.server for one in files]
    checks = [check for one in files for check in (answers_sql(state.server(one.server)), files_are_good(one))]
    return Plan(
        kind="reload",
        cluster=cluster.name,
        system_identifier=sql.system_identifier,
        timeline=sql.timeline,
        source=None,
        target=" and ".join(names),
        steps=tuple(_step(name) for name in names),
        checks=tuple(checks),
        outage_seconds=0.0,
        loss=Loss(
            0, 0.0, f"Nobody is cut off. {judge(cluster, state).primary or 'The primary'} goes on taking writes."
        ),
        facts=tuple((f"files of {one.server}", one.digest) for one in files),
        consequence=f"{' and '.join(names)} will run with the configuration that stands in the files now",
        dangerous=False,
    )


async def reload(context: StepContext) -> StepOutcome:
    """Looks at the files once more: they may have been changed since the look before the run."""
    server = server_of(context)
    check = files_are_good(await read_files(context.world, server))
    if check.result is CheckResult.FAIL:
        raise StepFailed(f"{server.name} was not reloaded: {check.evidence}.")
    done = await engine_says(context.world.engine.reload(server, timeout=time_of(context)))
    changed, pending = ", ".join(done.changed), ", ".join(done.needs_restart)
    detail = f"{server.name} has read its files again. Changed: {changed or 'nothing'}"
    waits = f". Needs a restart: {pending}" if pending else ""
    return StepOutcome(f"{detail}{waits}", found={_changed(server.name): changed, _pending(server.name): pending})


def _step(name: str) -> Step:
    does = "pg_reload_conf(): the postmaster and every session read the files again. Nobody is cut off."
    return Step("reload", name, f"Reload {name}", does, "pg_conf_load_time() moves on", TIMEOUT)


def _changed(server: str) -> str:
    return f"changed on {server}"


def _pending(server: str) -> str:
    return f"needs a restart on {server}"
