"""The code behind the steps that only a recovery from the store has: what it needs comes back, and goes where nothing
is."""

import time
from collections.abc import Mapping
from functools import partial

from commands.acting import engine_says, server_of, untold
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.restoring.acting import BACKUP, place_of, served, target_of
from commands.restoring.bringing import Bringing
from commands.restoring.in_place_actions import is_swapped, nobody_else_writes, stop
from ledger.quantities import count_text
from servers.engines.engine import ActionFailed


async def bring_backup(context: StepContext) -> StepOutcome:
    """It is decrypted for a test there, so that a key that is missing is told before hours are spent on WAL."""
    world, cluster, here, name = context.world, context.cluster, server_of(context), dict(context.plan.facts)[BACKUP]
    tell = Bringing(name, context.say, time.monotonic).tell
    await engine_says(world.from_store.bring_backup(cluster, here, name, tell))
    why = await world.backup_tool(cluster).decrypts(cluster, here, name)
    if why is not None:
        raise StepFailed(
            f"{name} is on {here.name}, and cannot be decrypted there: {why}. Bring the key, then ask again."
        )
    return StepOutcome(f"{name} is on {here.name}, every file as it was copied.", 0)


async def bring_wal(context: StepContext) -> StepOutcome:
    world, cluster, here, name = context.world, context.cluster, server_of(context), dict(context.plan.facts)[BACKUP]
    listed = await world.backup_tool(cluster).list(cluster)
    backup = next((one for one in listed.backups if one.name == name), None)
    if backup is None or backup.start_lsn is None:
        raise StepFailed(f"{name} is not listed on {here.name}: {backup.problem if backup else listed.answer.how}")
    tell = partial(_tell, context)
    files = await engine_says(world.from_store.bring_wal(cluster, here, backup.start_lsn, tell))
    # What cannot be reached is told before anything is laid out.
    serving, _ = await served(context)
    replayed = count_text(serving.segment_count, "segment")
    return StepOutcome(f"{count_text(files, 'file')} of WAL are on {here.name}; {replayed} to replay.", 0)


async def put(context: StepContext) -> StepOutcome:
    place, world = place_of(context), context.world
    if not await is_swapped(context):
        await engine_says(world.instances.stop(place))
    try:
        command = world.backup_tool(context.cluster).restore_command(context.cluster, place.server)
    except ActionFailed as failed:
        raise StepFailed(str(failed)) from failed
    await engine_says(world.in_place.put(place, target_of(context), command))
    return StepOutcome(f"It is {place.server.service.data_directory} now.", 0)


async def put_back(context: StepContext) -> StepOutcome:
    place = place_of(context)
    if (state := await engine_says(context.world.in_place.state(place))).swapped and state.running:
        await stop(context)
    await engine_says(context.world.in_place.put_back(place))
    return StepOutcome(f"It is {place.directory} again.", 0)


ACTIONS: Mapping[str, Action] = {
    "bring_backup": Action(bring_backup, untold, repeatable=True, lasting=True, obstacle=nobody_else_writes),
    "bring_wal": Action(bring_wal, untold, repeatable=True, lasting=True, obstacle=nobody_else_writes),
    "put": Action(put, is_swapped, undo=put_back, repeatable=True, obstacle=nobody_else_writes),
}


def _tell(context: StepContext, done: int, total: int) -> None:
    context.say(f"WAL: {done} of {count_text(total, 'file')}")
