"""Where the traffic targets of a cluster lead clients, asked now and then and kept in between."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from servers.engines.engine import ActionFailed
from servers.state import Answer, Outcome, TargetView
from servers.traffic.target import TrafficTarget

LOOK_SECONDS = 2.0  # for all targets of a cluster at once


class TrafficLooks:
    """Looks at the targets of each cluster. `clock` gives aware times in UTC."""

    def __init__(self, targets: Mapping[str, Sequence[TrafficTarget]], clock: Callable[[], datetime]) -> None:
        self._targets = targets
        self._clock = clock
        self._kept: dict[str, tuple[float, tuple[TargetView, ...]]] = {}

    async def look(self, cluster: str, max_age: float | None) -> tuple[TargetView, ...]:
        """A view a target, not older than `max_age` seconds; None: as they were last seen, nobody is asked. Never
        raises: what cannot be seen says so."""
        kept = self._kept.get(cluster)
        now = asyncio.get_running_loop().time()
        if max_age is None or (kept is not None and now - kept[0] <= max_age):
            return kept[1] if kept is not None else ()
        views = tuple(await asyncio.gather(*(self._view(target) for target in self._targets.get(cluster, ()))))
        self._kept[cluster] = (now, views)
        return views

    async def _view(self, target: TrafficTarget) -> TargetView:
        at, started = self._clock(), time.perf_counter()

        def unseen(outcome: Outcome, why: str) -> TargetView:
            answer = Answer(outcome, at, time.perf_counter() - started, why)
            return TargetView(target.name, target.kind, answer, None)

        try:
            async with asyncio.timeout(LOOK_SECONDS):
                seen = await target.look(timeout=LOOK_SECONDS * 0.9)
        except TimeoutError:
            return unseen(Outcome.TIMED_OUT, f"no answer within {LOOK_SECONDS:g} s")
        except ActionFailed as failed:
            return unseen(Outcome.FAILED, str(failed))
        answer = Answer(Outcome.ANSWERED, at, time.perf_counter() - started)
        return TargetView(target.name, target.kind, answer, seen.server, seen.held, seen.detail)
