"""Whether the world still is what people approved."""

import structlog

from commands.behind_patroni import plan_for
from commands.binding import bound
from commands.changes import what_changed
from commands.command import Meant, Misunderstood, Order
from commands.document import Document
from commands.world import World
from servers.inventory import Cluster
from servers.state import ClusterState

_log = structlog.get_logger(__name__)


async def not_as_approved(
    world: World, order: Order, document: Document, cluster: Cluster, state: ClusterState
) -> str | None:
    """Makes the plan anew; in a sentence what is different, or which check fails. None when it is what was approved.

    Never raises: a plan that cannot be made is not the one that was approved.
    """
    try:
        meant = Meant(cluster, document.server, document.words)
        plan = bound(await plan_for(order, meant, state, world), cluster, world)
    except Misunderstood as changed:
        return f"What was approved can no longer be done: {changed}"
    except Exception as error:
        _log.exception("a plan could not be made again", order=document.order)
        return f"The plan could not be made again: {type(error).__name__}."
    if plan.hash != document.plan.hash:
        changes = "; ".join(what_changed(document.plan.material(), plan.material()))
        return f"The servers are not as they were when this was approved: {changes}."
    if plan.failed_checks:
        failed = "; ".join(f"{check.title}: {check.evidence}" for check in plan.failed_checks)
        return f"A check fails now that did not before: {failed}."
    return None
