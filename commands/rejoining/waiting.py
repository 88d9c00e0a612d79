"""Waits for a job on a server's host, and gives up on one that cannot be followed any more, or cannot go on."""

import asyncio

from commands.acting import server_of
from commands.command import StepContext, StepFailed
from commands.rejoining.progress import progress_line
from ledger.operations import get
from ledger.quantities import seconds_text
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import Job, JobReport, JobState

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 1.0  # seconds between two looks at a job
# Seconds. People want the lock of the cluster back; a host that is restarted is up again by then.
LONGEST_SILENCE = 180.0  # of the job's host
STANDSTILL = 60.0  # of the job, before it is asked whether its host still gets through to the source
_REACH_SECONDS = 12.0


async def followed(context: StepContext, job: Job, report: JobReport) -> JobReport:
    """The job's end; how far it is, is told meanwhile. While its host is silent it goes on there, and that is said.

    Raises StepFailed when the host stays silent, or when the job stands still and its host does not get through to the
    source. The job itself is left as it is: it may still come to its end.

    A copy that runs is waited for no longer once somebody has cancelled the order; a rewind that were ended in its
    middle would leave a directory that only a copy mends.
    """
    pause, loop = FIRST_PAUSE, asyncio.get_running_loop()
    heard = moved = loop.time()
    while report.state is JobState.RUNNING and not (job is Job.COPY and await _cancelled(context)):
        context.say(progress_line(report))
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)
        before = report
        try:
            report = await context.world.engine.job(server_of(context), job)
        except ActionFailed as failed:
            if loop.time() - heard >= LONGEST_SILENCE:
                silent = f"{context.step.server}'s host has been silent for {seconds_text(LONGEST_SILENCE)}"
                raise StepFailed(f"{silent}; the {job} may go on there by itself. Last: {failed}") from failed
            context.say(f"It goes on by itself; how far it is cannot be seen now: {failed}")
            continue
        heard = loop.time()
        if (report.state, report.copied, report.log) != (before.state, before.copied, before.log):
            moved = heard
        elif heard - moved >= STANDSTILL:
            await _gets_through(context, job)
            moved = loop.time()
    return report


async def _gets_through(context: StepContext, job: Job) -> None:
    """Raises StepFailed when the job's host does not reach the source."""
    here, source = server_of(context), context.cluster.server(dict(context.plan.facts)["follows"])
    try:
        reach = await context.world.engine.reach(here, source, timeout=_REACH_SECONDS)
        detail = reach.detail if not reach.replication else ""
    except ActionFailed as failed:
        detail = str(failed)
    if detail:
        stands = f"The {job} has not moved for {seconds_text(STANDSTILL)}"
        raise StepFailed(
            f"{stands}, and {here.name} does not get through to {source.name}: {detail}. It may go on by itself"
        )


async def _cancelled(context: StepContext) -> bool:
    return await context.world.ledger.read(lambda db: get(db, context.operation).cancelled_by) is not None
