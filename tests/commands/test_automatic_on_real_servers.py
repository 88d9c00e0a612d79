"""Failing over without a person on a real pair: the monitor's own looks, real SSH, real write load."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest

from alerts.keeper import AlertKeeper
from alerts.monitor import Monitor
from commands.asked import Asked
from commands.automatic.clicks import Choice
from commands.automatic.policy import AutomaticFailover, AutomaticPolicy
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from lab.errors import LabError
from lab.faults import FaultKind
from lab.server import LabServer
from ledger.alerts import AlertRow, history
from ledger.audit_chain import verify
from ledger.operations import Operation, list_operations
from ledger.outages import Outage, OutageState, open_outage
from servers.inventory import Cluster, CommandFence
from tests.alerts.lab_scene import PACE, SOON
from tests.commands.test_on_real_servers import Road, road
from tests.servers.pair import now

pytestmark = pytest.mark.lab

PATIENCE = 30.0
QUICKLY = AutomaticFailover(after=timedelta(seconds=1), countdown=timedelta(seconds=1))
POLICY = AutomaticPolicy(QUICKLY, fence_returning_primary=True)
SLOWLY = replace(POLICY, failover=replace(QUICKLY, countdown=timedelta(seconds=2)))

# Ends the postmaster that has this data directory, by its own pid file, whatever SSH says.
_SWITCH_OFF = """
import os, signal, sys, time
pid = int(open(sys.argv[1] + "/postmaster.pid").readline())
os.kill(pid, signal.SIGKILL)
while os.path.exists(f"/proc/{pid}") and open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] not in "ZX":
    time.sleep(0.01)
print(f"{os.environ['UNDERSTUDY_SERVER']} has no power")
"""

# 0 where that process is no more, 1 where it is: what it looks at is not what the switch itself said.
_IS_OFF = """
import os, sys
pid = int(open(sys.argv[1] + "/postmaster.pid").readline())
sys.exit(os.path.exists(f"/proc/{pid}") and open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] not in "ZX")
"""


@dataclass
class Watched:
    """The pair with the whole monitor over it, and nobody at the keyboard."""

    road: Road
    monitor: Monitor

    @property
    def server(self) -> Callable[[str], LabServer]:
        return self.road.lab.server

    async def until(self, true: Callable[[], Awaitable[bool]], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                while not await true():
                    await asyncio.sleep(0.05)
        except TimeoutError:
            raise AssertionError(f"{what} did not come: {self.monitor.last(self.road.cluster.name)}") from None

    async def passes(self, count: int) -> None:
        wanted = self.monitor.figures()[0].passes + count

        async def made() -> bool:
            return self.monitor.figures()[0].passes >= wanted

        await self.until(made, f"{count} looks")

    async def operations(self) -> list[Operation]:
        return await self.road.world.ledger.read(list_operations)

    async def succeeded(self, kind: str) -> Operation:
        async def done() -> bool:
            return any((one.kind, one.state) == (kind, "succeeded") for one in await self.operations())

        await self.until(done, f"a {kind} that succeeds")
        return next(one for one in await self.operations() if one.kind == kind)

    async def outage(self) -> Outage | None:
        return await self.road.world.ledger.read(lambda db: open_outage(db, self.road.cluster.name))

    async def announced(self) -> Outage:
        async def stands() -> bool:
            outage = await self.outage()
            return outage is not None and outage.state is OutageState.ANNOUNCED

        await self.until(stands, "the announcement")
        outage = await self.outage()
        assert outage is not None
        return outage

    async def alert(self, rule: str) -> AlertRow:
        async def fired() -> bool:
            return any(row.rule == rule for row in await self.road.world.ledger.read(history))

        await self.until(fired, rule)
        return next(row for row in await self.road.world.ledger.read(history) if row.rule == rule)


@asynccontextmanager
async def watched(
    directory: Path, policy: AutomaticPolicy, change: Callable[[Cluster], Cluster] = lambda cluster: cluster
) -> AsyncIterator[Watched]:
    async with road(directory) as made:
        cluster = change(made.cluster)
        world = replace(made.world, clusters={cluster.name: cluster}, automatic={cluster.name: policy})
        made.world, made.cluster, made.dispatcher = world, cluster, Dispatcher(world, COMMANDS)
        keeper = AlertKeeper(world.ledger, [cluster], SOON, now)
        sessions = made.world.observer._sessions
        monitor = Monitor([cluster], world.observer, keeper, sessions, PACE, then=made.dispatcher.see)
        await keeper.start()
        monitor.start()
        try:
            scene = Watched(made, monitor)
            await scene.passes(6)  # more than a second: the primary's rate of writing is known
            yield scene
        finally:
            await monitor.stop()
            await made.dispatcher.shutdown(1.0)


async def test_a_dead_primary_is_failed_over_from_and_fenced_when_it_comes_back(tmp_path: Path) -> None:
    async with watched(tmp_path, POLICY) as scene:
        load = scene.road.lab.load
        await load.start(rate=100.0)
        await load.wait_for_rows(50)
        await scene.passes(4)
        await scene.road.lab.faults.apply(FaultKind.KILL, "db1")
        operation = await scene.succeeded("failover")
        assert operation.reason == "Primary db1 is down; automatic failover"
        assert not await scene.server("db2").in_recovery()
        rows = len(load.acknowledged())
        await load.wait_for_rows(rows + 20)
        assert (await load.stop_and_report("db2")).lost_received == ()

        # Somebody takes the mark away and starts it: it would take writes beside the new primary.
        db1 = scene.server("db1")
        (db1.data_directory / "standby.signal").unlink()
        with suppress(LabError):  # it may be fenced before it has said that it is up
            await db1.start()
        await scene.succeeded("fence")
        assert db1.postmaster_pid() is None
        assert (db1.data_directory / "standby.signal").exists()
        alert = await scene.alert("split_brain")
        forked = (scene.server("db2").data_directory / "pg_wal/00000002.history").read_text().split()[1]
        assert "db1 takes writes on timeline 1" in alert.evidence
        assert "db2 takes writes on timeline 2" in alert.evidence
        assert f"db1 and db2 part at {forked}: " in alert.evidence
        assert (await scene.road.world.ledger.read(verify)).ok


async def test_stop_stops_it(tmp_path: Path) -> None:
    async with watched(tmp_path, SLOWLY) as scene:
        await scene.road.lab.faults.apply(FaultKind.KILL, "db1")
        outage = await scene.announced()
        asked = Asked("delivery-stop", "U-bob", "bob", scene.road.asks("bob").face, "C0OPS", "stop", now())
        await scene.road.dispatcher.press(asked, f"{outage.id}.{outage.round}", Choice.STOP)
        await scene.passes(14)  # three seconds and a half
        assert now() > (outage.acts_at or now())
        assert await scene.server("db2").in_recovery()
        assert await scene.operations() == []


async def test_a_frozen_primary_whose_host_is_silent_is_fenced_by_its_hook(tmp_path: Path) -> None:
    def hooked(cluster: Cluster) -> Cluster:
        db1, db2 = cluster.servers
        python = (sys.executable, "-c")
        directory = db1.service.data_directory
        hook = CommandFence((*python, _SWITCH_OFF, directory), (*python, _IS_OFF, directory))
        return replace(cluster, servers=(replace(db1, fence=hook), db2))

    async with watched(tmp_path, POLICY, hooked) as scene:
        await scene.road.lab.faults.apply(FaultKind.FREEZE, "db1")
        await scene.road.lab.faults.apply(FaultKind.STOP_SSH, "db1")
        operation = await scene.succeeded("failover")
        assert scene.server("db1").postmaster_pid() is None
        assert not await scene.server("db2").in_recovery()
        report = await scene.road.dispatcher.wait(operation.id)
        assert "db1 has no power" in repr(report.page)
