"""Waiting for a backup tool's job: its progress is told, a cancel stops it, and it gives way to a failover."""

import asyncio

from commands.command import StepContext, StepFailed
from commands.rejoining.progress import progress_line
from commands.yielding import why_give_way, wish_to_stop
from servers.backups.tool import JobKeeper
from servers.backups.wanted import JobPlace
from servers.engines.engine import ActionFailed
from servers.engines.job_pauses import BREATH, patience_after
from servers.engines.rejoining import JobReport, JobState

STOP_TIMEOUT = 15.0
CANCEL_SECONDS = 0.5  # how soon a cancel is heard


class Cancelled(Exception):
    """Somebody wished that the operation stops, and the job was stopped. The message is what was done."""


async def followed(context: StepContext, tool: JobKeeper, place: JobPlace) -> JobReport:
    """The report of the job when it runs no more. Raises Cancelled, and StepFailed where it gave way."""
    loop, report = asyncio.get_running_loop(), JobReport(JobState.RUNNING, place.key)
    began = loop.time()
    while True:
        await _stop_if_wished(context, tool, place)
        try:
            report = await _looked(context, tool, place, patience_after(loop.time() - began))
        except ActionFailed as failed:
            context.say(f"It goes on by itself; how far it is cannot be seen now: {failed}")
        if report.key not in ("", place.key):
            raise StepFailed(
                f"What runs or ran there by now is another order's {place.job}: how this one ended is not known. Look "
                "at /ha backups; where clusters share a host, give each its own state in the settings"
            )
        if report.state is not JobState.RUNNING:
            return report
        if report.log or report.total:
            context.say(progress_line(report))
        await _give_way(context, tool, place)
        await asyncio.sleep(BREATH)


def job_failure(what: str, report: JobReport, rest: str) -> StepFailed:
    """What is said of a job that did not end well: `what` it was, in its own words, and what to do next."""
    if report.state is JobState.GONE:
        said = "it broke off, as if its host had been restarted"
    else:
        lines = report.log.splitlines()
        said = next((line for line in reversed(lines) if "error" in line.lower()), lines[-1] if lines else "no word")
    return StepFailed(f"{what} did not end well: {said}. {rest}", exit_status=1, output=report.log)


async def _looked(context: StepContext, tool: JobKeeper, place: JobPlace, patience: float) -> JobReport:
    """How it stands; a cancel is heard while its host waits for its end. Raises Cancelled."""
    look = asyncio.ensure_future(tool.job(context.cluster, place, patience=patience))
    try:
        while not (await asyncio.wait([look], timeout=CANCEL_SECONDS))[0]:
            await _stop_if_wished(context, tool, place)
        return look.result()
    finally:
        look.cancel()


async def _stop_if_wished(context: StepContext, tool: JobKeeper, place: JobPlace) -> None:
    by = await wish_to_stop(context)
    if by is not None:
        raise Cancelled(f"{by} cancelled it: {await _stopped(context, tool, place)}")


async def _give_way(context: StepContext, tool: JobKeeper, place: JobPlace) -> None:
    down = await why_give_way(context)
    if down is not None:
        raise StepFailed(
            f"{down}. The {place.job} gave way, so that it holds up no failover: "
            f"{await _stopped(context, tool, place)}. Ask again once there is a primary"
        )


async def _stopped(context: StepContext, tool: JobKeeper, place: JobPlace) -> str:
    try:
        return await tool.stop_job(context.cluster, place, timeout=STOP_TIMEOUT)
    except ActionFailed as failed:
        return f"its job could not be stopped and may still run ({failed})"
