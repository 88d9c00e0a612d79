"""Waiting for a backup tool's job: its progress is told, a cancel stops it, and it gives way to a failover."""

import asyncio

from sqlite_utils import Database

from commands.command import StepContext, StepFailed
from commands.looking import survey
from commands.rejoining.progress import progress_line
from ledger.operations import get
from servers.backups.tool import BackupTool
from servers.backups.wanted import JobPlace
from servers.engines.engine import ActionFailed
from servers.engines.job_pauses import pause_after
from servers.engines.rejoining import JobReport, JobState
from servers.verdict import Verdict, judge

STOP_TIMEOUT = 15.0
# One operation at a time holds a cluster: a backup of hours must not be what keeps a failover from it.
GIVES_WAY_TO = (Verdict.PRIMARY_DOWN, Verdict.NO_PRIMARY)


class Cancelled(Exception):
    """Somebody wished that the operation stops, and the job was stopped. The message is what was done."""


async def followed(context: StepContext, tool: BackupTool, place: JobPlace) -> JobReport:
    """The report of the job when it runs no more. Raises Cancelled, and StepFailed where it gave way."""
    loop, report = asyncio.get_running_loop(), JobReport(JobState.RUNNING, place.key)
    began = loop.time()
    while True:
        try:
            report = await tool.job(context.cluster, place)
        except ActionFailed as failed:
            context.say(f"It goes on by itself; how far it is cannot be seen now: {failed}")
        if report.state is not JobState.RUNNING:
            return report
        if report.log or report.total:
            context.say(progress_line(report))
        await _stop_if_wished(context, tool, place)
        await _give_way(context, tool, place)
        await asyncio.sleep(pause_after(loop.time() - began))


async def _stop_if_wished(context: StepContext, tool: BackupTool, place: JobPlace) -> None:
    by = await context.world.ledger.read(lambda db: _cancelled_by(db, context.operation))
    if by is not None:
        raise Cancelled(f"{by} cancelled it: {await _stopped(context, tool, place)}")


async def _give_way(context: StepContext, tool: BackupTool, place: JobPlace) -> None:
    judgement = judge(context.cluster, await survey(context.world, context.cluster))
    if judgement.verdict in GIVES_WAY_TO:
        raise StepFailed(
            f"{context.cluster.name}: {judgement.verdict}. The {place.job} gave way, so that it holds up no failover: "
            f"{await _stopped(context, tool, place)}. Ask again once there is a primary"
        )


async def _stopped(context: StepContext, tool: BackupTool, place: JobPlace) -> str:
    try:
        return await tool.stop_job(context.cluster, place, timeout=STOP_TIMEOUT)
    except ActionFailed as failed:
        return f"its job could not be stopped and may still run ({failed})"


def _cancelled_by(db: Database, operation: str) -> str | None:
    who = get(db, operation).cancelled_by
    return who.name if who is not None else None
