"""Restores in place on a real pair where the world is not as one would like it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.commands.restoring.test_restore_on_real_servers import archived, in_place, mark, ordered
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Road]:
    async with road(tmp_path) as made:
        await made.lab.server("db1").query("CREATE TABLE marker (n int PRIMARY KEY, what text NOT NULL)")
        await mark(made, 1)
        await made.lab.take_backup("db2")
        yield made


async def test_in_place_to_a_time_after_which_nobody_wrote_is_opened(way: Road) -> None:
    """PostgreSQL ends with FATAL where it is promoted before it has met its recovery target."""
    await mark(way, 2)
    after = datetime.now(UTC)
    await archived(way, after)
    report = await in_place(way, after)
    assert report.title.endswith(" succeeded"), report.summary
    db1 = way.lab.server("db1")
    assert await db1.query("SELECT n FROM marker ORDER BY n") == [(1,), (2,)]
    assert not await db1.in_recovery()
    await way.until_healthy()


async def test_tablespaces_come_along_and_the_old_ones_stay_with_the_old_directory(way: Road) -> None:
    """On one machine a standby cannot have the same tablespace: it is down."""
    db1 = way.lab.server("db1")
    await way.lab.server("db2").stop()
    space = db1.account.directory(db1.paths.root / "space")
    await db1.query(f"CREATE TABLESPACE space LOCATION '{space}'")
    await db1.query("CREATE TABLE kept TABLESPACE space AS SELECT 1 AS n")
    assert (await ordered(way, "backup full")).title.endswith("succeeded")
    at = await mark(way, 3)
    await db1.query("INSERT INTO kept VALUES (2)")
    await archived(way, at)
    report = await in_place(way, at)
    assert report.title.endswith(" succeeded"), report.summary
    assert await db1.query("SELECT n FROM kept") == [(1,)]
    [(where,)] = await db1.query("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'space'")
    assert Path(str(where)).parent.name.endswith(".tablespaces")
    (aside,) = db1.data_directory.parent.glob("data.aside-*")
    (link,) = (aside / "pg_tblspc").iterdir()
    assert link.resolve() == space.resolve()
    assert any(space.rglob("PG_VERSION")) or any(space.iterdir())
