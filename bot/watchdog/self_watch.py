"""Watches Understudy itself, and what others alert of no cluster that is known here: each becomes alerts like any."""

import asyncio
import shutil
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from pathlib import Path

import structlog

from alerts.itself import OwnClusters, OwnState, Ping
from alerts.keeper import AlertKeeper
from alerts.monitor import Monitor
from alerts.outside import OutsideAlerts
from alerts.probes.itself import own
from alerts.probes.outside import observations_of
from bot.http.health import Vitals
from bot.watchdog.all_is_well import ClusterWord, day_due, word_page
from bot.watchdog_settings import WatchdogSettings
from ledger import outbox
from ledger.copies import LedgerCopies
from ledger.drills import RESTORING, drills
from ledger.errors import LedgerError
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem
from servers.blocking import in_thread

EVERY = 5.0
_DISK_SECONDS = 2.0  # for a file system that hangs

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class SelfWatch:
    """Call `run` as a task, once the keeper was started."""

    settings: WatchdogSettings
    clusters: OwnClusters
    ledger: Ledger
    keeper: AlertKeeper
    monitor: Monitor
    outside: OutsideAlerts
    vitals: Callable[[], Awaitable[Vitals]]
    ping: Callable[[], Ping | None]
    copies: Callable[[], LedgerCopies | None]
    now: Callable[[], datetime]

    async def run(self) -> None:
        """Until cancelled. What fails is told in the log, and tried again."""
        while True:
            await asyncio.sleep(EVERY)
            try:
                await self.look()
                await self.say_all_is_well()
            except LedgerError as error:
                _log.error("watchdog.not_recorded", error=str(error))
            except Exception:
                _log.exception("watchdog.broke")

    async def look(self) -> None:
        """One look at itself. Raises LedgerError."""
        state = await self._state()
        own_alerts = observations_of(self.outside.of(self.clusters.own.name))
        await self.keeper.take_own(self.clusters.own, state.at, (*own(state), *own_alerts))
        others = observations_of(self.outside.of(self.clusters.elsewhere.name))
        await self.keeper.take_own(self.clusters.elsewhere, state.at, others)

    async def say_all_is_well(self) -> None:
        """Once a day, at its time. Raises LedgerError."""
        at = self.settings.all_is_well_at
        day = None if at == "never" else day_due(at, self.now())
        if day is None:
            return
        card = f"all is well/{day}"
        if await self.ledger.read(lambda db: outbox.card(db, card)) is not None:
            return
        failed = sum(figures.failures for figures in self.monitor.figures())
        page = word_page(await self._words(), self.keeper.firing(), failed)
        item = OutboxItem(self.now(), self.clusters.own.channel, card, page)
        await self.ledger.write(lambda db: outbox.put(db, item))

    async def _words(self) -> tuple[ClusterWord, ...]:
        vitals, now, words = await self.vitals(), self.now(), []
        for figures in self.monitor.figures():
            name = figures.cluster
            look, age = self.monitor.last(name), vitals.cluster_ages.get(name)
            # What was seen long ago says nothing of now.
            lately = look is not None and age is not None and age <= vitals.look_limit
            backups = look.state.backups.backups if look is not None and look.state.backups is not None else ()
            ended = [backup.finished_at for backup in backups if backup.finished_at is not None]
            held = await self.ledger.read(partial(drills, cluster=name, kinds=RESTORING))
            passed = [one.at for one in held if one.passed]
            words.append(
                ClusterWord(
                    name,
                    look.judgement.verdict if look is not None and lately else None,
                    (now - max(ended)).total_seconds() if ended else None,
                    (now - max(passed)).total_seconds() if passed else None,
                )
            )
        return tuple(words)

    async def _state(self) -> OwnState:
        vitals = await self.vitals()
        free, used, problem = await self._disk(self.ledger.path)
        return OwnState(
            at=self.now(),
            look_ages=vitals.cluster_ages,
            outbox_pending=vitals.outbox_pending,
            outbox_oldest_age=vitals.outbox_oldest_age,
            loop_lag=vitals.loop_lag,
            ledger_free=free,
            ledger_used=used,
            ledger_problem=problem,
            ping=self.ping(),
            copies=self.copies(),
        )

    async def _disk(self, ledger: Path) -> tuple[int | None, float | None, str]:
        try:
            usage = await in_thread(partial(shutil.disk_usage, ledger.parent), _DISK_SECONDS)
        except (OSError, TimeoutError) as error:
            return None, None, f"its file system cannot be looked at: {type(error).__name__}"
        return usage.free, usage.used / (usage.used + usage.free) if usage.used + usage.free else None, ""
