"""On a cluster that Patroni runs, an order is planned by Patroni's calls or not at all.

An order that knows nothing of Patroni is refused here, before anybody is asked to approve it; the engine would refuse
each of its steps as well.
"""

from collections.abc import Mapping

from commands.command import Meant, Misunderstood, Order
from commands.plan import Plan
from commands.promotion.patroni import BY
from commands.restoring.steps import ALONE
from commands.world import World
from servers.inventory import EngineKind
from servers.state import ClusterState

# Orders that change no PostgreSQL of Patroni's: a base backup only reads, and a drill restores beside and alone.
BESIDE = frozenset({"service", "sentinel", "backup", "drill"})

# What Patroni is asked instead: https://patroni.readthedocs.io/en/latest/patronictl.html
_INSTEAD: Mapping[str, str] = {
    "rejoin": "it brings members back by itself; one that it cannot, by POST /reinitialize: patronictl reinit",
    "standby": "POST /reinitialize: patronictl reinit",
    "restart": "POST /restart: patronictl restart",
    "reload": "POST /reload: patronictl reload",
    "fence": "it demotes by itself who holds the leader key no more. To name another leader: /ha promote",
    "replication": "it makes slots and settings by itself; others by PATCH /config: patronictl edit-config",
    "archive": "archive_command and archive_mode by PATCH /config: patronictl edit-config",
    "restore": "patronictl pause first, then as its documentation says. To look at that moment: restore --beside",
}


async def plan_for(order: Order, meant: Meant, state: ClusterState, world: World) -> Plan:
    """The order's plan for the world as it was seen. Raises Misunderstood, for what is not Patroni's as well."""
    plan = await order.plan(meant, state, world)
    if meant.cluster.engine is EngineKind.PATRONI and not _leaves_it_alone(order, plan):
        raise Misunderstood(refusal(order.name, meant.cluster.name))
    return plan


def _leaves_it_alone(order: Order, plan: Plan) -> bool:
    """By Patroni's own calls, or with steps that touch none of its servers."""
    untouched = order.name in BESIDE or all(step.action in ALONE for step in plan.steps)
    return untouched or BY in plan.facts


def refusal(order: str, cluster: str) -> str:
    """Why that is not done, and what does it."""
    instead = _INSTEAD.get(order, "its own calls: patronictl --help")
    return f"Patroni runs {cluster}: {order} is not done behind its back. What does it there: {instead}"
