"""Drives the watch over every cluster: APScheduler keeps the pace, lost connections break it."""

import asyncio
import logging
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from apscheduler.events import EVENT_JOB_MAX_INSTANCES, JobSubmissionEvent
from apscheduler.executors.asyncio import AsyncIOExecutor
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from alerts.intervals import Intervals
from alerts.keeper import AlertKeeper
from alerts.observation import Look
from alerts.watch import Expected, Figures, Judge, Observes, Then, Watch, never, nothing
from servers.inventory import Cluster, Server
from servers.verdict import judge

STOP_SECONDS = 3.0
PASSES = "passes"

_log = logging.getLogger(__name__)


class TellsOfLoss(Protocol):
    """Kept connections (servers.sql.Sessions): calls with the server as soon as one to it breaks."""

    def on_lost(self, listener: Callable[[Server], None]) -> Callable[[], None]: ...


class Monitor:
    """Watches the clusters from `start` to `stop`. The keeper must have been started."""

    def __init__(
        self,
        clusters: Iterable[Cluster],
        observer: Observes,
        keeper: AlertKeeper,
        sessions: TellsOfLoss,
        intervals: Intervals,
        *,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        judge: Judge = judge,
        then: Then = nothing,
        expected: Expected = never,
    ) -> None:
        """`then` is handed each look once its alerts are recorded. A loss that is `expected` wakes no watch."""
        self._intervals = intervals
        self._sessions = sessions
        self._watches = {
            cluster.name: Watch(cluster, observer, keeper, intervals, clock, judge=judge, then=then, expected=expected)
            for cluster in clusters
        }
        self._overruns = dict.fromkeys(self._watches, 0)
        self._scheduler: AsyncIOScheduler | None = None
        self._attending: list[asyncio.Task[None]] = []
        self._stop_listening: Callable[[], None] = lambda: None

    def start(self) -> None:
        """Begins. Must be called within the event loop; the first pass over each cluster comes within one interval."""
        scheduler = AsyncIOScheduler(timezone=UTC, logger=_quiet_logger(), executors={PASSES: AsyncIOExecutor()})
        scheduler.add_listener(self._overran, EVENT_JOB_MAX_INSTANCES)
        now, count = datetime.now(UTC), max(1, len(self._watches))
        for number, (name, watch) in enumerate(self._watches.items()):
            # Evenly spread over the interval, so that many clusters do not beat together.
            offset = timedelta(seconds=self._intervals.fast * number / count)
            scheduler.add_job(
                watch.tick,
                "interval",
                seconds=self._intervals.fast,
                id=name,
                executor=PASSES,
                next_run_time=now + offset,
                coalesce=True,
                max_instances=1,
                misfire_grace_time=None,
            )
            self._attending.append(asyncio.create_task(watch.attend(), name=f"attend {name}"))
        self._stop_listening = self._sessions.on_lost(self._lost)
        scheduler.start()
        self._scheduler = scheduler

    async def stop(self) -> None:
        """Ends every pass and waits for them, three seconds at most. Stopping again does nothing."""
        self._stop_listening()
        self._stop_listening = lambda: None
        if self._scheduler is not None:
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        attending, self._attending = self._attending, []
        for task in attending:
            task.cancel()
        try:
            async with asyncio.timeout(STOP_SECONDS):
                await asyncio.gather(*(watch.stop() for watch in self._watches.values()))
                await asyncio.gather(*attending, return_exceptions=True)
        except TimeoutError:
            _log.warning("the monitor's last passes did not end within %s s", STOP_SECONDS)

    def last(self, cluster: str) -> Look | None:
        """The last look at the cluster and its verdict; None before the first. KeyError for an unknown cluster."""
        return self._watches[cluster].look

    def figures(self) -> tuple[Figures, ...]:
        """How the watch over each cluster is doing."""
        return tuple(replace(watch.figures, left_out=self._overruns[name]) for name, watch in self._watches.items())

    def _lost(self, server: Server) -> None:
        """Only those who use that connection: names repeat, and a hundred clusters must not all look at once."""
        for watch in self._watches.values():
            if any(server.conninfo == known.conninfo for known in watch.cluster.servers):
                watch.wake()

    def _overran(self, event: JobSubmissionEvent) -> None:
        if event.job_id in self._overruns:
            self._overruns[event.job_id] += 1


def _quiet_logger() -> logging.Logger:
    """APScheduler writes two lines for each pass and one for each overrun; passes tell of their failures themselves."""
    logging.getLogger(f"apscheduler.executors.{PASSES}").setLevel(logging.CRITICAL)
    quiet = logging.getLogger(f"{__name__}.schedule")
    quiet.setLevel(logging.ERROR)
    return quiet
