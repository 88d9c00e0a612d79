"""One attempt at a step comes to an end, whatever the step does."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from commands.command import StepFailed, StepOutcome
from commands.running.attempt import attempt
from ledger.steps import Direction, StepStatus


async def hangs() -> StepOutcome:
    await asyncio.Event().wait()
    raise AssertionError("nobody ends it")


async def fails() -> StepOutcome:
    raise StepFailed("db1 did not shut down cleanly.", exit_status=1)


async def breaks() -> StepOutcome:
    raise ZeroDivisionError


async def is_done() -> StepOutcome:
    return StepOutcome("Stopped.", found={"timeline": "2"})


@pytest.mark.parametrize(
    ("work", "status", "says"),
    [
        (hangs, StepStatus.TIMED_OUT, "did not end within 0.01 s; it may still have its effect"),
        (fails, StepStatus.FAILED, "did not shut down cleanly"),
        (breaks, StepStatus.FAILED, "An error of Understudy's own: ZeroDivisionError"),
        (is_done, StepStatus.SUCCEEDED, "Stopped."),
    ],
)
async def test_it_ends_and_says_how(work: Callable[[], Awaitable[StepOutcome]], status: StepStatus, says: str) -> None:
    end = await attempt(work(), 0, Direction.DO, 0.01)
    assert (end.status, says in end.detail) == (status, True)


async def test_what_it_found_is_kept() -> None:
    assert (await attempt(is_done(), 0, Direction.DO, 1.0)).found == {"timeline": "2"}
