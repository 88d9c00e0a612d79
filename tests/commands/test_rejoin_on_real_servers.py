"""An old primary back as a standby, on a real pair over real SSH, through the dispatcher."""

import asyncio
from pathlib import Path

import pytest

from commands.asked import Decision, Form
from commands.dispatcher import Dispatcher
from commands.registry import COMMANDS
from lab.faults import FaultKind
from lab.relay import RelayMode
from lab.world import LabOptions
from ledger.page import Page
from tests.commands.mortal import Gone
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab


async def fail_over(way: Road) -> None:
    """db1 is killed under load with rows that db2 never got; db2 is the primary."""
    lab = way.lab
    await way.status()
    await lab.load.start(rate=200.0)
    await lab.load.wait_for_rows(50)
    await way.status()
    lab.links.set_mode("db1-db2", RelayMode.REFUSE)
    await lab.server("db1").query("CREATE TABLE lost AS SELECT generate_series(1, 20000)")
    await lab.faults.apply(FaultKind.KILL, "db1")
    lab.links.heal()
    report = (await way.approve(await way.request("promote"))).page
    assert report.title == "Failover of shop: db1 → db2 succeeded", report


async def ordered(way: Road, text: str) -> Page:
    return (await way.approve(await way.request(text))).page


async def follows_again(way: Road) -> None:
    """Healthy, and the old primary has what was written meanwhile."""
    lab = way.lab
    await lab.load.wait_for_rows(len(lab.load.acknowledged()) + 20)
    proof = await lab.load.stop_and_report("db2")
    assert proof.lost_received == ()
    status = (await way.status()).page
    assert status.title == "shop: healthy", status
    rows = "SELECT count(*) FROM load_row"
    wanted = await lab.server("db2").query(rows, database="app")
    for _ in range(200):
        if (seen := await lab.server("db1").query(rows, database="app")) == wanted:
            break
    assert seen == wanted


@pytest.mark.parametrize("version", ["18", "16"])
async def test_a_killed_primary_comes_back_by_a_rewind(tmp_path: Path, version: str) -> None:
    async with road(tmp_path, options=LabOptions(postgresql=version, base_backup=False)) as way:
        await fail_over(way)
        form = await way.dispatcher.prepare(way.asks("alice", "rejoin"))
        assert isinstance(form, Form)
        assert "pg_rewind" in repr(form.page)
        report = await ordered(way, "rejoin")
        assert report.title == "Rejoin of shop: db1 succeeded", report
        assert "('Way back', ('pg_rewind',))" in repr(report), report
        await follows_again(way)


async def test_a_rewind_that_fails_is_followed_by_the_copy_that_was_approved(tmp_path: Path) -> None:
    async with road(tmp_path) as way:
        await fail_over(way)
        data = way.lab.server("db1").data_directory
        (data / "global" / "pg_filenode.map").rename(data / "global" / "gone")
        report = await ordered(way, "rejoin")
        assert report.title == "Rejoin of shop: db1 succeeded", report
        assert "('Way back', ('new copy',))" in repr(report), report
        assert len(list(data.parent.glob("data.aside-*"))) == 1
        await follows_again(way)


async def test_a_copy_outlives_the_bot_and_the_old_directory_is_kept_and_named(tmp_path: Path) -> None:
    async with road(tmp_path) as way:
        await fail_over(way)
        data = way.lab.server("db1").data_directory
        operation = await way.request("rejoin db1 copy")
        crashed = Dispatcher(way.world, COMMANDS, owner=Gone(way.world.ledger.path))
        await crashed.decide(way.asks("bob"), operation, Decision.APPROVE)
        async with asyncio.timeout(30):
            while not list(data.parent.glob("data.copy-*")):
                await asyncio.sleep(0.01)
        await way.dispatcher.recover()
        report = (await way.dispatcher.wait(operation)).page
        assert report.title == "Rejoin of shop: db1 succeeded", report
        (aside,) = data.parent.glob("data.aside-*")
        assert (aside / "PG_VERSION").exists()
        assert str(aside) in repr(report)
        assert list(data.parent.glob("data.copy-*")) == []
        await follows_again(way)


async def test_a_primary_that_was_shut_down_cleanly_is_simply_started(tmp_path: Path) -> None:
    async with road(tmp_path) as way:
        lab = way.lab
        await way.status()
        await lab.server("db1").stop()
        await way.approve(await way.request("promote"))
        report = await ordered(way, "rejoin")
        assert report.title == "Rejoin of shop: db1 succeeded", report
        assert "('Way back', ('plain start',))" in repr(report), report
        assert (await way.status()).page.title == "shop: healthy"


async def test_an_old_primary_that_takes_writes_needs_two_and_its_rows_are_kept_aside(tmp_path: Path) -> None:
    async with road(tmp_path) as way:
        lab = way.lab
        await fail_over(way)
        (lab.server("db1").data_directory / "standby.signal").unlink()
        await lab.server("db1").start()
        refused = await way.dispatcher.prepare(way.asks("alice", "rejoin"))
        assert "Name the one that shall give way" in repr(refused)
        operation = await way.request("rejoin db1")
        await way.dispatcher.decide(way.asks("bob"), operation, Decision.APPROVE)
        assert not await lab.server("db1").in_recovery()
        await way.dispatcher.decide(way.asks("carol"), operation, Decision.APPROVE)
        report = (await way.dispatcher.wait(operation)).page
        assert report.title == "Rejoin of shop: db1 succeeded", report
        assert len(list(lab.server("db1").data_directory.parent.glob("data.aside-*"))) == 1
        await follows_again(way)
