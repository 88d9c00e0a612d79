"""The monitor's pace: woken by a loss, quick while things are unclear, never piling up, never dying of a failure."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.intervals import Intervals
from alerts.keeper import AlertKeeper
from alerts.monitor import Monitor
from alerts.observation import Look
from alerts.thresholds import Thresholds
from alerts.watch import Expected, never
from ledger.ledger import Ledger
from servers.inventory import Cluster, Server
from servers.state import ClusterState
from servers.verdict import Judgement
from tests.alerts.looks import CLUSTER, look, nothing_known, primary_down

DB1 = CLUSTER.server("db1")

# One tick at the start, then none within a test: what happens is what woke the watch.
RARE = Intervals(fast=3600, slow=3600, backups=3600, recheck_first=0.01, recheck_last=0.02, recheck_for=1.0)
PATIENCE = 10.0

Next = Callable[[], Look]


class ScriptedObserver:
    """Gives the looks of a script, the last one for ever, and notes how it was asked."""

    def __init__(self, *script: Next) -> None:
        self.script = list(script)
        self.asked: list[tuple[float, float]] = []
        self.at_once = self.most_at_once = 0
        self.given: dict[str, Judgement] = {}
        self._changed = asyncio.Condition()

    async def observe(
        self, cluster: Cluster, *, host_facts_max_age: float, backups_max_age: float, traffic_max_age: float | None
    ) -> ClusterState:
        self.asked.append((host_facts_max_age, backups_max_age))
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            async with self._changed:
                self._changed.notify_all()
            seen = self.script.pop(0)() if len(self.script) > 1 else self.script[0]()
            await asyncio.sleep(0)
            state = replace(seen.state, cluster=cluster.name, at=datetime.now(UTC))
            self.given[state.at.isoformat()] = seen.judgement
            return state
        finally:
            self.at_once -= 1

    def judge(self, cluster: Cluster, state: ClusterState) -> Judgement:
        return self.given[state.at.isoformat()]

    async def asked_times(self, count: int) -> None:
        async with asyncio.timeout(PATIENCE), self._changed:
            await self._changed.wait_for(lambda: len(self.asked) >= count)


class Connections:
    """Stands for the kept connections: tells its listeners when the test says that one broke."""

    def __init__(self) -> None:
        self.listeners: list[Callable[[Server], None]] = []

    def on_lost(self, listener: Callable[[Server], None]) -> Callable[[], None]:
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def lose(self, server: Server) -> None:
        for listener in tuple(self.listeners):
            listener(server)


class Stage:
    def __init__(self, ledger: Ledger) -> None:
        self.connections = Connections()
        self.keeper = AlertKeeper(ledger, [CLUSTER], Thresholds(cannot_see_for=0), lambda: datetime.now(UTC))
        self.monitors: list[Monitor] = []

    def monitor(self, observer: ScriptedObserver, intervals: Intervals = RARE, expected: Expected = never) -> Monitor:
        monitor = Monitor(
            [CLUSTER], observer, self.keeper, self.connections, intervals, judge=observer.judge, expected=expected
        )
        self.monitors.append(monitor)
        monitor.start()
        return monitor

    async def firing(self, rule: str, fires: bool = True) -> None:
        """Waits until an alert of that rule fires, or none does."""
        async with asyncio.timeout(PATIENCE):
            while (rule in {row.rule for row in self.keeper.firing()}) is not fires:
                await asyncio.sleep(0.01)


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        stage = Stage(ledger)
        yield stage
        for monitor in stage.monitors:
            await monitor.stop()


async def test_a_lost_connection_wakes_the_watch_with_fresh_host_facts(stage: Stage) -> None:
    observer = ScriptedObserver(look, primary_down)
    monitor = stage.monitor(observer)
    await observer.asked_times(1)
    stage.connections.lose(DB1)
    await stage.firing("primary_down")
    assert observer.asked[0] == (3600, 3600)
    assert observer.asked[1][0] == 0.0
    last = monitor.last("shop")
    assert last is not None
    assert last.judgement == primary_down().judgement


async def test_many_losses_at_once_are_one_look(stage: Stage) -> None:
    observer = ScriptedObserver(look)
    stage.monitor(observer)
    await observer.asked_times(1)
    for _ in range(50):
        stage.connections.lose(DB1)
    await observer.asked_times(2)
    stage.connections.lose(replace(DB1, conninfo="host=elsewhere"))
    await asyncio.sleep(0.1)
    assert len(observer.asked) == 2


async def test_a_loss_by_an_order_wakes_the_watch_once_the_order_has_brought_a_server_up_again(stage: Stage) -> None:
    by_order = True
    observer = ScriptedObserver(look, primary_down)
    stage.monitor(observer, expected=lambda cluster: by_order)
    await observer.asked_times(1)
    stage.connections.lose(DB1)
    await asyncio.sleep(0.1)
    assert len(observer.asked) == 1
    by_order = False
    await stage.firing("primary_down")


async def test_while_it_is_unclear_it_looks_again_quickly_until_it_is_clear(stage: Stage) -> None:
    observer = ScriptedObserver(look, nothing_known, nothing_known, nothing_known, primary_down)
    stage.monitor(observer)
    await observer.asked_times(1)
    stage.connections.lose(DB1)
    await stage.firing("primary_down")
    assert len(observer.asked) == 5


async def test_a_tick_that_finds_things_unclear_starts_the_quick_looks(stage: Stage) -> None:
    observer = ScriptedObserver(look, nothing_known, nothing_known, look)
    monitor = stage.monitor(observer, replace(RARE, fast=0.2))
    await observer.asked_times(4)
    async with asyncio.timeout(PATIENCE):
        while monitor.figures()[0].unknown_since is not None:
            await asyncio.sleep(0.01)


async def test_quick_looks_end_when_it_stays_unclear(stage: Stage) -> None:
    observer = ScriptedObserver(look, nothing_known)
    monitor = stage.monitor(observer, replace(RARE, recheck_for=0.05))
    await observer.asked_times(1)
    stage.connections.lose(DB1)
    await observer.asked_times(2)
    settled = 0
    async with asyncio.timeout(PATIENCE):
        while settled != (settled := len(observer.asked)):
            await asyncio.sleep(0.3)
    assert monitor.figures()[0].unknown_since is not None


async def test_what_is_unclear_at_the_first_look_is_looked_at_at_the_usual_pace(stage: Stage) -> None:
    """At the start every cluster connects for the first time: a hundred of them looking quickly would make it slow."""
    observer = ScriptedObserver(nothing_known)
    stage.monitor(observer)
    await observer.asked_times(1)
    await asyncio.sleep(0.2)
    assert len(observer.asked) == 1


async def test_a_pass_that_fails_is_visible_and_the_next_one_comes(stage: Stage) -> None:
    def broken() -> Look:
        raise ZeroDivisionError("nonsense")

    observer = ScriptedObserver(broken, look)
    monitor = stage.monitor(observer, replace(RARE, fast=0.2))
    await stage.firing("cannot_see")
    assert "nonsense" in stage.keeper.firing()[0].evidence
    await stage.firing("cannot_see", fires=False)
    (figures,) = monitor.figures()
    assert figures.failures == 1
    assert figures.passes >= 2
    assert figures.last_success_at is not None
    assert figures.unknown_since is None


class HangingObserver(ScriptedObserver):
    """Never answers until the test lets it."""

    def __init__(self) -> None:
        super().__init__(look)
        self.let = asyncio.Event()

    async def observe(
        self, cluster: Cluster, *, host_facts_max_age: float, backups_max_age: float, traffic_max_age: float | None
    ) -> ClusterState:
        self.asked.append((host_facts_max_age, backups_max_age))
        await self.let.wait()
        return await super().observe(
            cluster,
            host_facts_max_age=host_facts_max_age,
            backups_max_age=backups_max_age,
            traffic_max_age=traffic_max_age,
        )


async def test_an_overrun_is_counted_and_never_piles_up(stage: Stage) -> None:
    observer = HangingObserver()
    monitor = stage.monitor(observer, replace(RARE, fast=0.02))
    async with asyncio.timeout(PATIENCE):
        while monitor.figures()[0].left_out < 3:
            await asyncio.sleep(0.01)
    assert len(observer.asked) == 1
    observer.let.set()
    async with asyncio.timeout(PATIENCE):
        while monitor.figures()[0].passes < 2:
            await asyncio.sleep(0.01)
    assert observer.most_at_once == 1


async def test_a_pass_that_hangs_is_given_up(stage: Stage) -> None:
    observer = HangingObserver()
    monitor = stage.monitor(observer, replace(RARE, pass_timeout=0.05))
    await stage.firing("cannot_see")
    assert monitor.figures()[0].failures >= 1


async def test_stopping_ends_a_pass_that_hangs(stage: Stage) -> None:
    observer = HangingObserver()
    monitor = stage.monitor(observer)
    await asyncio.sleep(0.05)
    async with asyncio.timeout(PATIENCE):
        await monitor.stop()
        await monitor.stop()
    assert stage.connections.listeners == []
    assert monitor.figures()[0].failures == 0


async def test_many_clusters_do_not_beat_together(stage: Stage) -> None:
    clusters = [replace(CLUSTER, name=f"shop{number}") for number in range(20)]
    observer = ScriptedObserver(look)
    monitor = Monitor(
        clusters, observer, stage.keeper, stage.connections, replace(RARE, fast=0.4), judge=observer.judge
    )
    stage.monitors.append(monitor)
    monitor.start()
    await observer.asked_times(40)
    assert observer.most_at_once < len(clusters) / 2
