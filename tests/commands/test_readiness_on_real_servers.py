"""What a switchover examines, on a real pair: the way back tried, the archive tried, and what a stop would cut off."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest

from commands.command import Meant
from commands.plan import Check, CheckResult
from commands.planning import make_plan
from commands.promote import Promote
from lab.faults import FaultKind
from lab.world import LabOptions
from servers.readiness import LIMITS, WalLevel
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab


@pytest.fixture
async def on_lab(tmp_path: Path) -> AsyncIterator[Road]:
    options = LabOptions(base_backup=False, settings={"max_prepared_transactions": "5"})
    async with road(tmp_path, options=options) as made:
        yield made


async def checks(on_lab: Road) -> dict[str, Check]:
    plan = await make_plan(Promote(), Meant(on_lab.cluster), on_lab.world)
    assert plan.kind == "switchover"
    return {check.name: check for check in plan.checks}


async def test_the_way_back_is_tried_and_a_missing_line_in_pg_hba_stops_the_switchover(on_lab: Road) -> None:
    found = await checks(on_lab)
    assert found["way_back"].result is CheckResult.PASS, found["way_back"]
    assert found["archive_new"].result is CheckResult.PASS, found["archive_new"]
    assert "took a file, which was taken away again" in found["archive_new"].evidence
    assert [check for check in found.values() if check.result is CheckResult.FAIL] == []

    standby = on_lab.lab.server("db2")
    access = standby.data_directory / "pg_hba.conf"
    lines = [line for line in access.read_text().splitlines() if not line.startswith("host replication")]
    access.write_text("\n".join(lines) + "\n")
    await standby.query("SELECT pg_reload_conf()")
    await on_lab.lab.faults.apply(FaultKind.BREAK_ARCHIVE)
    async with asyncio.timeout(10):
        while (found := await checks(on_lab))["way_back"].result is not CheckResult.FAIL:
            await asyncio.sleep(0.05)
    assert "pg_hba.conf" in found["way_back"].evidence
    assert found["archive_new"].result is CheckResult.FAIL
    assert "takes no file from" in found["archive_new"].evidence


async def test_what_would_be_cut_off_or_goes_on_elsewhere_is_named(
    on_lab: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("servers.engines.by_examining.LONG_SECONDS", 0.0)
    primary = on_lab.lab.server("db1")
    conninfo = primary.local_conninfo("postgres")
    async with (
        await psycopg.AsyncConnection.connect(f"{conninfo} application_name=nightly") as nightly,
        await psycopg.AsyncConnection.connect(conninfo) as other,
    ):
        await nightly.execute("SELECT txid_current()")
        await other.execute("CREATE TABLE prepared ()")
        await other.execute("PREPARE TRANSACTION 'order 7'")
        found = await checks(on_lab)
        assert found["transactions"].result is CheckResult.WARN
        assert "nightly (process " in found["transactions"].evidence
        assert found["prepared"].result is CheckResult.WARN
        assert "“order 7” in postgres" in found["prepared"].evidence


async def test_a_standby_is_asked_the_same_as_its_primary(on_lab: Road) -> None:
    for name in ("db1", "db2"):
        ready = await on_lab.world.engine.readiness(on_lab.cluster.server(name))
        assert ready.wal_level is WalLevel.REPLICA
        assert set(ready.limits) == set(LIMITS)
        assert ready.archive_mode == "on"
        assert "archive-wal" not in repr(ready)
