"""The code behind the steps that make a recovered instance, look into it, and drop it."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlite_utils import Database

from commands.acting import engine_says, server_of, time_of
from commands.command import Action, StepContext, StepFailed, StepOutcome
from commands.rejoining.progress import progress_line as job_line
from commands.restoring import rates, recovering
from commands.restoring.acting import place_of, served, target_of, watched
from commands.restoring.cards import show_instance
from commands.restoring.recovering import Stage, judge_recovery
from commands.restoring.seen import sizes_will_do
from commands.restoring.words import Way
from commands.yielding import to_its_end
from ledger.instances import RestoredInstance, find_instance, instance_is_gone, note_instance
from servers.backups.archive import ArchiveState, parse_segment_name
from servers.backups.instances import InstanceState, InstanceWanted, Place
from servers.backups.live_facts import LiveFacts
from servers.backups.recovery import target_text
from servers.backups.serving import Serving
from servers.backups.target import Target
from servers.backups.wanted import BackupJob, JobPlace, RestoreWanted
from servers.engines.engine import ActionFailed
from servers.engines.job_pauses import BREATH, patience_after
from servers.engines.rejoining import JobReport, JobState
from servers.lsn import format_lsn

ARCHIVE_PAUSE = 0.5  # seconds between two looks for a segment
KEPT = timedelta(hours=4)  # how long an instance is kept before somebody is reminded of it
STARTING = 5.0  # seconds until a postmaster that was started has its pid file
QUIET = 2.0  # seconds without a change until the archive is looked at again
STILL = 30.0  # seconds without a change until nothing more is expected

# What the report needs, by name.
DIRECTORY, PORT, SOCKETS, LSN, LAST_AT, REACHED_AT = (
    "directory",
    "port",
    "sockets",
    "lsn",
    "last_transaction",
    "recovered",
)
DATABASES, SINCE, OPERATION = "databases", "transactions_since", "operation"

_LOOK = """
SELECT pg_snapshot_xmax(pg_current_snapshot()), current_setting('transaction_read_only'), pg_is_in_recovery(),
       (SELECT system_identifier FROM pg_control_system()),
       (SELECT string_agg(datname, ', ' ORDER BY datname) FROM pg_database WHERE datallowconn AND NOT datistemplate)
"""


async def archive_now(context: StepContext) -> StepOutcome:
    """Without it the last minutes would be in no archive: a segment is archived once it is full."""
    world, cluster, loop = context.world, context.cluster, asyncio.get_running_loop()
    until = loop.time() + time_of(context)
    name = await engine_says(world.engine.switch_wal(server_of(context)))
    while True:
        archive = await world.backup_tool(cluster).archive(cluster)
        if archive.answer.ok and archive.has(*parse_segment_name(name, archive.segment_size)):
            return StepOutcome(f"{name} is in the archive.")
        if loop.time() >= until:
            seen = (
                "it is not in the archive" if archive.answer.ok else f"the archive is not known: {archive.answer.how}"
            )
            raise StepFailed(
                f"{name} was finished, and {seen}. Look at pg_stat_archiver and the log of {context.step.server}. "
                "Nothing was restored"
            )
        context.say(f"{name} is not in the archive yet")
        await asyncio.sleep(ARCHIVE_PAUSE)


async def lay_out(context: StepContext) -> StepOutcome:
    """The base backup, in a directory of its own that the ledger knows of before it is there."""
    place, world, cluster = place_of(context), context.world, context.cluster
    serving, _ = await served(context)
    live = await _live(context)
    wanted = RestoreWanted(
        serving.backup.name,
        place.server,
        place.directory,
        serving.backup.repository,
        tuple(
            (was, f"{place.directory}.tablespaces/{number}")
            for number, was in enumerate(live.tablespaces if live else ())
        ),
    )
    now = world.now()
    instance = RestoredInstance(
        context.operation, cluster.name, place.server.name, place.directory, place.key,
        target_text(target_of(context)), now, now + KEPT,
    )  # fmt: skip
    await world.ledger.write(lambda db: note_instance(db, instance))
    tool = world.backup_tool(cluster)
    job = await engine_says(to_its_end(tool.begin_restore(cluster, wanted, place.key)))
    report = await _followed(context, job)
    if report.state is not JobState.DONE:
        left = f"What is there so far: {_how_to_drop(context, place)}"
        message = (
            f"{serving.backup.name} could not be laid out: {_last_line(report)}. The live cluster was not touched. "
        )
        raise StepFailed(message + left, exit_status=1, output=report.log)
    size = report.total or report.copied or serving.backup.size
    found = {
        OPERATION: context.operation,
        DIRECTORY: place.directory,
        rates.LAID_OUT_BYTES: str(size),
        rates.LAID_OUT_SECONDS: f"{report.seconds:.1f}",
    }
    return StepOutcome(f"{serving.backup.name} is in {place.directory}. {job_line(report)}", 0, report.log, found)


async def is_laid_out(context: StepContext) -> bool:
    place = place_of(context)
    if (await engine_says(context.world.instances.look(place))).key == place.key:
        return True
    job = JobPlace(BackupJob.RESTORE, place.server, place.directory, place.key)
    report = await engine_says(context.world.backup_tool(context.cluster).job(context.cluster, job))
    return report.key == place.key and report.state is JobState.DONE


async def compare(context: StepContext) -> StepOutcome:
    """A truncated or altered file is found before anything is started on it."""
    place, instances = place_of(context), context.world.instances
    serving, _ = await served(context)
    sizes = sizes_will_do(serving.chain, dict(context.plan.facts)["how"], context.world.now())
    report = await engine_says(to_its_end(instances.begin_verify(place, sizes=sizes)))
    report = await watched(context, report, lambda patience: instances.verified(place, patience=patience))
    if report.state is not JobState.DONE:
        message = f"What was laid out is not what {serving.backup.name} should be: {_last_line(report)}. "
        left = f"The live cluster was not touched. What is there: {_how_to_drop(context, place)}"
        raise StepFailed(message + left, exit_status=1, output=report.log)
    return StepOutcome(report.log.splitlines()[-1] if report.log else "It agrees.", 0, report.log)


async def is_compared(context: StepContext) -> bool:
    place = place_of(context)
    report = await engine_says(context.world.instances.verified(place))
    return report.key == place.key and report.state is JobState.DONE


async def recover(context: StepContext) -> StepOutcome:
    place, target, instances = place_of(context), target_of(context), context.world.instances
    serving, archive = await served(context)
    begun = context.world.now()
    command = await _restore_command(context)
    live = await _live(context)
    wanted = InstanceWanted(target, command, floors=live.limits if live else (), preload=live.preload if live else ())
    await engine_says(instances.configure(place, wanted))
    await engine_says(to_its_end(instances.start(place)))
    try:
        state = await _recovered(context, place, target, serving, archive)
    except StepFailed as failed:
        raise StepFailed(f"{failed}. {await _stopped(context, place)}", exit_status=1, output=failed.output) from failed
    seconds = (context.world.now() - begun).total_seconds()
    found = {
        DIRECTORY: place.directory,
        PORT: str(state.port or ""),
        SOCKETS: state.sockets,
        LSN: format_lsn(state.lsn) if state.lsn is not None else "",
        LAST_AT: state.replayed_at.isoformat() if state.replayed_at else "",
        REACHED_AT: target_text(target),
        rates.REPLAYED_BYTES: str(serving.segment_count * archive.segment_size),
        rates.REPLAYED_SECONDS: f"{seconds:.1f}",
    }
    where = f"it has replayed up to {found[LSN]}"
    last = f", the last transaction at {state.replayed_at:%Y-%m-%d %H:%M:%S} UTC" if state.replayed_at else ""
    return StepOutcome(f"Recovered to {target_text(target)}: {where}{last}.", 0, state.log[-2000:], found)


async def is_recovered(context: StepContext) -> bool:
    """What was seen at its target once is recovered, whatever later steps have done with it."""
    if context.found.get(LSN):
        return True
    place = place_of(context)
    state = await engine_says(context.world.instances.look(place))
    return state.key == place.key and state.answers and state.paused


async def look(context: StepContext) -> StepOutcome:
    """It must answer, take no writes, and be this cluster's: a directory of backups may have another one's as well."""
    place = place_of(context)
    answer = await engine_says(context.world.instances.ask(place, _LOOK, timeout=time_of(context)))
    xmax, read_only, in_recovery, system, names = (*answer.strip().split("|", 4), "", "", "", "", "")[:5]
    if read_only != "on" or in_recovery != "t":
        raise StepFailed("The restored instance would take writes. Drop it, and look at its log.", output=answer)
    wanted = context.plan.system_identifier
    if wanted and system != wanted:
        message = f"The backup is of another database system ({system}, and not {wanted}): do not use it, and drop it."
        raise StepFailed(message, output=answer)
    live = await _live(context)
    since = str(max(live.next_xid - int(xmax), 0)) if live is not None and xmax.isdigit() else ""
    await _show(context)
    counted = f" The cluster has begun about {since} transactions since." if since else ""
    return StepOutcome(f"It answers, read-only: {names}.{counted}", 0, answer, {DATABASES: names, SINCE: since})


async def drop(context: StepContext) -> StepOutcome:
    """The one that the plan names, and no other."""
    place = await noted_place(context)
    instances = context.world.instances
    await _refuse_while_laid_out(context, place)
    state = await engine_says(instances.look(place))
    if state.running:
        await engine_says(instances.stop(place))
    there = await engine_says(instances.drop(place, timeout=time_of(context)))
    at = context.world.now()
    channel = context.cluster.channel
    await context.world.ledger.write(lambda db: _gone(db, place.operation, channel, at))
    return StepOutcome(f"{place.directory} {'is removed' if there else 'was gone already'}.", 0)


async def is_dropped(context: StepContext) -> bool:
    place = await noted_place(context)
    return not (await engine_says(context.world.instances.look(place))).there


ACTIONS: Mapping[str, Action] = {
    "archive_now": Action(archive_now, lambda context: _never(), repeatable=True, obstacle=lambda standing: None),
    "lay_out": Action(lay_out, is_laid_out, repeatable=True, obstacle=lambda standing: None),
    "compare": Action(compare, is_compared, repeatable=True, obstacle=lambda standing: None),
    "recover": Action(recover, is_recovered, repeatable=True, obstacle=lambda standing: None),
    "look": Action(look, lambda context: _never(), repeatable=True, obstacle=lambda standing: None),
    "drop": Action(drop, is_dropped, repeatable=True, obstacle=lambda standing: None),
}

DROPPED = "operation"  # the fact of a plan that drops: whose instance


async def _show(context: StepContext) -> None:
    """Its own message, which says what can be done with it. One that does not stay needs none."""
    if context.plan.kind != "restore" or dict(context.plan.facts)["how"] in (Way.IN_PLACE, Way.STANDBY):
        return
    channel, at = context.cluster.channel, context.world.now()
    await context.world.ledger.write(lambda db: _shown(db, context.operation, channel, at))


def _shown(db: Database, operation: str, channel: str, at: datetime) -> None:
    one = find_instance(db, operation)
    if one is not None:
        show_instance(db, one, channel, at)


def _gone(db: Database, operation: str, channel: str, at: datetime) -> None:
    instance_is_gone(db, operation, at)
    _shown(db, operation, channel, at)


async def _never() -> None:
    return None


async def _recovered(
    context: StepContext, place: Place, target: Target, serving: Serving, archive: ArchiveState
) -> InstanceState:
    """Watches it until it stands at its target. Raises StepFailed where it never will."""
    loop = asyncio.get_running_loop()
    began = moved_at = loop.time()
    seen, waits, ran = ("", "", ""), False, False
    while True:
        state = await _looked(context, place, patience_after(loop.time() - began) if ran else 0.0)
        ran = ran or (state is not None and state.running)
        starting = not ran and loop.time() - began < STARTING
        if state is not None and not starting:
            now = (state.reads or state.waits_for, str(state.lsn), str(state.running))
            if now != seen:
                seen, moved_at, waits = now, loop.time(), False
            elif not waits and loop.time() - moved_at > QUIET:
                archive, waits = await context.world.backup_tool(context.cluster).archive(context.cluster), True
            still = loop.time() - moved_at > STILL
            judged = judge_recovery(state, target, archive, serving, waits=waits, stands_still=still)
            if judged.stage is Stage.REACHED:
                return state
            if judged.stage is Stage.FAILED:
                raise StepFailed(f"Recovery to {target_text(target)} failed: {judged.why}", output=state.log)
            if judged.stage is Stage.AT_THE_END:
                await engine_says(context.world.instances.pause(place))
                return await engine_says(context.world.instances.look(place))
            context.say(recovering.progress_line(state, serving, archive, loop.time() - began))
        await asyncio.sleep(BREATH)


async def _looked(context: StepContext, place: Place, patience: float) -> InstanceState | None:
    try:
        return await context.world.instances.look(place, patience=patience)
    except ActionFailed as failed:
        context.say(f"It goes on by itself; how far it is cannot be seen now: {failed}")
        return None


async def _stopped(context: StepContext, place: Place) -> str:
    """A recovery that failed is not left running; what to say of it."""
    drop_it = (
        f"What is there: {place.directory}. To remove it: /ha restore drop {context.cluster.name} {place.operation}"
    )
    try:
        await context.world.instances.stop(place)
    except ActionFailed as failed:
        return f"It could not be stopped: {failed}. The live cluster was not touched. {drop_it}"
    return f"It is stopped, and the live cluster was not touched. {drop_it}"


def _how_to_drop(context: StepContext, place: Place) -> str:
    return f"{place.directory}. To remove it: /ha restore drop {context.cluster.name} {place.operation}"


async def _followed(context: StepContext, job: JobPlace) -> JobReport:
    tool = context.world.backup_tool(context.cluster)
    report = await engine_says(tool.job(context.cluster, job))
    return await watched(context, report, lambda patience: tool.job(context.cluster, job, patience=patience))


async def _restore_command(context: StepContext) -> str:
    try:
        return context.world.backup_tool(context.cluster).restore_command(context.cluster, server_of(context))
    except ActionFailed as failed:
        raise StepFailed(str(failed)) from failed


async def _live(context: StepContext) -> LiveFacts | None:
    """The cluster as it is now, as the first server tells that runs."""
    for server in context.cluster.servers:
        try:
            return await context.world.instances.live(server)
        except ActionFailed:
            continue
    return None


async def _refuse_while_laid_out(context: StepContext, place: Place) -> None:
    """A tool's job may run on another host than the one that it writes to, which cannot see it. Raises StepFailed."""
    job = JobPlace(BackupJob.RESTORE, place.server, place.directory, place.key)
    report = await engine_says(context.world.backup_tool(context.cluster).job(context.cluster, job))
    if report.state is JobState.RUNNING and report.key == place.key:
        raise StepFailed(
            f"The base backup of operation {place.operation} is still being laid out in {place.directory}. End that "
            f"first: /ha cancel {place.operation}"
        )


async def noted_place(context: StepContext) -> Place:
    """Of the earlier order that the plan names. Raises StepFailed."""
    operation = dict(context.plan.facts)[DROPPED]
    one = await context.world.ledger.read(lambda db: find_instance(db, operation))
    if one is None:
        raise StepFailed(f"Nothing is known of an instance of operation {operation}.")
    return Place(context.cluster.server(one.server), one.directory, one.key, one.operation)


def _last_line(report: JobReport) -> str:
    if report.state is JobState.GONE:
        return "it broke off, as if its host had been restarted"
    lines = report.log.splitlines()
    return next(
        (line for line in reversed(lines) if "understudy" in line or "error" in line), lines[-1] if lines else ""
    )
