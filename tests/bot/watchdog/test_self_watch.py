"""What the daily word says of clusters that are not seen any more."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import pytest

from alerts.itself import OwnClusters
from alerts.observation import Look
from alerts.watch import Figures
from bot.http.health import Vitals
from bot.watchdog.self_watch import SelfWatch
from bot.watchdog_settings import WatchdogSettings
from ledger import outbox
from ledger.alerts import AlertRow
from ledger.ledger import Ledger
from servers.inventory import Cluster
from tests.alerts.looks import look

NOW = datetime(2026, 3, 1, 8, 0, 30, tzinfo=UTC)


@pytest.fixture
async def ledger(tmp_path: Path) -> AsyncIterator[Ledger]:
    async with await Ledger.open(tmp_path / "ledger.sqlite3") as ledger:
        yield ledger


@dataclass(frozen=True)
class _Monitor:
    """The last look at the shop said that it is healthy."""

    def figures(self) -> Sequence[Figures]:
        return (Figures("shop", 1, 0, 0.1, NOW, None),)

    def last(self, cluster: str) -> Look:
        return look()


@dataclass(frozen=True)
class _Quiet:
    def firing(self, cluster: str | None = None) -> tuple[AlertRow, ...]:
        return ()


def watch_of(ledger: Ledger, age: float) -> SelfWatch:
    async def vitals() -> Vitals:
        return Vitals(None, None, 0, None, {"shop": age}, 15.0, 0.0)

    monitor: Any = _Monitor()
    keeper: Any = _Quiet()
    outside: Any = None
    here = Cluster("understudy", "C0OPS", ())
    return SelfWatch(
        WatchdogSettings(all_is_well_at=time(8)),
        OwnClusters(here, here),
        ledger,
        keeper,
        monitor,
        outside,
        vitals,
        lambda: None,
        lambda: None,
        lambda: NOW,
    )


@pytest.mark.parametrize(("age", "title"), [(2.0, "All is well"), (16.0, "Understudy works, and not all is well")])
async def test_a_cluster_that_was_healthy_when_it_was_last_seen_is_not_called_well(
    ledger: Ledger, age: float, title: str
) -> None:
    await watch_of(ledger, age).say_all_is_well()
    (delivery,) = await ledger.read(lambda db: outbox.due(db, NOW))
    assert delivery.item.page.title == title
