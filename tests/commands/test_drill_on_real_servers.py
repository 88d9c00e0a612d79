"""A restore drill on a real pair: what it measures, what it proves, and that nothing of it is left."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.automatic.policy import AutomaticPolicy, Scheduled
from commands.automatic.timetable import read_timetable
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from lab.server import LabServer
from lab.world import Lab, LabOptions
from ledger.approvals import decisions
from ledger.audit import UNDERSTUDY
from ledger.drills import RTO, drills
from ledger.instances import instances_there
from ledger.operations import list_operations
from ledger.page import Facts, File, Plot
from ledger.page_json import from_json
from tests.commands.test_on_real_servers import Road, road_of
from tests.ledger.test_drills import held

pytestmark = pytest.mark.lab


# amcheck comes with the Debian packages, not with the lab's own PostgreSQL.
DEBIAN = Path("/usr/lib/postgresql").is_dir()

EVERY_MINUTE = "* * * * *"
REPORTS = "SELECT page FROM outbox WHERE card LIKE 'operation/%/report' ORDER BY id"

SETTINGS = """
[clusters.shop.heartbeat]
database = "app"

[clusters.shop.drills.rows]
"postgres.public.marker" = [1000, 1000]
"""


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Road]:
    options = LabOptions(postgresql="system" if DEBIAN else "18", base_backup=False)
    async with Lab.start(options) as lab, road_of(lab, tmp_path, extra=SETTINGS) as made:
        await made.lab.server("db1").query("CREATE TABLE marker (n int PRIMARY KEY, what text NOT NULL)")
        await made.lab.server("db1").query("INSERT INTO marker SELECT n, 'm' || n FROM generate_series(1, 1000) n")
        if DEBIAN:
            await made.lab.server("db1").query("CREATE EXTENSION amcheck")
        await made.lab.take_backup("db2")
        heart = made.world.heartbeats.of("shop")
        assert heart is not None
        await heart.beat()
        await archived(made.lab.server("db1"))
        yield made


async def archived(server: LabServer) -> None:
    """All that was written so far has reached the archive."""
    [(segment,)] = await server.query("SELECT pg_walfile_name(pg_switch_wal())")
    async with asyncio.timeout(20):
        while not (await server.query("SELECT last_archived_wal >= %s FROM pg_stat_archiver", (segment,)))[0][0]:
            await asyncio.sleep(0.1)


async def test_a_drill_proves_the_newest_backup_measures_it_and_leaves_nothing(way: Road) -> None:
    report = (await way.approve(await way.request("drill restore"))).page

    assert report.title.endswith("succeeded"), report.summary
    (measured,) = (dict(part.pairs) for part in report.parts if isinstance(part, Facts))
    assert "2 databases: 1001 rows in 3 of 3 tables" in str(measured["Proven"])
    assert "1 table within limits" in str(measured["Proven"])
    assert "the heartbeat: the last that came back" in str(measured["RPO measured by"])
    assert measured["Indexes"] == ("10 in order (amcheck)" if DEBIAN else "not checked, amcheck is not installed",)
    (drill,) = await way.world.ledger.read(lambda db: drills(db, "shop"))
    assert drill.passed
    assert drill.rpo_seconds is not None
    assert drill.rto_seconds is not None
    assert drill.rto_seconds > 0
    assert await way.world.ledger.read(lambda db: instances_there(db, "shop")) == []
    assert not list(Path(way.lab.server("db2").data_directory).parent.glob("*.restore-*/PG_VERSION"))


async def test_one_that_is_due_starts_by_itself_and_draws_the_trend_since_those_before(way: Road) -> None:
    await way.world.ledger.write(lambda db: held(db, 0, {RTO: "60"}))
    ahead = timedelta()
    every_minute = Scheduled(
        "drill_restore", "drill", ("restore",), ("in-turn",), read_timetable(EVERY_MINUTE), "alice"
    )
    world = replace(
        way.world,
        now=lambda: datetime.now(UTC) + ahead,
        automatic={"shop": AutomaticPolicy(schedule=(every_minute,))},
    )
    dispatcher = Dispatcher(world, COMMANDS)
    await dispatcher._scheduler.look()  # takes it up
    ahead += timedelta(minutes=1)
    await dispatcher._scheduler.look()
    due = (await world.ledger.read(list_operations))[0]
    report = (await dispatcher.wait(due.id)).page

    assert report.title.endswith("succeeded"), report
    assert due.reason == "Scheduled: * * * * * UTC, set by alice"
    assert due.requester.id == UNDERSTUDY.id
    [decision] = await world.ledger.read(lambda db: decisions(db, due.id))
    assert decision.who.id == "policy:shop"
    [page] = await world.ledger.read(lambda db: [from_json(row["page"]) for row in db.query(REPORTS)])
    assert [part.lines[0].label for part in page.parts if isinstance(part, Plot)] == ["RTO"]
    assert [part.name for part in page.parts if isinstance(part, File)] == ["restore-drill-shop.md"]
