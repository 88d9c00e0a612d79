"""A long step gives up once its server answers nobody, instead of keeping people until its time-out."""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from commands.command import StepContext, StepFailed
from commands.looking import survey
from ledger.quantities import seconds_text

T = TypeVar("T")

SILENCE = 20.0  # seconds; a server at work on a checkpoint still takes a new question within this
PAUSE = 2.0  # seconds between two looks


async def while_it_answers(
    context: StepContext, work: Awaitable[T], *, silence: float = SILENCE, pause: float = PAUSE
) -> T:
    """The result of `work`. Raises StepFailed when the step's server has not answered by SQL for `silence` seconds;
    `work` is left then, and may still have its effect."""
    name, loop = context.step.server, asyncio.get_running_loop()
    doing = asyncio.ensure_future(work)
    heard = loop.time()
    try:
        while not (await asyncio.wait((doing,), timeout=pause))[0]:
            server = (await survey(context.world, context.cluster)).server(name)
            if server.sql is not None:
                heard = loop.time()
            elif loop.time() - heard >= silence:
                how = server.sql_answer.how
                raise StepFailed(f"{name} has not answered by SQL for {seconds_text(silence)} ({how}): given up.")
        return await doing
    finally:
        doing.cancel()
        await asyncio.gather(doing, return_exceptions=True)
