"""A plan for the world of this moment: looked at, planned, and checked for other orders in the way."""

from dataclasses import replace

from commands.behind_patroni import plan_for
from commands.binding import bound
from commands.command import Meant, Order
from commands.looking import look
from commands.orders import open_operation
from commands.parse import COMMAND
from commands.plan import Check, CheckResult, Plan
from commands.world import World
from ledger.maintenance import Maintenance, in_maintenance


async def make_plan(order: Order, meant: Meant, world: World) -> Plan:
    """Raises Misunderstood where there is nothing to do."""
    cluster = meant.cluster
    plan = bound(await plan_for(order, meant, await look(world, cluster), world), cluster, world)
    standing, at_work = await world.ledger.read(
        lambda db: (open_operation(db, cluster.name), in_maintenance(db, cluster.name, world.now()))
    )
    if standing is None:
        check = Check("no_other_order", "No other order for this cluster", CheckResult.PASS, "none is open")
    else:
        how = f"wait for its end, or cancel it: {COMMAND} cancel {standing.id}"
        evidence = f"operation {standing.id} ({standing.kind}) is {standing.state}; {how}"
        check = Check("no_other_order", "No other order for this cluster", CheckResult.FAIL, evidence)
    return replace(plan, checks=(*plan.checks, check, _maintenance_check(at_work)))


def _maintenance_check(at_work: Maintenance | None) -> Check:
    """Only a warning: the order may be what the maintenance is for, and an emergency does not wait. Who is at work, and
    why, is said to everybody who approves."""
    title = "Not in maintenance"
    if at_work is None:
        return Check("not_in_maintenance", title, CheckResult.PASS, "nobody has declared any")
    evidence = f"{at_work.by.name} is at work since {at_work.since:%H:%M} UTC ({at_work.reason}): ask them first"
    return Check("not_in_maintenance", title, CheckResult.WARN, evidence)
