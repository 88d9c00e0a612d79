"""What the code behind every step shares: where it acts, how long the engine has, and its answer in a step's terms."""

from collections.abc import Awaitable, Mapping
from typing import TypeVar

from commands.command import StepContext, StepFailed, StepOutcome
from servers.engines.engine import ActionFailed, Done
from servers.inventory import Server

T = TypeVar("T")

_HURRY = 0.9  # of a step's time-out for the engine, so that its own words come before ours


async def engine_says(work: Awaitable[T]) -> T:
    """The answer of an engine or a traffic target. Raises StepFailed with its words where it failed."""
    try:
        return await work
    except ActionFailed as failed:
        raise StepFailed(str(failed), exit_status=failed.exit_status, output=failed.output) from failed


def outcome_of(done: Done, found: Mapping[str, str] | None = None) -> StepOutcome:
    """What was done, as a step reports it."""
    return StepOutcome(done.detail, done.exit_status, done.output, found or {})


def server_of(context: StepContext) -> Server:
    """Where the step acts."""
    return context.cluster.server(context.step.server)


def time_of(context: StepContext) -> float:
    """How long the engine has for the step."""
    return context.step.timeout * _HURRY


async def untold(context: StepContext) -> None:
    """For a step that leaves nothing to be found by, and may simply be done again."""
    return
