"""A failover drill on a real pair: it switches over and back, measures what a client notices, and loses nothing."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.world import Lab, LabOptions
from ledger.drills import SWITCHING, drills
from ledger.page import Facts
from servers.engines.engine import ActionFailed, Done
from servers.engines.native import NativeEngine
from servers.inventory import Server
from servers.state import ControlData
from tests.commands.test_on_real_servers import Road, road_of

pytestmark = pytest.mark.lab

SETTINGS = """
[clusters.shop.heartbeat]
database = "app"
"""


class NeverProvesBack(NativeEngine):
    """The real engine, but for one proof: on the way back db1 seems never to get the shutdown checkpoint."""

    async def wait_replayed(self, standby: Server, stopped: ControlData, *, timeout: float = 30.0) -> Done:
        if standby.name == "db1":
            raise ActionFailed("db1 did not replay the shutdown checkpoint")
        return await super().wait_replayed(standby, stopped, timeout=timeout)


@pytest.fixture
async def lab() -> AsyncIterator[Lab]:
    async with Lab.start(LabOptions(base_backup=False)) as made:
        yield made


async def drilled(road: Road) -> dict[str, str]:
    report = (await road.approve(await road.request("drill failover"))).page
    rows = {name: str(value[0]) for part in report.parts if isinstance(part, Facts) for name, value in part.pairs}
    return {"title": report.title, "said": report.summary, "all": repr(report), **rows}


async def test_it_switches_over_and_back_and_loses_no_acknowledged_row(lab: Lab, tmp_path: Path) -> None:
    async with road_of(lab, tmp_path, extra=SETTINGS) as road:
        report = await drilled(road)

        assert report["title"] == "Failover drill of shop: db1 → db2 succeeded", report
        assert report["Lost"].startswith("none of ")
        assert (await road.status()).page.title == "shop: healthy"
        assert not await lab.server("db1").in_recovery()
        [held] = await road.world.ledger.read(lambda db: drills(db, "shop", SWITCHING))
        assert held.passed
        assert held.outage_seconds is not None
        assert 0 < held.outage_seconds < 30
        assert await lab.server("db1").query("SELECT count(*) FROM understudy.probe", database="app") == [(0,)]


async def test_where_the_way_back_fails_the_standby_goes_on_and_it_says_where_things_stand(
    lab: Lab, tmp_path: Path
) -> None:
    async with road_of(lab, tmp_path, NeverProvesBack, SETTINGS) as road:
        report = await drilled(road)

        assert report["title"] == "Failover drill of shop: db1 → db2 failed", report
        assert "db1 did not replay the shutdown checkpoint" in report["said"]
        assert "/ha promote shop db1" in report["all"]
        assert not await lab.server("db2").in_recovery()
        assert await lab.server("db2").query("SELECT 1") == [(1,)]
