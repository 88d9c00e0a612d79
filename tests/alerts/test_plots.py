"""An alert gets a plot of the last hours into its thread, once, and only where it has a thread and a course to show."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlite_utils import Database

from alerts.plots import AlertPlots, watched_by_rules
from alerts.probes.disks import DISK_USED
from alerts.thresholds import Thresholds
from ledger import outbox
from ledger.alerts import AlertRow, AlertState, Severity
from ledger.history.history import History
from ledger.ledger import Ledger
from ledger.outbox import Delivery, OutboxItem
from ledger.page import Page, Plot, Tone
from ledger.units import Unit
from tests.alerts.looks import CLUSTER, NOW

FIRED = NOW - timedelta(minutes=1)
DISK = AlertRow(
    id="A1", rule="disk", cluster="shop", subject="db1 /", severity=Severity.WARNING, state=AlertState.FIRING,
    value="85 % used", threshold="below 80 %", evidence="", group="alert/A1", since=FIRED, last_seen_at=NOW,
    fired_at=FIRED,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Used:
    value: float
    name: str = DISK_USED
    subject: str = "db1 /"
    unit: Unit = Unit.SHARE


@dataclass
class Scene:
    ledger: Ledger
    history: History
    alerts: list[AlertRow] = field(default_factory=list)
    now: datetime = NOW

    def firing(self, cluster: str | None = None) -> tuple[AlertRow, ...]:
        return tuple(self.alerts)

    def thresholds(self, cluster: str) -> Thresholds:
        return Thresholds()

    def plots(self) -> AlertPlots:
        return AlertPlots(self, self.ledger, self.history, [CLUSTER], watched_by_rules(()), lambda: self.now)

    async def was(self, *values: float) -> None:
        """One value each minute, the last one a minute ago."""
        for number, value in enumerate(reversed(values)):
            self.history.record("shop", NOW - timedelta(minutes=number + 1), [Used(value)])
        await self.history.flush()

    async def told(self, alert: AlertRow) -> None:
        """The alert's card is put in line, as the keeper does it."""
        self.alerts.append(alert)
        item = OutboxItem(FIRED, "C0OPS", f"alert/{alert.id}", Page("disk", Tone.WARNING, "disk"))
        await self.ledger.write(lambda db: outbox.put(db, item))

    async def in_thread(self) -> list[Delivery]:
        """What would go into the thread, once the card is there."""

        def deliver(db: Database) -> list[Delivery]:
            for one in outbox.due(db, NOW):
                if one.item.parent is None:
                    outbox.claim(db, one.item.id, NOW)
                    outbox.delivered(db, [one.item.id], "C0OPS", "1.0", NOW)
            return outbox.due(db, NOW)

        return await self.ledger.write(deliver)


@pytest.fixture
async def scene(tmp_path: Path) -> AsyncIterator[Scene]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        history = History(tmp_path / "ledger.history.sqlite3", 10**9, lambda: NOW)
        yield Scene(ledger, history)
        await history.close()


async def test_it_shows_what_set_it_off_with_the_thresholds(scene: Scene) -> None:
    await scene.was(0.5, 0.6, 0.7, 0.85)
    await scene.told(DISK)
    await scene.plots().look()
    (reply,) = await scene.in_thread()
    assert (reply.item.channel, reply.item.parent) == ("C0OPS", "alert/A1")
    (plot,) = (part for part in reply.item.page.parts if isinstance(part, Plot))
    assert [point.value for point in plot.lines[0].known] == [0.5, 0.6, 0.7, 0.85]
    assert [limit.value for limit in plot.limits] == [0.8, 0.9]
    assert "Between 50 % and 85 % in the last 3 h" in reply.item.page.summary


async def test_it_comes_once_also_after_a_restart(scene: Scene) -> None:
    await scene.was(0.85)
    await scene.told(DISK)
    plots = scene.plots()
    await plots.look()
    await plots.look()
    await scene.plots().look()
    assert len(await scene.in_thread()) == 1


@pytest.mark.parametrize(
    "alert",
    [
        replace(DISK, group="alert/A0"),
        replace(DISK, fired_at=NOW - timedelta(seconds=5)),
        replace(DISK, fired_at=NOW - timedelta(hours=2)),
        replace(DISK, subject="db9 /"),
        replace(DISK, rule="primary_down"),
        replace(DISK, rule="gone_rule"),
    ],
    ids=["held back", "not yet in the history", "long ago", "nothing recorded", "yes or no", "no such rule"],
)
async def test_there_is_none_where_there_is_nothing_to_show(scene: Scene, alert: AlertRow) -> None:
    await scene.was(0.85)
    await scene.told(alert)
    await scene.plots().look()
    assert await scene.in_thread() == []


async def test_without_a_thread_there_is_nothing_to_put_it_into(scene: Scene) -> None:
    await scene.was(0.85)
    scene.alerts.append(DISK)
    await scene.plots().look()
    assert await scene.in_thread() == []
