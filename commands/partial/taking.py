"""The code behind the steps of a dump, of a volume's backup, and of their verification: each is a job with a key."""

from collections.abc import Mapping

from commands.acting import engine_says, time_of, untold
from commands.backing_up.following import Cancelled, followed, job_failure
from commands.command import Action, Standing, StepContext, StepFailed, StepOutcome
from commands.partial.plans import BACKUP, KIND, NAME, SOURCE
from commands.partial.words import part_of
from commands.rejoining.progress import progress_line
from ledger.quantities import bytes_text, seconds_text
from servers.backups.partial.place import DumpPlace, Part
from servers.backups.partial.state import PartialBackup
from servers.backups.wanted import JobPlace
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobState

# What later steps and the report need, by name.
PATH, SECONDS, SAID = "part_path", "part_seconds", "part_said"
MADE, SIZE, VERIFIED, VERIFY_SECONDS = "part_backup", "part_size", "part_verified", "part_verify_seconds"
EXPIRED = "part_expired"


async def take(context: StepContext) -> StepOutcome:
    """Done again with the same key it finds its own job, running or done. Begun and waited for in one step, so that a
    cancel finds no moment at which a job runs and nobody stops it."""
    part, place = _part(context), await _begin(context)
    try:
        report = await followed(context, context.world.partial, place)
    except Cancelled as cancelled:
        return StepOutcome(str(cancelled))
    if report.state is not JobState.DONE:
        rest = f"What it made so far is left at {place.path}.part"
        raise job_failure(f"The {part.kind} on {_fact(context, SOURCE)}", report, rest)
    said = report.log.splitlines()[-1] if report.log else progress_line(report)
    found = {PATH: place.path, SECONDS: f"{report.seconds:.3f}", SAID: said}
    return StepOutcome(said, 0, report.log, found)


async def verify(context: StepContext) -> StepOutcome:
    part, tool = _part(context), context.world.partial
    backup = await _backup(context)
    begun = tool.begin_verify(context.cluster, part, backup, f"{_key(context)}-verify", timeout=_begin_time(context))
    place = await engine_says(begun)
    try:
        report = await followed(context, tool, place)
    except Cancelled as cancelled:
        return StepOutcome(str(cancelled))
    if report.state is not JobState.DONE:
        what = f"{backup.name} of {part.kind} {part.name} cannot be relied on: its check"
        raise job_failure(what, report, "Take a new one, and look at what is wrong with this one")
    said = report.log.splitlines()[-1] if report.log else "it was read as a whole"
    found = {MADE: backup.name, SIZE: str(backup.size), VERIFIED: said, VERIFY_SECONDS: f"{report.seconds:.3f}"}
    return StepOutcome(f"{said}, in {seconds_text(report.seconds)}.", 0, report.log, found)


async def see(context: StepContext) -> StepOutcome:
    backup = await _backup(context)
    if backup.finished_at is None:
        raise StepFailed(f"{backup.name} is listed as not complete.")
    found = {MADE: backup.name, SIZE: str(backup.size)}
    return StepOutcome(f"{backup.name} is there: {bytes_text(backup.size)} on {backup.place}.", found=found)


async def expire(context: StepContext) -> StepOutcome:
    """The new one stands whatever comes of this: what could not be removed is told, and goes with the next one."""
    try:
        expired = await context.world.partial.expire(context.cluster, _part(context), timeout=time_of(context))
    except ActionFailed as error:
        return StepOutcome(f"Not everything that is no longer kept could be removed: {error}")
    names = ", ".join(expired.backups)
    return StepOutcome(f"{expired.detail}{f': {names}' if names else ''}", found={EXPIRED: names})


def nothing_stands_against(standing: Standing) -> str | None:
    """What is only read, by a job that runs by itself, harms nobody."""
    return None


ACTIONS: Mapping[str, Action] = {
    "take_part": Action(take, untold, repeatable=True, lasting=True, obstacle=nothing_stands_against),
    "verify_part": Action(verify, untold, repeatable=True, lasting=True, obstacle=nothing_stands_against),
    "see_part": Action(see, untold, repeatable=True, obstacle=nothing_stands_against),
    "expire_parts": Action(expire, untold, repeatable=True, obstacle=nothing_stands_against),
}


async def _begin(context: StepContext) -> JobPlace:
    part, tool, key = _part(context), context.world.partial, _key(context)
    if isinstance(part, DumpPlace):
        source = context.cluster.server(_fact(context, SOURCE))
        begun = tool.begin_dump(context.cluster, part, source, key, timeout=_begin_time(context))
        return await engine_says(begun)
    return await engine_says(tool.begin_volume(context.cluster, part, key, timeout=_begin_time(context)))


async def _backup(context: StepContext) -> PartialBackup:
    """The one that the plan names, or that the job has made. Raises StepFailed."""
    seen = await context.world.partial.seen(context.cluster, _part(context), timeout=_begin_time(context))
    path = context.found.get(PATH)
    named = dict(context.plan.facts).get(BACKUP) or (path.rpartition("/")[2] if path else None)
    found = next((one for one in seen.backups if one.name == named), None)
    if found is None:
        raise StepFailed(f"{named or 'It'} is not there{'' if seen.answer.ok else f': {seen.answer.how}'}.")
    return found


def _part(context: StepContext) -> Part:
    return part_of(context.cluster, _fact(context, KIND), _fact(context, NAME))


def _fact(context: StepContext, name: str) -> str:
    return dict(context.plan.facts)[name]


def _key(context: StepContext) -> str:
    """What was approved, and for which order."""
    return f"{context.plan.hash[:16]}-{context.operation}"


def _begin_time(context: StepContext) -> float:
    return min(time_of(context), 25.0)
