"""A bandwidth limit: whoever sends waits until the bytes before have had their time."""

import asyncio
from collections.abc import Awaitable, Callable


class BandwidthLimit:
    """`rate` in bytes a second; None: no limit."""

    def __init__(
        self,
        rate: float | None,
        *,
        clock: Callable[[], float] | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rate = rate
        self._clock = clock or asyncio.get_running_loop().time
        self._sleep = sleep
        self._free_at = 0.0

    async def wait_for(self, size: int) -> None:
        """Wait until that many bytes may be sent."""
        if self._rate is None:
            return
        now = self._clock()
        begin = max(now, self._free_at)
        self._free_at = begin + size / self._rate
        if begin > now:
            await self._sleep(begin - now)
