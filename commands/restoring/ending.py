"""Ends what a step of a restore has begun on a host, where the step itself is broken off: its job, or its instance.

What it has made stays, and is named: nothing is removed but by an order of its own.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from commands.command import Action, StepContext, StepOutcome
from commands.restoring.acting import PRIMARY, place_of
from commands.yielding import giving_way
from servers.backups.instances import Place
from servers.backups.wanted import BackupJob, JobPlace
from servers.engines.engine import ActionFailed

STOP_TIMEOUT = 15.0  # seconds


def yielding(action: Action, *, for_practice: bool = False) -> Action:
    """What may take hours gives way to a cancel, and to a failover if there was a primary when it was approved.

    Without one, a restore may be the way out; one `for_practice` is the last thing to wait for, and gives way as well.
    """

    async def run(context: StepContext) -> StepOutcome:
        if not for_practice and dict(context.plan.facts).get(PRIMARY, "none") == "none":
            return await action.run(context)
        return await giving_way(context, action.run(context), end_on_host)

    return replace(action, run=run, lasting=True)


async def end_on_host(context: StepContext) -> str:
    """In a few words, what was ended and what is left where. Never raises: that it may still run is said as well."""
    place = place_of(context)
    try:
        ended = await _ENDS[context.step.action](context, place)
    except ActionFailed as failed:
        ended = f"what runs on {place.server.name} could not be stopped and may still run ({failed})"
    drop = f"/ha restore drop {context.cluster.name} {place.operation}"
    return f"{ended}. What it made so far is left in {place.directory}; to remove it: {drop}"


async def _lay_out(context: StepContext, place: Place) -> str:
    job = JobPlace(BackupJob.RESTORE, place.server, place.directory, place.key)
    return await context.world.backup_tool(context.cluster).stop_job(context.cluster, job, timeout=STOP_TIMEOUT)


async def _compare(context: StepContext, place: Place) -> str:
    return await context.world.instances.stop_verify(place, timeout=STOP_TIMEOUT)


async def _instance(context: StepContext, place: Place) -> str:
    state = await context.world.instances.look(place)
    if not state.running:
        return f"nothing of it runs on {place.server.name}"
    await context.world.instances.stop(place)
    return f"the restored instance on {place.server.name} is stopped"


async def _copy_tables(context: StepContext, place: Place) -> str:
    ended = await context.world.instances.stop_tables(place, timeout=STOP_TIMEOUT)
    return f"{ended}, and a copy that was not complete leaves nothing in the live database"


_ENDS: Mapping[str, Callable[[StepContext, Place], Awaitable[str]]] = {
    "lay_out": _lay_out,
    "compare": _compare,
    "recover": _instance,
    "look": _instance,
    "prove_restored": _instance,
    "copy_tables": _copy_tables,
}
