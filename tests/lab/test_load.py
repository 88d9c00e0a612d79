"""The write load tells what was promised to clients, and proves what was kept."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from lab.errors import LabError
from lab.faults import FaultKind
from lab.links import CLIENTS
from lab.options import LabOptions
from lab.relay import RelayMode
from lab.world import Lab

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

_DELETE = "DELETE FROM load_row WHERE sequence = %s"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def steady() -> AsyncIterator[Lab]:
    """A pair that the tests leave as they found it."""
    async with Lab.start(LabOptions(base_backup=False)) as started:
        yield started


async def test_every_acknowledged_row_is_found_on_both_and_a_deleted_one_is_missed(steady: Lab) -> None:
    lab = steady
    await lab.load.start(rate=200)
    await lab.load.wait_for_rows(100)
    await lab.load.stop()
    on_primary = await lab.load.survivors("db1")
    assert on_primary.acknowledged >= 100
    assert (on_primary.lost, on_primary.in_doubt, on_primary.first_error) == ((), 0, None)
    await replayed(lab)
    assert (await lab.load.survivors("db2")).survived == on_primary.acknowledged

    [*_, victim, _] = lab.load.acknowledged()
    await lab.servers["db1"].query(_DELETE, (victim.sequence,), database="app")
    report = await lab.load.survivors("db1")
    assert report.lost == (victim.sequence,)
    assert report.survived == report.acknowledged - 1
    [written] = [path.read_text().splitlines() for path in (lab.directory / "load").iterdir()]
    assert len(written) == report.acknowledged


async def test_a_row_without_an_answer_is_in_doubt_and_never_called_lost(steady: Lab) -> None:
    lab = steady
    await lab.load.start(rate=100, connections=2)
    await lab.load.wait_for_rows(20)
    lab.links.relay(CLIENTS, "db1").set_mode(RelayMode.STALL)
    report_soon = asyncio.create_task(lab.load.stop_and_report("db1"))
    report = await report_soon
    lab.links.heal()
    assert report.in_doubt == 2
    assert report.lost == ()


async def test_a_load_is_started_once_and_with_a_rate_that_makes_sense(steady: Lab) -> None:
    with pytest.raises(LabError, match="rate"):
        await steady.load.start(rate=0)
    await steady.load.start(rate=50)
    with pytest.raises(LabError, match="runs already"):
        await steady.load.start()
    assert steady.load.status().startswith("on;")
    await steady.load.stop()
    assert steady.load.status().startswith("off;")


async def test_a_failover_keeps_what_the_standby_had_and_says_what_it_lost() -> None:
    async with Lab.start(LabOptions(base_backup=False)) as lab:
        await lab.load.start(rate=200)
        await lab.load.wait_for_rows(100)
        await replayed(lab)
        # What is acknowledged from here on never reaches the standby.
        lab.links.set_mode("db1-db2", RelayMode.REFUSE)
        before = len(lab.load.acknowledged())
        await lab.load.wait_for_rows(before + 50)
        await lab.faults.apply(FaultKind.KILL, "db1")
        at_the_end = len(lab.load.acknowledged())
        await lab.servers["db2"].query("SELECT pg_promote()")
        await lab.load.wait_for_rows(at_the_end + 50)
        report = await lab.load.stop_and_report("db2")

        rows = {row.sequence: row for row in lab.load.acknowledged()}
        assert 40 <= len(report.lost) <= at_the_end
        assert {rows[sequence].timeline for sequence in report.lost} == {1}
        assert report.lost_received == ()
        assert report.survived >= 150
        assert {row.timeline for row in rows.values()} == {1, 2}
        assert report.first_error is not None
        assert report.longest_outage_seconds > 0

        # A row that the standby had: its loss would be a broken promise, and is called one.
        kept = next(row for row in lab.load.acknowledged() if row.timeline == 1)
        await lab.servers["db2"].query(_DELETE, (kept.sequence,), database="app")
        assert (await lab.load.survivors("db2")).lost_received == (kept.sequence,)


async def replayed(lab: Lab) -> None:
    """Wait until the standby has replayed what the primary has written so far."""
    [(position,)] = await lab.servers["db1"].query("SELECT pg_current_wal_lsn()::text")
    async with asyncio.timeout(15):
        while True:
            sql = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            if (await lab.servers["db2"].query(sql, (position,)))[0][0]:
                return
            await asyncio.sleep(0.02)
