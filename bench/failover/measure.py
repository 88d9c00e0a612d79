"""One switchover under write load, measured by the clients alone."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from bench.failover.contender import Pair
from lab.load_client import LoadClient, Outcomes

RATE, CLIENTS = 200.0, 2  # rows a second, by so many connections
_WARM_ROWS, _NEW_ROWS = 100, 100
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class Round:
    """What the clients saw. Seconds; `errors` are failed statements and failed tries to connect; `lost` are rows that
    were acknowledged and are not on the new primary."""

    outage: float  # the longest time without an acknowledged row
    writable: float  # from the command to the first row acknowledged on the new timeline
    errors: int
    lost: int


async def measure(pair: Pair) -> Round:
    """Write, switch over, go on writing, and count."""
    run = secrets.token_hex(4)
    outcomes = Outcomes(lambda row: None)
    clients = [LoadClient(pair.conninfo, run, CLIENTS / RATE, outcomes, prepared=False) for _ in range(CLIENTS)]
    async with asyncio.TaskGroup() as tasks:
        for client in clients:
            tasks.create_task(client.run())
        await _until(outcomes, lambda: len(outcomes.acknowledged) >= _WARM_ROWS)
        before = outcomes.acknowledged[-1].timeline
        outcomes.longest_gap, outcomes.errors = 0.0, 0
        began = time.monotonic()
        await pair.switch_over()
        await _until(outcomes, lambda: sum(row.timeline > before for row in outcomes.acknowledged) >= _NEW_ROWS)
        for client in clients:
            client.stop()
    there = await pair.rows(run)
    return Round(
        outage=outcomes.longest_gap,
        writable=next(row.at for row in outcomes.acknowledged if row.timeline > before) - began,
        errors=outcomes.errors,
        lost=sum(row.sequence not in there for row in outcomes.acknowledged),
    )


async def _until(outcomes: Outcomes, there: Callable[[], bool]) -> None:
    async with asyncio.timeout(_PATIENCE):
        while not there():
            outcomes.more.clear()
            await outcomes.more.wait()
