"""Looks at one cluster: at its usual pace when called, and at once, then quickly, while something is not clear."""

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from alerts.intervals import Intervals
from alerts.keeper import AlertKeeper
from alerts.observation import Look, overtaken
from ledger.errors import LedgerError
from servers.inventory import Cluster
from servers.state import ClusterState
from servers.verdict import Judgement, Verdict, judge

# Several connections to one server break within moments of each other: one look is for all of them.
SETTLE_SECONDS = 0.01
RECHECK_GROWTH = 1.5

_log = logging.getLogger(__name__)


class Observes(Protocol):
    """Looks at a cluster in one concurrent pass (servers.observe.Observer). Facts up to that old may be reused."""

    async def observe(
        self, cluster: Cluster, *, host_facts_max_age: float, backups_max_age: float, traffic_max_age: float | None
    ) -> ClusterState: ...


Judge = Callable[[Cluster, ClusterState], Judgement]
# What else is to become of a look. It keeps the next pass waiting, and must not raise.
Then = Callable[[Cluster, ClusterState, Judgement], Awaitable[None]]


# Whether a server of the cluster of that name is down by an order, for the moment.
Expected = Callable[[str], bool]


def never(cluster: str) -> bool:
    """Nothing is expected to fall silent."""
    return False


async def nothing(cluster: Cluster, state: ClusterState, judgement: Judgement) -> None:
    """Alerts are all."""


@dataclass(frozen=True, slots=True)
class Figures:
    """How the watch over one cluster is doing. `unknown_since`: when it last stopped to know how the cluster is.
    `left_out`: passes that were due while the one before still ran."""

    cluster: str
    passes: int
    failures: int
    last_seconds: float | None
    last_success_at: datetime | None
    unknown_since: datetime | None
    left_out: int = 0


class Watch:
    """One cluster's passes. `tick` and `attend` may run at once; a look that was overtaken is left aside."""

    def __init__(
        self,
        cluster: Cluster,
        observer: Observes,
        keeper: AlertKeeper,
        intervals: Intervals,
        clock: Callable[[], datetime],
        *,
        judge: Judge = judge,
        then: Then = nothing,
        expected: Expected = never,
    ) -> None:
        self.cluster = cluster
        self._observer = observer
        self._keeper = keeper
        self._intervals = intervals
        self._clock = clock
        self._judge = judge
        self._then = then
        self._expected = expected
        self._alarm = asyncio.Event()
        self._look: Look | None = None
        self._passes = 0
        self._failures = 0
        self._last_seconds: float | None = None
        self._last_success_at: datetime | None = None
        self._unknown_since: datetime | None = None
        # What is not clear at the first look is no news: nothing has changed, and all clusters look for the first time.
        self._clear = False
        self._running: set[asyncio.Task[object]] = set()

    @property
    def look(self) -> Look | None:
        """The last look that succeeded."""
        return self._look

    @property
    def figures(self) -> Figures:
        return Figures(
            cluster=self.cluster.name,
            passes=self._passes,
            failures=self._failures,
            last_seconds=self._last_seconds,
            last_success_at=self._last_success_at,
            unknown_since=self._unknown_since,
        )

    async def tick(self) -> None:
        """A pass at the usual pace. Never raises, but when it is cancelled."""
        was_clear = self._clear
        await self._pass(self._intervals.slow, self._intervals.backups, self._intervals.slow)
        if was_clear and not self._clear:
            self._alarm.set()

    def wake(self) -> None:
        """Have `attend` look at once: something broke."""
        self._alarm.set()

    async def attend(self) -> None:
        """Waits to be woken; then looks, with fresh facts, until it is clear how things are. Ends by cancellation."""
        while True:
            await self._alarm.wait()
            if self._expected(self.cluster.name):
                # Looks cost the servers some of what they need to be up again soon; the usual pace goes on meanwhile.
                await asyncio.sleep(self._intervals.recheck_first)
                continue
            await asyncio.sleep(SETTLE_SECONDS)
            self._alarm.clear()
            await self._look_until_clear()
            # A server whose connections break again and again does not keep us busy without a pause.
            await asyncio.sleep(self._intervals.recheck_first)

    async def stop(self) -> None:
        """Ends the passes that run, and waits for them."""
        tasks = [task for task in self._running if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _look_until_clear(self) -> None:
        loop = asyncio.get_running_loop()
        end = loop.time() + self._intervals.recheck_for
        pause = self._intervals.recheck_first
        while True:
            # Backups and traffic targets as they were last seen: they tell nothing of who is up.
            await self._pass(0.0, math.inf, None)
            if self._clear or loop.time() + pause > end:
                return
            await asyncio.sleep(pause)
            pause = min(pause * RECHECK_GROWTH, self._intervals.recheck_last)

    async def _pass(self, host_facts_max_age: float, backups_max_age: float, traffic_max_age: float | None) -> None:
        task = asyncio.current_task()
        loop = asyncio.get_running_loop()
        started = loop.time()
        if task is not None:
            self._running.add(task)
        try:
            await self._observe(host_facts_max_age, backups_max_age, traffic_max_age)
        except Exception as error:  # whatever it was: the next pass must come
            await self._failed(error)
        finally:
            self._passes += 1
            self._last_seconds = loop.time() - started
            if task is not None:
                self._running.discard(task)

    async def _observe(self, host_facts_max_age: float, backups_max_age: float, traffic_max_age: float | None) -> None:
        async with asyncio.timeout(self._intervals.pass_timeout):
            state = await self._observer.observe(
                self.cluster,
                host_facts_max_age=host_facts_max_age,
                backups_max_age=backups_max_age,
                traffic_max_age=traffic_max_age,
            )
        judgement = self._judge(self.cluster, state)
        if self._look is None or not overtaken(state, self._look.state):
            self._look = Look(self.cluster, state, judgement)
            self._clear = is_clear(judgement)
            self._note_unknown(judgement.verdict is Verdict.UNKNOWN)
        await self._keeper.take(self.cluster, state, judgement)
        await self._then(self.cluster, state, judgement)
        self._last_success_at = self._clock()

    async def _failed(self, error: Exception) -> None:
        self._failures += 1
        self._note_unknown(True)
        _log.warning("a pass over %s failed: %s: %s", self.cluster.name, type(error).__name__, error)
        try:
            await self._keeper.take_failure(self.cluster, error)
        except LedgerError as failure:
            _log.warning("the failed pass over %s could not be recorded: %s", self.cluster.name, failure)
        except Exception:
            _log.exception("the failed pass over %s could not be recorded", self.cluster.name)

    def _note_unknown(self, unknown: bool) -> None:
        if not unknown:
            self._unknown_since = None
        elif self._unknown_since is None:
            self._unknown_since = self._clock()


def is_clear(judgement: Judgement) -> bool:
    """Whether looking again at once would tell nothing new: the verdict stands, and nobody is left in the dark."""
    return judgement.verdict is not Verdict.UNKNOWN and not judgement.unknown
