"""Looks at the servers for an operation that was left: was the step under way done, do the earlier ones hold, and does
the world allow the next one."""

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta

import structlog

from commands.command import Order, Standing, StepContext
from commands.document import Document
from commands.looking import look
from commands.recheck import not_as_approved
from commands.running.book import StepEnd
from commands.running.resumption import Left, Seen
from commands.world import World
from ledger.steps import Direction, StepRecord, StepStatus
from servers.inventory import Cluster

ASK_SECONDS = 5.0

_log = structlog.get_logger(__name__)


def unasked(left: StepRecord) -> StepEnd:
    """What is known of a step under way whose servers must not be asked: the settings lead elsewhere by now."""
    line = "Whether it was done cannot be told: the settings lead elsewhere by now."
    return StepEnd(left.index, left.direction, StepStatus.UNKNOWN, line, timedelta(0))


class Inquiry:
    """Only looks. Never raises: what cannot be told counts as unknown."""

    def __init__(
        self,
        world: World,
        order: Order,
        cluster: Cluster,
        document: Document,
        found: Mapping[str, str],
        operation: str,
    ) -> None:
        self._world = world
        self._order = order
        self._actions = order.actions()
        self._cluster = cluster
        self._document = document
        self._found = found
        self._operation = operation

    async def answer(self, left: StepRecord) -> StepEnd:
        """What became of the step that was under way, as the servers show it."""
        undo = left.direction is Direction.UNDO
        started = time.monotonic()
        done, _ = await self._is_done(left.index)
        if done is None:
            status, detail = StepStatus.UNKNOWN, "Whether it was done cannot be told by looking."
        else:
            status = StepStatus.FOUND_UNDONE if done is undo else StepStatus.FOUND_DONE
            detail = f"The servers show that it was {'not ' if done is undo else ''}done."
        return StepEnd(left.index, left.direction, status, detail, timedelta(seconds=time.monotonic() - started))

    async def look(self, left: Left) -> Seen:
        """Whether it may go on with its next step."""
        if left.astray is not None:
            return Seen()
        # Before a point of no return, and only there, all that was done since the one before must still hold.
        earlier = range(left.must_hold_from, left.next_index) if left.final_ahead else ()
        holds, obstacle = await asyncio.gather(
            asyncio.gather(*(self._is_done(index) for index in earlier)), self._obstacle(left.next_index)
        )
        gone = [index for index, (done, _) in zip(earlier, holds, strict=True) if done is False]
        unseen = next((f"{why}." for _, why in holds if why), None) if left.final_ahead else None
        return Seen(gone[0] if gone else None, obstacle or unseen)

    async def _is_done(self, index: int) -> tuple[bool | None, str]:
        """None where no look can tell; with why, where it should have told and could not be asked."""
        step = self._document.plan.steps[index]
        context = StepContext(
            self._world,
            self._cluster,
            self._document.plan,
            step,
            lambda line: None,
            dict(self._found),
            operation=self._operation,
        )
        try:
            async with asyncio.timeout(ASK_SECONDS):
                return await self._actions[step.action].already_done(context), ""
        except Exception as error:
            _log.warning("a step could not be asked whether it is done", action=step.action, error=str(error))
            return None, f"whether step {index + 1} ({step.title}) still holds cannot be seen"

    async def _obstacle(self, index: int) -> str | None:
        plan = self._document.plan
        if index == len(plan.steps):
            return None
        try:
            state = await look(self._world, self._cluster)
        except Exception as error:
            _log.exception("the look before going on failed", cluster=self._cluster.name)
            return f"the servers could not be looked at: {type(error).__name__}."
        changed = await not_as_approved(self._world, self._order, self._document, self._cluster, state)
        judge = self._actions[plan.steps[index].action].obstacle
        return changed if judge is None else judge(Standing(self._cluster, plan, plan.steps[index], state, changed))
