"""`/ha service restart [cluster] NAME`: a service beside PostgreSQL restarted, and its health verified afterwards."""

from collections.abc import Mapping, Sequence

from commands.command import Action, Meant, Misunderstood, StepContext, StepFailed, StepOutcome
from commands.parse import COMMAND, echo, nearest
from commands.plan import Check, Conclusion, Loss, Plan, Step
from commands.promotion.pair import failed, passed, warned
from commands.world import World
from servers.engines.engine import ActionFailed
from servers.inventory import Cluster
from servers.managed_service import ManagedService, ServiceSeen
from servers.state import ClusterState

RESTART = "restart"
RESTART_TIMEOUT = 120.0
_LONGEST_LOG = 400


class Service:
    """The order to restart a service."""

    name = "service"
    usage = "service restart [cluster] NAME"
    summary = "Restart a service of the settings (systemd or Docker Compose), and verify its health afterwards"
    right = "service"

    def resolve(self, arguments: Sequence[str], world: World) -> Meant:
        """The cluster may be left out where one service only has that name."""
        if not arguments or arguments[0] != RESTART:
            raise Misunderstood(f"A service can be restarted. Type: {COMMAND} {self.usage}")
        rest = list(arguments[1:])
        clusters = list(world.clusters.values())
        if len(rest) == 2 and rest[0] in world.clusters:
            clusters = [world.clusters[rest.pop(0)]]
        if len(rest) != 1:
            raise Misunderstood(f"Which service? There are {_names(clusters)}. Type: {COMMAND} {self.usage}")
        homes = [one for one in clusters if any(service.name == rest[0] for service in one.services)]
        if len(homes) > 1:
            raise Misunderstood(f"{rest[0]} is a service of {homes[0].name} and of {homes[1].name}: name the cluster.")
        if not homes:
            raise Misunderstood(_unknown(rest[0], clusters))
        return Meant(homes[0], words=(RESTART, rest[0]))

    async def plan(self, meant: Meant, state: ClusterState, world: World) -> Plan:
        service = _service(meant.cluster, meant.words[-1] if meant.words else "")
        try:
            seen, problem = await world.services.look(service), ""
            wrong = await world.services.unhealthy(service)
        except ActionFailed as error:
            seen, problem, wrong = None, str(error), None
        return plan_service(meant.cluster, state, service, seen, problem or wrong)

    def actions(self) -> Mapping[str, Action]:
        return {"restart service": Action(restart, is_restarted, repeatable=True)}

    def conclude(self, plan: Plan, found: Mapping[str, str]) -> Conclusion:
        return Conclusion(f"{plan.target} was restarted and is healthy.", (("State", found.get("state", "not known")),))


def plan_service(
    cluster: Cluster, state: ClusterState, service: ManagedService, seen: ServiceSeen | None, problem: str | None
) -> Plan:
    """Pure. `problem`: why it was not seen, or what of its health does not pass now."""
    sql = next((server.sql for server in state.servers if server.sql), None)
    return Plan(
        kind="service restart",
        cluster=cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=None,
        target=service.name,
        steps=(_step(service),),
        checks=_checks(service, seen, problem),
        outage_seconds=None,
        loss=Loss(0, 0.0, "PostgreSQL is not touched. What goes through this service is cut off for a moment."),
        facts=(("service", service.known_as), ("running since", seen.since if seen else "not known")),
        consequence=f"{service.name} will be restarted",
        dangerous=False,
    )


def _step(service: ManagedService) -> Step:
    checks = (
        f"port {service.port} takes connections" if service.port else "",
        f"{service.url} answers" if service.url else "",
    )
    proof = ", ".join(("it runs since later than now", *filter(None, checks)))
    timeout = RESTART_TIMEOUT + service.ready_within
    return Step("restart service", service.name, f"Restart {service.name}", f"{service.known_as}.", proof, timeout)


def _checks(service: ManagedService, seen: ServiceSeen | None, problem: str | None) -> tuple[Check, ...]:
    known = f"{service.place} knows {service.name}"
    if seen is None:
        return (failed("service", known, problem or "it was not seen"),)
    health = f"{service.name} is healthy now"
    if not seen.running or problem:
        return (passed("service", known, seen.state), warned("health", health, problem or f"it is {seen.state}"))
    return (passed("service", known, service.known_as), passed("health", health, seen.state))


async def restart(context: StepContext) -> StepOutcome:
    """Until it is healthy; its last words where it is not."""
    service, hands = _service(context.cluster, context.plan.target), context.world.services
    try:
        completed = await hands.restart(service, timeout=RESTART_TIMEOUT)
        context.say(f"{service.name} was told to restart. Waiting until it is healthy")
        state = await hands.wait_healthy(service, _before(context))
    except ActionFailed as error:
        log = await hands.log(service)
        message = f"{error}. Last lines of its log: {_last(log)}"
        raise StepFailed(message, exit_status=error.exit_status, output=log) from error
    return StepOutcome(f"{service.name} is {state}", completed.exit_status, completed.output, {"state": state})


async def is_restarted(context: StepContext) -> bool:
    """It runs, since later than when this was approved."""
    service, hands = _service(context.cluster, context.plan.target), context.world.services
    try:
        seen = await hands.look(service)
        return seen.running and seen.since != _before(context) and await hands.unhealthy(service) is None
    except ActionFailed as error:
        raise StepFailed(str(error)) from error


def _before(context: StepContext) -> str:
    return dict(context.plan.facts)["running since"]


def _service(cluster: Cluster, name: str) -> ManagedService:
    """Raises Misunderstood: the name may come from a form."""
    found = next((service for service in cluster.services if service.name == name), None)
    if found is None:
        raise Misunderstood(_unknown(name, [cluster]))
    return found


def _unknown(name: str, clusters: Sequence[Cluster]) -> str:
    known = [service.name for cluster in clusters for service in cluster.services]
    near = nearest(name, known)
    mend = f"Did you mean “{near}”?" if near else f"Known: {_names(clusters)}."
    return f"“{echo(name)}” is no service. {mend} Type: {COMMAND} {Service.usage}"


def _names(clusters: Sequence[Cluster]) -> str:
    names = [service.name for cluster in clusters for service in cluster.services]
    return ", ".join(names[:8]) or "none: add [clusters.NAME.services.NAME] to the settings"


def _last(log: str) -> str:
    """The end of a log on one line; the end is what tells."""
    line = " / ".join(each.strip() for each in log.splitlines() if each.strip())
    return f"…{line[-_LONGEST_LOG:]}" if len(line) > _LONGEST_LOG else line or "none"
