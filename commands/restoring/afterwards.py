"""The code behind the steps that make a cluster whole again once it was recovered from the store and opened."""

import asyncio
from collections.abc import Mapping

from commands.acting import engine_says, server_of, time_of, untold
from commands.backing_up.following import Cancelled, followed, job_failure
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.looking import look
from commands.rejoining.progress import progress_line
from commands.restoring.acting import key_of
from commands.restoring.in_place_actions import nobody_else_writes
from servers.backups.native.archive_command import archive_command
from servers.backups.wanted import BackupKind, BackupWanted
from servers.engines.engine import ActionFailed, StopMode
from servers.engines.rejoining import JobState
from servers.state import Archiver

BACKED_UP = "backed_up"
_TRIES, _PAUSE = 20, 0.5  # of a look whether WAL arrives; the history file of the new timeline is the first


async def archive_again(context: StepContext) -> StepOutcome:
    """Its own settings first: they came with the backup, and need only the script on this host."""
    here, engine, place = server_of(context), context.world.engine, context.cluster.backups
    archiver = await _archives(context, until_it_fails=True)
    if archiver is not None and _works(archiver):
        return StepOutcome(f"{here.name} archives: {archiver.last_archived_wal} is there.")
    if place is None:
        raise StepFailed(f"The settings have no backups of {context.cluster.name} any more.")
    try:
        await context.world.archiving.install(here, place.archive_script)
        changes = {"archive_mode": "on", "archive_command": archive_command(place, None, place.archive_script)}
        await engine.change_settings(here, changes, timeout=time_of(context))
    except (ActionFailed, ValueError) as failed:
        raise StepFailed(f"{failed}. Set archiving up by hand: understudy archive command") from failed
    if archiver is None or archiver.mode == "off":
        context.say(f"{here.name} is restarted: archive_mode takes that")
        await engine_says(engine.stop(here, StopMode.FAST, timeout=time_of(context)))
        await engine_says(engine.start(here, timeout=time_of(context)))
    archiver = await _archives(context)
    if archiver is None or not _works(archiver):
        failed_at = f": {archiver.last_failed_wal} failed, PostgreSQL's log says why" if archiver else ""
        raise StepFailed(f"No WAL reaches the archive of {here.name} yet{failed_at}")
    return StepOutcome(f"{here.name} archives by {place.archive_script}.")


async def back_up_again(context: StepContext) -> StepOutcome:
    tool, here = context.world.backup_tool(context.cluster), server_of(context)
    wanted = BackupWanted(here, BackupKind.FULL)
    place = await engine_says(tool.begin_backup(context.cluster, wanted, key_of(context), timeout=25.0))
    try:
        report = await followed(context, tool, place)
    except Cancelled as cancelled:
        return StepOutcome(str(cancelled))
    if report.state is not JobState.DONE:
        raise job_failure(f"The backup on {place.server.name}", report, f"What it made so far is left at {place.path}")
    return StepOutcome(progress_line(report), 0, report.log, {BACKED_UP: place.path})


ACTIONS: Mapping[str, Action] = {
    "archive_again": Action(archive_again, untold, optional=True, repeatable=True, obstacle=nobody_else_writes),
    "back_up_again": Action(
        back_up_again, untold, optional=True, repeatable=True, lasting=True, obstacle=nobody_else_writes
    ),
}


async def _archives(context: StepContext, *, until_it_fails: bool = False) -> Archiver | None:
    """What the server says of its archive, once something arrived; at last as it is."""
    archiver: Archiver | None = None
    for _ in range(_TRIES):
        sql = (await look(context.world, context.cluster)).server(context.step.server).sql
        archiver = sql.archiver if sql else None
        if archiver is not None and (_works(archiver) or (until_it_fails and _is_broken(archiver))):
            return archiver
        await asyncio.sleep(_PAUSE)
    return archiver


def _is_broken(archiver: Archiver) -> bool:
    """PostgreSQL tries thrice at once: a second failure is no hiccup."""
    return archiver.mode == "off" or archiver.failed_count > 1


def _works(archiver: Archiver) -> bool:
    if archiver.mode == "off" or archiver.last_archived_age_seconds is None:
        return False
    failed = archiver.last_failed_age_seconds
    return failed is None or archiver.last_archived_age_seconds <= failed
