"""One attempt at a step, to whatever end: it succeeds, fails, takes too long, breaks, or is left."""

import asyncio
import time
from collections.abc import Awaitable
from datetime import timedelta

import structlog

from commands.command import StepFailed, StepOutcome
from commands.running.book import StepEnd
from ledger.steps import Direction, StepStatus

_log = structlog.get_logger(__name__)


async def attempt(work: Awaitable[StepOutcome], index: int, direction: Direction, timeout: float) -> StepEnd:
    """Never raises. Being cancelled (the deadline of a shutdown) is an end as well."""
    started = time.monotonic()
    status, outcome = await _outcome(work, timeout)
    return StepEnd(
        index=index,
        direction=direction,
        status=status,
        detail=outcome.detail,
        duration=timedelta(seconds=time.monotonic() - started),
        exit_status=outcome.exit_status,
        output=outcome.output,
        found=outcome.found,
    )


async def _outcome(work: Awaitable[StepOutcome], timeout: float) -> tuple[StepStatus, StepOutcome]:
    try:
        async with asyncio.timeout(timeout):
            return StepStatus.SUCCEEDED, await work
    except StepFailed as failed:
        return StepStatus.FAILED, StepOutcome(str(failed), failed.exit_status, failed.output)
    except TimeoutError:
        return StepStatus.TIMED_OUT, StepOutcome(f"It did not end within {timeout:g} s; it may still have its effect.")
    except asyncio.CancelledError:
        return StepStatus.CANCELLED, StepOutcome("It was left while it was running; it may still have its effect.")
    except Exception as error:
        _log.exception("a step broke")
        return StepStatus.FAILED, StepOutcome(f"An error of Understudy's own: {type(error).__name__}. See its log.")
