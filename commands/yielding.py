"""What runs for hours gives way: to a cancel, and to a failover, which one operation at a time would keep out."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from sqlite_utils import Database

from commands.command import StepContext, StepFailed, StepOutcome
from commands.looking import survey
from ledger.operations import get
from servers.verdict import Verdict, judge

LOOK_EVERY = 2.0  # seconds between two looks whether there is still a primary
CANCEL_EVERY = 0.5  # seconds between two looks whether somebody has cancelled it
GIVES_WAY_TO = (Verdict.PRIMARY_DOWN, Verdict.NO_PRIMARY)

T = TypeVar("T")

End = Callable[[StepContext], Awaitable[str]]


async def wish_to_stop(context: StepContext) -> str | None:
    """Who has cancelled the operation, by name."""
    return await context.world.ledger.read(lambda db: _cancelled_by(db, context.operation))


async def why_give_way(context: StepContext) -> str | None:
    """That the cluster has no primary any more, in a few words."""
    judgement = judge(context.cluster, await survey(context.world, context.cluster))
    return f"{context.cluster.name}: {judgement.verdict}" if judgement.verdict in GIVES_WAY_TO else None


async def giving_way(context: StepContext, work: Awaitable[StepOutcome], end: End) -> StepOutcome:
    """What the work says, unless it is to end before: then it is broken off, and what it began on a host is ended.

    `end` does that, and says in a few words what it did and what is left; it never raises. Raises StepFailed where it
    gave way to a failover.
    """
    task, loop = asyncio.ensure_future(work), asyncio.get_running_loop()
    looked_at = loop.time()
    try:
        while True:
            await asyncio.wait([task], timeout=min(CANCEL_EVERY, LOOK_EVERY))
            if task.done():
                return task.result()
            by, down = await wish_to_stop(context), None
            if by is None and loop.time() - looked_at >= LOOK_EVERY:
                looked_at, down = loop.time(), await why_give_way(context)
            if by is not None or down is not None:
                break
    finally:
        if not task.done():
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    ended = await end(context)
    if by is not None:
        return StepOutcome(f"{by} cancelled it: {ended}.")
    raise StepFailed(
        f"{down}. It gave way, so that it holds up no failover: {ended}. Ask again once there is a primary"
    )


async def to_its_end(work: Awaitable[T]) -> T:
    """What begins something on a host is not broken off: else nobody knew whether there is something to end."""
    task = asyncio.ensure_future(work)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise


def _cancelled_by(db: Database, operation: str) -> str | None:
    who = get(db, operation).cancelled_by
    return who.name if who is not None else None
