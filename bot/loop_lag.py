"""How late the event loop answers: a loop that is late misses Slack's three seconds."""

import asyncio
import time

_INTERVAL_SECONDS = 0.5


class LoopLag:
    """Measures while `run` runs. `seconds` is the worst of the last few measurements."""

    def __init__(self) -> None:
        self._recent: list[float] = []
        self._due = time.monotonic() + _INTERVAL_SECONDS

    @property
    def seconds(self) -> float:
        overdue = max(0.0, time.monotonic() - self._due)
        return max([*self._recent, overdue], default=0.0)

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            self._due = time.monotonic() + _INTERVAL_SECONDS
            await asyncio.sleep(_INTERVAL_SECONDS)
            self._recent = [*self._recent[-9:], max(0.0, time.monotonic() - self._due)]
