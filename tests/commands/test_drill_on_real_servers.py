"""A restore drill on a real pair: what it measures, what it proves, and that nothing of it is left."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from lab.options import LabOptions
from ledger.drills import drills
from ledger.instances import instances_there
from ledger.page import Facts
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab


# amcheck comes with the Debian packages, not with the lab's own PostgreSQL.
DEBIAN = Path("/usr/lib/postgresql").is_dir()


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Road]:
    options = LabOptions(postgresql="system" if DEBIAN else "18", base_backup=False)
    async with road(tmp_path, options=options) as made:
        await made.lab.server("db1").query("CREATE TABLE marker (n int PRIMARY KEY, what text NOT NULL)")
        await made.lab.server("db1").query("INSERT INTO marker SELECT n, 'm' || n FROM generate_series(1, 1000) n")
        if DEBIAN:
            await made.lab.server("db1").query("CREATE EXTENSION amcheck")
        await made.lab.take_backup("db2")
        yield made


async def test_a_drill_proves_the_newest_backup_measures_it_and_leaves_nothing(way: Road) -> None:
    report = (await way.approve(await way.request("drill restore"))).page

    assert report.title.endswith("succeeded"), report.summary
    (measured,) = (dict(part.pairs) for part in report.parts if isinstance(part, Facts))
    assert "2 databases: 1000 rows in 2 of 2 tables" in str(measured["Proven"])
    assert measured["Indexes"] == ("10 in order (amcheck)" if DEBIAN else "not checked, amcheck is not installed",)
    (held,) = await way.world.ledger.read(lambda db: drills(db, "shop"))
    assert held.passed
    assert held.rto_seconds is not None
    assert held.rto_seconds > 0
    assert await way.world.ledger.read(lambda db: instances_there(db, "shop")) == []
    assert not list(Path(way.lab.server("db2").data_directory).parent.glob("*.restore-*/PG_VERSION"))
