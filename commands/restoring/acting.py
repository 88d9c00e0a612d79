"""What the steps of a restore share: whose instance, on which host, and what serves the target now."""

import asyncio
from collections.abc import Awaitable, Callable

from commands.acting import server_of
from commands.command import Misunderstood, StepContext, StepFailed
from commands.rejoining.progress import progress_line
from commands.restoring.seen import look_at_backups
from commands.restoring.target import read_target
from servers.backups.archive import ArchiveState
from servers.backups.instances import Place, directory_for
from servers.backups.serving import NotServed, Serving, serve
from servers.backups.target import Target
from servers.engines.engine import ActionFailed
from servers.engines.job_pauses import BREATH, patience_after
from servers.engines.rejoining import JobReport, JobState
from servers.inventory import Server

TARGET = "recovery target"  # the plan's fact: the target in its fixed spelling
BACKUP, PRIMARY = "backup", "primary"

JobLine = Callable[[JobReport], str]


def key_of(context: StepContext) -> str:
    """What was approved, and for which order."""
    return f"{context.plan.hash[:16]}-{context.operation}"


def place_of(context: StepContext, server: Server | None = None) -> Place:
    here = server or server_of(context)
    return Place(here, directory_for(here, context.operation), key_of(context), context.operation)


def target_of(context: StepContext) -> Target:
    return read_target(dict(context.plan.facts)[TARGET])


async def served(context: StepContext) -> tuple[Serving, ArchiveState]:
    """The backup that was approved, with the segments that are to be replayed, as the archive is now."""
    try:
        _, window, archive = await look_at_backups(context.world, context.cluster)
    except Misunderstood as unknown:
        raise StepFailed(str(unknown)) from unknown
    serving = serve(window, target_of(context), dict(context.plan.facts)[BACKUP])
    if isinstance(serving, NotServed):
        raise StepFailed(f"The target cannot be reached any more: {serving.why}. The live cluster was not touched.")
    return serving, archive


async def watched(
    context: StepContext, report: JobReport, ask: Callable[[float], Awaitable[JobReport]], line: JobLine = progress_line
) -> JobReport:
    """Waits for a job's end, and tells how far it is. While its host is silent it goes on there, and that is said.

    `ask` looks at it, and lets its host wait for the end for so many seconds.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while report.state is JobState.RUNNING:
        context.say(line(report))
        await asyncio.sleep(BREATH)
        try:
            report = await ask(patience_after(loop.time() - began))
        except ActionFailed as failed:
            context.say(f"It goes on by itself; how far it is cannot be seen now: {failed}")
    return report
