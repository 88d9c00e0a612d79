"""The code behind the steps of restoring a volume. Whatever fails puts the old files back, and starts the service."""

from collections.abc import Mapping
from datetime import datetime

from commands.acting import engine_says, time_of
from commands.backing_up.following import Cancelled, followed, job_failure
from commands.command import Action, Misunderstood, Standing, StepContext, StepFailed, StepOutcome
from commands.parse import echo
from commands.partial.plans import NAME
from commands.partial.restore_plan import BACKUP, VolumeToRestore, plan_volume_restore
from commands.partial.words import part_of
from commands.plan import Conclusion, Plan
from commands.world import World
from ledger.quantities import seconds_text
from servers.backups.partial.place import PartKind, VolumePlace
from servers.backups.partial.state import PartialBackup
from servers.backups.partial.volumes import LaidOut
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobState
from servers.inventory import Cluster
from servers.managed_service import ManagedService
from servers.state import ClusterState

ASIDE, SINCE, STOPPED_AT, STARTED_AT = "volume_aside", "service_since", "service_stopped_at", "service_started_at"
LIST_SECONDS = 10.0


async def plan_restore_of_volume(cluster: Cluster, name: str, backup: str, state: ClusterState, world: World) -> Plan:
    """`backup` '': the newest complete one. Raises Misunderstood where there is none of that name."""
    volume = _volume(cluster, name)
    seen = await world.partial.seen(cluster, volume, timeout=LIST_SECONDS)
    meant = next((one for one in seen.backups if one.name.casefold() == backup), None) if backup else seen.newest
    if meant is None:
        raise Misunderstood(_missing(cluster, volume, backup, [one.name for one in seen.backups], seen.answer.how))
    return plan_volume_restore(await _to_restore(world, cluster, volume, meant, state))


async def _to_restore(
    world: World, cluster: Cluster, volume: VolumePlace, backup: PartialBackup, state: ClusterState
) -> VolumeToRestore:
    service = _service_of(cluster, volume)
    facts, problem, service_seen, service_problem = None, "", None, ""
    try:
        facts = await world.volumes.look(volume)
    except ActionFailed as failed:
        problem = str(failed)
    try:
        service_seen = await world.services.look(service) if service else None
    except ActionFailed as failed:
        service_problem = str(failed)
    return VolumeToRestore(
        cluster,
        state,
        volume,
        backup,
        world.now(),
        facts,
        problem,
        await world.partial.decrypts(cluster, volume, backup),
        service,
        service_seen,
        service_problem,
    )


async def lay_out(context: StepContext) -> StepOutcome:
    world, wanted = context.world, _laid_out(context)
    seen = await world.partial.seen(context.cluster, wanted.volume, timeout=LIST_SECONDS)
    backup = next((one for one in seen.backups if one.name == wanted.backup), None)
    if backup is None:
        raise StepFailed(f"{wanted.backup} is not there any more. Nothing was touched.")
    place = await engine_says(world.volumes.begin_lay_out(wanted, backup))
    try:
        report = await followed(context, world.partial, place)
    except Cancelled as cancelled:
        return StepOutcome(str(cancelled))
    if report.state is not JobState.DONE:
        raise job_failure(f"Laying out {wanted.backup}", report, "The files in use were not touched")
    return StepOutcome(f"It is laid out, in {seconds_text(report.seconds)}.", 0, report.log)


async def is_laid_out(context: StepContext) -> bool:
    place = _laid_out(context).job
    report = await engine_says(context.world.partial.job(context.cluster, place))
    return report.key == place.key and report.state is JobState.DONE


async def stop(context: StepContext) -> StepOutcome:
    service, hands = _service(context), context.world.services
    before = await engine_says(hands.look(service))
    at = context.world.now().isoformat()
    completed = await engine_says(hands.stop(service, timeout=time_of(context)))
    seen = await engine_says(hands.look(service))
    if seen.running:
        raise StepFailed(f"{service.name} was told to stop, and is still {seen.state}")
    found = {SINCE: before.since, STOPPED_AT: at}
    return StepOutcome(f"{service.name} is {seen.state}.", completed.exit_status, completed.output, found)


async def is_stopped(context: StepContext) -> bool:
    return not (await engine_says(context.world.services.look(_service(context)))).running


async def start(context: StepContext) -> StepOutcome:
    """Until it is healthy; its last words where it is not."""
    service, hands = _service(context), context.world.services
    try:
        completed = await hands.start(service, timeout=time_of(context))
        context.say(f"{service.name} was started. Waiting until it is healthy")
        state = await hands.wait_healthy(service, context.found.get(SINCE, ""))
    except ActionFailed as error:
        log = await hands.log(service)
        raise StepFailed(f"{error}. Its log is in the audit log", exit_status=error.exit_status, output=log) from error
    at = context.world.now().isoformat()
    return StepOutcome(f"{service.name} is {state}.", completed.exit_status, completed.output, {STARTED_AT: at})


async def is_started(context: StepContext) -> bool:
    service, hands = _service(context), context.world.services
    seen = await engine_says(hands.look(service))
    return seen.running and await engine_says(hands.unhealthy(service)) is None


async def swap(context: StepContext) -> StepOutcome:
    aside = await engine_says(context.world.volumes.swap(_laid_out(context), timeout=time_of(context)))
    kept = ", ".join(aside)
    line = f"The old files are kept: {kept}." if aside else "There were no old files."
    return StepOutcome(line, 0, "", {ASIDE: kept})


async def is_swapped(context: StepContext) -> bool:
    return await engine_says(context.world.volumes.is_swapped(_laid_out(context)))


async def swap_back(context: StepContext) -> StepOutcome:
    wanted = _laid_out(context)
    await engine_says(context.world.volumes.swap_back(wanted, timeout=time_of(context)))
    return StepOutcome(
        f"The old files are in their place again; the restored ones end in .restore-{wanted.operation}.", 0
    )


async def keep(context: StepContext) -> StepOutcome:
    """The last look: from here on nothing is taken back."""
    if not await is_swapped(context):
        raise StepFailed("The restored files are not in their place any more: look there.")
    return StepOutcome("The restored files are in their place.", 0)


def only_files_change(standing: Standing) -> str | None:
    """Of what the cluster's state tells, nothing speaks for or against it."""
    return None


ACTIONS: Mapping[str, Action] = {
    "lay_out_volume": Action(lay_out, is_laid_out, repeatable=True, lasting=True, obstacle=only_files_change),
    "stop_service": Action(stop, is_stopped, undo=start, repeatable=True, obstacle=only_files_change),
    "swap_volume": Action(swap, is_swapped, undo=swap_back, repeatable=True, obstacle=only_files_change),
    "start_service": Action(start, is_started, undo=stop, repeatable=True, obstacle=only_files_change),
    "keep_volume": Action(keep, is_swapped, final=True, repeatable=True, obstacle=only_files_change),
}


def conclude_volume(plan: Plan, found: Mapping[str, str]) -> Conclusion:
    facts, aside = dict(plan.facts), found.get(ASIDE, "")
    rows = [("Backup", facts[BACKUP]), ("Old files", aside or "there were none")]
    if STOPPED_AT in found and STARTED_AT in found:
        rows.append(("Service was down", seconds_text(_seconds(found[STOPPED_AT], found[STARTED_AT]))))
    keep = (f"Once nobody needs the old files any more, remove them by hand: {aside}",) if aside else ()
    return Conclusion(f"The files of {facts[NAME]} are those of {facts[BACKUP]}.", tuple(rows), keep)


def _laid_out(context: StepContext) -> LaidOut:
    facts = dict(context.plan.facts)
    key = f"{context.plan.hash[:16]}-{context.operation}"
    return LaidOut(_volume(context.cluster, facts[NAME]), facts[BACKUP], key, context.operation)


def _volume(cluster: Cluster, name: str) -> VolumePlace:
    volume = part_of(cluster, PartKind.VOLUME, name)
    assert isinstance(volume, VolumePlace)  # noqa: S101 - of that kind there are no others
    return volume


def _service(context: StepContext) -> ManagedService:
    """The one that the step names. Raises StepFailed where the settings no longer have it."""
    found = next((one for one in context.cluster.services if one.name == context.step.server), None)
    if found is None:
        raise StepFailed(f"The settings have no service {context.step.server} any more. Start it by hand.")
    return found


def _service_of(cluster: Cluster, volume: VolumePlace) -> ManagedService | None:
    return next((one for one in cluster.services if one.name == volume.service), None)


def _missing(cluster: Cluster, volume: VolumePlace, backup: str, known: list[str], how: str) -> str:
    if not known:
        return f"There is no backup of {volume.name} ({how}). Take one: /ha backup {cluster.name} volume {volume.name}"
    if backup:
        return f"“{echo(backup)}” is no backup of {volume.name}. There are {', '.join(known[:5])}."
    return f"No backup of {volume.name} is complete. Take one: /ha backup {cluster.name} volume {volume.name}"


def _seconds(begin: str, end: str) -> float:
    return max((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds(), 0.0)
