"""Tells in the ledger, and so on the card, how a step is getting on: the newest words, not each of them."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from ledger.errors import LedgerError

TELL_PAUSE = 1.0  # seconds between live lines: Slack takes one message a second and channel

_log = structlog.get_logger(__name__)


class Telling:
    """`write` writes the progress as it is by then."""

    def __init__(self, operation_id: str, write: Callable[[], Awaitable[None]]) -> None:
        self._operation_id = operation_id
        self._write = write
        self._task: asyncio.Task[None] | None = None

    def soon(self) -> None:
        """Something is new to tell."""
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._tell())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    async def _tell(self) -> None:
        await asyncio.sleep(TELL_PAUSE)
        try:
            await self._write()
        except LedgerError as error:
            _log.warning("a line of progress was not kept", operation=self._operation_id, error=str(error))
