"""The plan by which a standby is taken away."""

from commands.plan import Check, Loss, Plan, Step
from commands.promotion.checks import answers_sql, answers_ssh
from commands.promotion.pair import failed, judged, passed, warned
from commands.rejoining import steps
from servers.inventory import Cluster
from servers.state import ClusterState, Role, ServerState

REMOVAL = "standby remove"


def plan_removal(cluster: Cluster, state: ClusterState, server: str, upstream: str) -> Plan:
    """Pure. What is dropped is named, and part of what is approved."""
    here, primary = state.server(server), state.server(upstream)
    sql, name = primary.sql, cluster.server(server).slot
    slot = name if sql is not None and any(one.name == name for one in sql.slots) else None
    others = [one.name for one in cluster.servers if one.name not in (server, upstream)]
    return Plan(
        kind=REMOVAL,
        cluster=cluster.name,
        system_identifier=sql.system_identifier if sql else "",
        timeline=sql.timeline if sql else 0,
        source=None,
        target=server,
        steps=_steps(here, upstream, slot),
        checks=(
            answers_sql(primary),
            answers_ssh(here),
            _is_no_primary(here),
            _nobody_waits(primary, server, name),
            _others_remain(state, others, upstream),
        ),
        outage_seconds=0.0,
        loss=Loss(0, 0.0, f"{upstream} is not touched, and the data directory of {server} stays as it is."),
        facts=(("follows", upstream), *((("slot dropped", slot),) if slot else ())),
        consequence=f"{server} will be stopped, and {upstream} keeps no more WAL for it",
    )


def _steps(here: ServerState, upstream: str, slot: str | None) -> tuple[Step, ...]:
    return (
        steps.stop_for_good(here.name),
        *((steps.drop_slot(here.name, upstream, slot),) if slot else ()),
    )


def _is_no_primary(here: ServerState) -> Check:
    title = f"{here.name} is no primary"
    runs = here.host is not None and here.host.postmaster_pid is not None
    state = here.host.control.state if here.host is not None and here.host.control is not None else "not known"
    if here.role is Role.STANDBY:
        return passed("standby", title, "it says that it is a standby")
    if here.role is Role.PRIMARY or (runs and state == "in production"):
        return failed("standby", title, f"it runs as a primary. Fence or rejoin it: /ha rejoin {here.name}")
    return passed("standby", title, f"PostgreSQL {'runs' if runs else 'does not run'} there, pg_controldata: {state}")


def _nobody_waits(primary: ServerState, server: str, slot: str | None) -> Check:
    """Commits on the primary would wait for a synchronous standby that is gone."""
    title = f"No commit waits for {server}"
    names = primary.sql.synchronous_standby_names if primary.sql else ""
    waits = "*" in names or any(name and name in names for name in (server, slot))
    evidence = f"synchronous_standby_names is “{names}”"
    mend = f"Take {server} out of it on {primary.name} first"
    return judged("synchronous", title, not waits, evidence, mend)


def _others_remain(state: ClusterState, others: list[str], upstream: str) -> Check:
    title = "Another standby remains"
    alive = [name for name in others if state.server(name).role is Role.STANDBY]
    if alive:
        return passed("others", title, ", ".join(alive))
    return warned("others", title, f"none: until one is added, nobody can take over from {upstream}")
