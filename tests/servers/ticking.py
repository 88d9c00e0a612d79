"""Whether the event loop was ever held up."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Ticking:
    """`longest`: the longest time in seconds that the event loop took for a pause of five milliseconds."""

    def __init__(self) -> None:
        self.longest = 0.0

    async def run(self) -> None:
        while True:
            began = time.perf_counter()
            await asyncio.sleep(0.005)
            self.longest = max(self.longest, time.perf_counter() - began)


@asynccontextmanager
async def ticking() -> AsyncIterator[Ticking]:
    ticker = Ticking()
    task = asyncio.create_task(ticker.run())
    try:
        yield ticker
    finally:
        task.cancel()
