"""`/ha restart [cluster] [server]`: one server stopped and started again, in the role that it has."""

import asyncio
from collections.abc import Mapping, Sequence

from commands import patroni_upkeep
from commands.acting import engine_says, outcome_of, server_of, untold
from commands.command import Action, Meant, Misunderstood, Standing, StepContext, StepFailed, StepOutcome
from commands.looking import look
from commands.parse import resolve
from commands.plan import Conclusion, Plan
from commands.upkeep.restart_plan import ToRestart, plan_restart
from commands.upkeep.seen import read_files
from commands.world import World
from ledger.quantities import seconds_text
from servers.engines.engine import ActionFailed
from servers.engines.upkeep import InUse
from servers.inventory import EngineKind, Server
from servers.state import ClusterState, Role, ServerState
from servers.views import views_of

TOOK, LEFT = "took_seconds", "still_needs_a_restart"
_HURRY = 0.7  # of the step's time-out for the engine; the rest is for what follows from it
_PAUSE = 0.1


class Restart:
    """The order to restart a server."""

    name = "restart"
    usage = "restart [cluster] [server]"
    summary = "Stop and start one server: says first who is cut off, and which settings that puts in force"
    right = "restart"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """Never more than one server: two at once would be no restart but an outage."""
        meant = Meant(*resolve(arguments, world.clusters, self.usage))
        _named(meant)
        return meant

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        if meant.cluster.engine is EngineKind.PATRONI:
            return patroni_upkeep.plan_restart(meant.cluster, state, _named(meant))
        server = meant.cluster.server(_named(meant))
        files, (used, problem) = await asyncio.gather(read_files(world, server), _use_of(world, server))
        return plan_restart(ToRestart(meant.cluster, state, server, files, used, problem))

    def actions(self) -> Mapping[str, Action]:
        return {
            "checkpoint": Action(_checkpoint, untold, repeatable=True),
            "restart": Action(restart, is_restarted, final=True, repeatable=True, obstacle=cannot_start, silences=True),
            **patroni_upkeep.ACTIONS,
        }

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        if patroni_upkeep.is_by_patroni(plan):
            return patroni_upkeep.conclude(plan)
        took = found.get(TOOK)
        facts = (
            ("Took", seconds_text(float(took)) if took else "not known"),
            ("Put in force", dict(plan.facts)["settings put in force"]),
            *((("Still needs a restart", found[LEFT]),) if found.get(LEFT) else ()),
        )
        role = dict(plan.facts)["role"]
        return Conclusion(f"{plan.target} runs again as the {role}.", facts, (f"Look: /ha status {plan.cluster}",))


def _named(meant: Meant) -> str:
    """Raises Misunderstood; a form that comes back may name none either."""
    if meant.server is None:
        names = ", ".join(one.name for one in meant.cluster.servers)
        raise Misunderstood(f"Which server of {meant.cluster.name}? There are {names}. Type: /ha {Restart.usage}")
    return meant.server


async def _use_of(world: World, server: Server) -> tuple[InUse | None, str]:
    try:
        return await world.engine.in_use(server), ""
    except ActionFailed as error:
        return None, str(error)


async def _checkpoint(context: StepContext) -> StepOutcome:
    done = await engine_says(context.world.engine.checkpoint(server_of(context), timeout=context.step.timeout * _HURRY))
    return outcome_of(done)


async def restart(context: StepContext) -> StepOutcome:
    """Everything that the step promises, or where it stands."""
    name = context.step.server
    # One that an interrupted try has left stopped cannot be asked, and is started all the same.
    used, _ = await _use_of(context.world, server_of(context))
    replicas = used.replicas if used else ()
    done = await engine_says(context.world.engine.restart(server_of(context), timeout=context.step.timeout * _HURRY))
    context.say(f"{done.detail}. Waiting for its role" + (" and its standbys" if replicas else ""))
    state = await _in_its_role(context)
    left = await engine_says(context.world.engine.configuration(server_of(context)))
    await _followed(context, replicas)
    waits = f"; still needs a restart: {', '.join(left.needs_restart)}" if left.needs_restart else ""
    again = f", {' and '.join(replicas)} streams again" if replicas else ""
    found = {TOOK: f"{done.seconds:.3f}", LEFT: ", ".join(left.needs_restart)}
    return StepOutcome(
        f"{name} is the {state.role} again{again}. {done.detail}{waits}", done.exit_status, done.output, found
    )


async def is_restarted(context: StepContext) -> bool:
    """It runs, since later than when this was approved. One that is down is not: doing it again starts it."""
    state = (await look(context.world, context.cluster)).server(context.step.server)
    return _is_new(context, state)


def cannot_start(standing: Standing) -> str | None:
    """A server that an interrupted restart has left down is started, unless another one has taken its place."""
    name = standing.step.server
    if standing.state.server(name).sql is not None:
        return standing.not_as_approved
    views = views_of(standing.cluster, standing.state)
    others = [view.name for view in views if view.runs_as_primary and view.name != name]
    if dict(standing.plan.facts)["role"] == Role.PRIMARY and others:
        return f"{others[0]} runs as a primary by now: {name} must not come back as another one."
    return None


async def _in_its_role(context: StepContext) -> ServerState:
    deadline = _deadline(context)
    wanted = dict(context.plan.facts)["role"]
    while True:
        state = (await look(context.world, context.cluster)).server(context.step.server)
        if _is_new(context, state):
            if state.role != wanted:
                raise StepFailed(f"{state.name} runs again, but as {state.role}, not as the {wanted}. Look at its log.")
            return state
        if asyncio.get_running_loop().time() > deadline:
            raise StepFailed(
                f"{state.name} was started and does not answer by SQL: {state.sql_answer.how}. Look at its log."
            )
        await asyncio.sleep(_PAUSE)


async def _followed(context: StepContext, replicas: Sequence[str]) -> None:
    """Until all that streamed before stream again."""
    deadline, missing = _deadline(context), list(replicas)
    while missing:
        streaming = (await engine_says(context.world.engine.in_use(server_of(context)))).replicas
        missing = [name for name in replicas if name not in streaming]
        if missing and asyncio.get_running_loop().time() > deadline:
            name = context.step.server
            raise StepFailed(
                f"{name} runs again as before, but {', '.join(missing)} does not stream from it. Look at its log."
            )
        if missing:
            await asyncio.sleep(_PAUSE)


def _is_new(context: StepContext, state: ServerState) -> bool:
    before = dict(context.plan.facts)["running since"]
    return state.sql is not None and state.sql.started_at.isoformat() != before


def _deadline(context: StepContext) -> float:
    return asyncio.get_running_loop().time() + context.step.timeout * (1 - _HURRY) / 3
