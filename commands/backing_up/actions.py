"""The code behind the steps of a backup and of a verification: the tool does each, by a job with a key of its own."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta

from commands.acting import engine_says, server_of, time_of, untold
from commands.backing_up.following import Cancelled, followed, job_failure
from commands.command import Action, Standing, StepContext, StepFailed, StepOutcome
from commands.rejoining.progress import progress_line
from ledger.quantities import bytes_text, seconds_text
from servers.backups.wanted import BackupKind, BackupWanted, VerifyWanted
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobState
from servers.state import BackupState, BaseBackup

# What later steps and the report need, by name.
JOB_PATH, SECONDS = "job_path", "took_seconds"
NAME, SIZE, REPOSITORY, VERIFIED, VERIFY_SECONDS = "backup", "size", "repository", "verified", "verify_seconds"
BEGUN_AT, EXPIRED = "begun_at", "expired"

_CLOCKS = timedelta(minutes=2)  # how far apart the clocks of the bot and of a backup host may be


async def take(context: StepContext) -> StepOutcome:
    """Done again with the same key it finds its own job, running or done. Begun and waited for in one step, so that a
    cancel finds no moment at which a job runs and nobody stops it."""
    began_at, tool = context.world.now(), context.world.backup_tool(context.cluster)
    wanted = BackupWanted(server_of(context), BackupKind(dict(context.plan.facts)["backup"]))
    place = await engine_says(tool.begin_backup(context.cluster, wanted, _key(context), timeout=_begin_time(context)))
    try:
        report = await followed(context, tool, place)
    except Cancelled as cancelled:
        return StepOutcome(str(cancelled))
    if report.state is not JobState.DONE:
        raise job_failure(f"The backup on {place.server.name}", report, f"What it made so far is left at {place.path}")
    began_at = min(began_at, context.world.now() - timedelta(seconds=report.seconds))
    found = {JOB_PATH: place.path, BEGUN_AT: began_at.isoformat(), SECONDS: f"{report.seconds:.3f}"}
    return StepOutcome(progress_line(report), 0, report.log, found)


async def verify(context: StepContext) -> StepOutcome:
    backup = await _backup(context)
    tool = context.world.backup_tool(context.cluster)
    wanted = VerifyWanted(backup.name, backup.repository)
    begun = tool.begin_verify(context.cluster, wanted, f"{_key(context)}-verify", timeout=_begin_time(context))
    place = await engine_says(begun)
    try:
        report = await followed(context, tool, place)
    except Cancelled as cancelled:
        return StepOutcome(str(cancelled))
    if report.state is not JobState.DONE:
        raise job_failure(
            f"Backup {backup.name} does not verify: the check", report, "Do not rely on it; take a new one"
        )
    found = {NAME: backup.name, REPOSITORY: backup.repository, VERIFIED: "yes"}
    took = seconds_text(report.seconds)
    line = f"{backup.name} was read as a whole in {took}, and agrees with its checksums."
    return StepOutcome(line, 0, report.log, {**found, VERIFY_SECONDS: f"{report.seconds:.3f}"})


async def see_listed(context: StepContext) -> StepOutcome:
    backup = await _backup(context)
    if backup.finished_at is None:
        raise StepFailed(f"{backup.name} is listed as not complete. Look at the tool's own log.")
    found = {NAME: backup.name, SIZE: str(backup.size), REPOSITORY: backup.repository}
    return StepOutcome(f"{backup.name} is there: {bytes_text(backup.size)}, {backup.repository}.", found=found)


async def expire(context: StepContext) -> StepOutcome:
    """The backup stands whatever comes of this: what could not be removed is told, and goes with the next one."""
    tool = context.world.backup_tool(context.cluster)
    try:
        expired = await tool.expire(context.cluster, dry_run=False, timeout=time_of(context))
    except ActionFailed as error:
        return StepOutcome(f"Not everything that is no longer kept could be removed: {error}")
    names = ", ".join(expired.backups)
    return StepOutcome(f"{expired.detail}{f': {names}' if names else ''}", found={EXPIRED: names})


def nothing_stands_against(standing: Standing) -> str | None:
    """A job that runs by itself is not begun anew, and reading harms nobody: only the machine must be the same."""
    sql = standing.state.server(standing.step.server).sql
    system = standing.plan.system_identifier
    if sql is not None and system and sql.system_identifier != system:
        return f"{standing.step.server} has another system identifier than when this was approved."
    return None


def _action(run: Callable[[StepContext], Awaitable[StepOutcome]], *, lasting: bool = False) -> Action:
    """Whether it is done is asked by doing it again: the tool finds the job of that key."""
    return Action(run, untold, repeatable=True, lasting=lasting, obstacle=nothing_stands_against)


ACTIONS: Mapping[str, Action] = {
    "take_backup": _action(take, lasting=True),
    "verify_backup": _action(verify, lasting=True),
    "see_listed": _action(see_listed),
    "expire_backups": _action(expire),
}


async def _backup(context: StepContext) -> BaseBackup:
    """The backup that the plan names, or the one that the job has made. Raises StepFailed."""
    listing = await context.world.backup_tool(context.cluster).list(context.cluster, timeout=_begin_time(context))
    if not listing.answer.ok:
        raise StepFailed(f"The backups cannot be listed: {listing.answer.how}. Then: /ha backup verify")
    named = dict(context.plan.facts).get("verified backup")
    if named is not None:
        found = next((one for one in listing.backups if one.name == named), None)
        missing = f"Backup {named} is no longer there."
    else:
        found = made_by(listing, context.found.get(JOB_PATH), _begun_at(context))
        missing = "The job ended well, but the tool lists no new complete backup. Look at its log."
    if found is None:
        raise StepFailed(missing)
    return found


def made_by(listing: BackupState, path: str | None, begun_at: datetime | None) -> BaseBackup | None:
    """The backup at that path, or of its last part's name; else the newest complete one that ended after the begin."""
    if path is not None:
        last = path.rstrip("/").rpartition("/")[2]
        at_path = [one for one in listing.backups if one.path.rstrip("/") == path.rstrip("/") or one.name == last]
        if at_path:
            return at_path[0]
    ended = [(one.finished_at, one) for one in listing.backups if one.finished_at is not None]
    newest = max(ended, key=lambda one: one[0], default=None)
    if newest is None or (begun_at is not None and newest[0] < begun_at - _CLOCKS):
        return None
    return newest[1]


def _begun_at(context: StepContext) -> datetime | None:
    text = context.found.get(BEGUN_AT)
    return datetime.fromisoformat(text) if text else None


def _key(context: StepContext) -> str:
    """What was approved, and for which order: the same plan may be approved again tomorrow."""
    return f"{context.plan.hash[:16]}-{context.operation}"


def _begin_time(context: StepContext) -> float:
    return min(time_of(context), 25.0)
