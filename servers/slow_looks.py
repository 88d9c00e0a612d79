"""What takes longer than a look may wait: asked for in the background, one question a cluster at a time."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from servers.inventory import Cluster

T = TypeVar("T")

# An older answer is not told while the next one is waited for: nobody can say any more that it still holds.
LONGEST_USE = 300.0


class SlowLooks(Generic[T]):
    """Keeps the last good answer for each cluster. `ask` has a deadline of its own, and does not raise."""

    def __init__(self, ask: Callable[[Cluster], Awaitable[T]], is_good: Callable[[T], bool]) -> None:
        self._ask = ask
        self._is_good = is_good
        self._kept: dict[str, tuple[float, T]] = {}
        self._asking: dict[str, asyncio.Task[T]] = {}

    async def get(self, cluster: Cluster, max_age: float, patience: float) -> T | None:
        """The answer, kept or new: not older than `max_age` seconds where it comes within `patience` seconds, else the
        last good one of the last minutes; None: there is none. The question goes on meanwhile.
        """
        now = asyncio.get_running_loop().time()
        kept = self._kept.get(cluster.name)
        if kept is not None and max_age > 0 and now - kept[0] <= max_age:
            return kept[1]
        task = self._asking.get(cluster.name)
        if task is None:
            task = asyncio.create_task(self._asked(cluster, now), name=f"slow look at {cluster.name}")
            self._asking[cluster.name] = task
        await asyncio.wait([task], timeout=patience)
        if task.done():
            return task.result()
        return kept[1] if kept is not None and now - kept[0] <= LONGEST_USE else None

    async def _asked(self, cluster: Cluster, now: float) -> T:
        try:
            answer = await self._ask(cluster)
            if self._is_good(answer):
                self._kept[cluster.name] = (now, answer)
            return answer
        finally:
            self._asking.pop(cluster.name, None)
