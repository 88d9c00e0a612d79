"""A practice pair with the alerts watching it: real SQL, real SSH, real ledger."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alerts.intervals import Intervals
from alerts.keeper import AlertKeeper
from alerts.monitor import Monitor
from alerts.thresholds import Thresholds
from lab.errors import LabError
from lab.faults import FaultKind
from lab.world import Lab
from ledger import outbox
from ledger.alerts import AlertRow, Severity, history
from ledger.ledger import Ledger
from ledger.outbox import OutboxItem
from servers.inventory import Cluster
from servers.observe import Observer
from servers.sql import Sessions
from servers.ssh import Shells
from servers.watching.hosts.looks import HostLooks
from servers.watching.watches import Watches
from tests.servers.pair import cluster_of, now

PATIENCE = 30.0

# As it would run, only faster where the settings allow it.
SOON = Thresholds(
    no_primary_for=1,
    primary_unreachable_for=0.5,
    standby_down_for=0.5,
    replication_broken_for=0.5,
    replay_lag_for=1,
    archive_failing_for=1,
    cannot_see_for=2,
)
PACE = Intervals(fast=0.25, slow=1, backups=1)


class LabScene:
    """What happens on the lab, as the ledger and the outbox tell it."""

    def __init__(self, lab: Lab, cluster: Cluster, ledger: Ledger, keeper: AlertKeeper, monitor: Monitor) -> None:
        self.lab = lab
        self.cluster = cluster
        self.ledger = ledger
        self.keeper = keeper
        self.monitor = monitor

    async def rows(self) -> list[AlertRow]:
        return await self.ledger.read(lambda db: history(db))

    async def fires(self, rule: str, severity: Severity | None = None) -> AlertRow:
        """Waits until an alert of that rule fires; with a severity, until it has that one: a disk fills by and by."""
        async with asyncio.timeout(PATIENCE):
            while True:
                row = await self._until(rule, firing=True)
                if severity in (None, row.severity):
                    return row
                await asyncio.sleep(0.02)

    async def resolves(self, rule: str) -> AlertRow:
        """Waits until no alert of that rule fires, of one that did."""
        return await self._until(rule, firing=False)

    async def _until(self, rule: str, *, firing: bool) -> AlertRow:
        try:
            async with asyncio.timeout(PATIENCE):
                while True:
                    of_rule = [row for row in await self.rows() if row.rule == rule]
                    fires_now = [row for row in of_rule if row.resolved_at is None]
                    if of_rule and bool(fires_now) is firing:
                        return (fires_now or of_rule)[0]
                    await asyncio.sleep(0.02)
        except TimeoutError:
            last = self.monitor.last(self.cluster.name)
            raise AssertionError(f"{rule} firing={firing} did not come; the last look: {last}") from None

    async def start_again(self, server: str) -> None:
        """Starts a server whose postmaster was killed. Until init has reaped it, PostgreSQL takes it for alive."""
        async with asyncio.timeout(PATIENCE):
            while True:
                try:
                    await self.lab.faults.apply(FaultKind.START, server)
                except LabError:
                    await asyncio.sleep(0.2)
                else:
                    return

    async def cards(self) -> list[OutboxItem]:
        """What waits to be sent."""
        due = await self.ledger.read(lambda db: outbox.due(db, now()))
        return [delivery.item for delivery in due]

    async def watched(self, passes: int) -> None:
        """Waits until so many more passes were made."""
        wanted = self.monitor.figures()[0].passes + passes
        async with asyncio.timeout(PATIENCE):
            while self.monitor.figures()[0].passes < wanted:
                await asyncio.sleep(0.02)


@asynccontextmanager
async def watched_lab(
    lab: Lab, directory: Path, thresholds: Thresholds = SOON, pace: Intervals = PACE
) -> AsyncIterator[LabScene]:
    """The alerts watching a lab; the first look has been taken."""
    clusters = {lab.cluster: cluster_of(lab)}
    shells, sessions = Shells(), Sessions()
    async with await Ledger.open(directory / "ledger.sqlite3") as ledger:
        keeper = AlertKeeper(ledger, clusters.values(), thresholds, now)
        observer = Observer(clusters, shells, sessions, now, watches=Watches(hosts=HostLooks(shells, now)))
        monitor = Monitor(clusters.values(), observer, keeper, sessions, pace)
        await keeper.start()
        monitor.start()
        try:
            scene = LabScene(lab, clusters[lab.cluster], ledger, keeper, monitor)
            await scene.watched(2)
            yield scene
        finally:
            await monitor.stop()
            await sessions.close()
            await shells.close()
