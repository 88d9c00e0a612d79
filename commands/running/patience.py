"""Writing down what has happened on servers: that wants its record, also while the ledger is busy or its disk full."""

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

import structlog
from sqlite_utils import Database

from ledger.errors import LedgerError, Problem
from ledger.ledger import Ledger

T = TypeVar("T")

LEDGER_PATIENCE = 10.0  # seconds
LEDGER_PAUSE = 0.2
_PASSING = (Problem.BUSY, Problem.FULL, Problem.DISK)

_log = structlog.get_logger(__name__)


async def write_patiently(ledger: Ledger, change: Callable[[Database], T]) -> T:
    """`Ledger.write`, tried again for a while where the trouble may pass. Raises LedgerError after that."""
    deadline = time.monotonic() + LEDGER_PATIENCE
    while True:
        try:
            return await ledger.write(change)
        except LedgerError as error:
            if error.problem not in _PASSING or time.monotonic() > deadline:
                raise
            _log.warning("the ledger does not take a record; trying again", error=str(error))
            await asyncio.sleep(LEDGER_PAUSE)
