"""A plan for the world of this moment: looked at, planned, and checked for other orders in the way."""

from dataclasses import replace

from commands.command import Meant, Order
from commands.looking import look
from commands.orders import open_operation
from commands.plan import Check, CheckResult, Plan
from commands.world import World


async def make_plan(order: Order, meant: Meant, world: World) -> Plan:
    """Raises Misunderstood where there is nothing to do."""
    cluster = meant.cluster
    plan = await order.plan(meant, await look(world, cluster), world)
    standing = await world.ledger.read(lambda db: open_operation(db, cluster.name))
    if standing is None:
        check = Check("no_other_order", "No other order for this cluster", CheckResult.PASS, "none is open")
    else:
        evidence = f"operation {standing.id} ({standing.kind}) is {standing.state}; wait for its end, or cancel it"
        check = Check("no_other_order", "No other order for this cluster", CheckResult.FAIL, evidence)
    return replace(plan, checks=(*plan.checks, check))
