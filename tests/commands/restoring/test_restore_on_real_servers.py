"""Restores on a real pair over real SSH, through the dispatcher: markers before a moment are there, later ones not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commands.asked import Decision, Form
from ledger.instances import instances_there
from ledger.page import Page, Table
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab


@pytest.fixture
async def way(tmp_path: Path) -> AsyncIterator[Road]:
    async with road(tmp_path) as made:
        await made.lab.server("db1").query("CREATE TABLE marker (n int PRIMARY KEY, what text NOT NULL)")
        await mark(made, 1)
        await made.lab.take_backup("db2")
        await mark(made, 2)
        yield made


async def mark(way: Road, number: int) -> datetime:
    """Write a marker; a moment after its commit and before anything later."""
    await way.lab.server("db1").query("INSERT INTO marker VALUES (%s, 'm' || %s::text)", (number, number))
    [(at,)] = await way.lab.server("db1").query("SELECT extract(epoch FROM clock_timestamp())::float8")
    await asyncio.sleep(0.01)
    return datetime.fromtimestamp(float(at), UTC)


async def archived(way: Road, at: datetime) -> None:
    """Everything up to that moment is in the archive, whose listing knows whole seconds."""
    while datetime.now(UTC) < at.replace(microsecond=0) + timedelta(seconds=1):
        await asyncio.sleep(0.05)
    [(name,)] = await way.lab.server("db1").query("SELECT pg_walfile_name(pg_switch_wal())")
    async with asyncio.timeout(20):
        while not (way.lab.archive / name).exists():
            await asyncio.sleep(0.02)


async def ordered(way: Road, text: str) -> Page:
    return (await way.approve(await way.request(text))).page


async def refused(way: Road, text: str) -> str:
    shown = await way.dispatcher.prepare(way.asks("alice", text))
    assert not (isinstance(shown, Form) and shown.submit_label), shown.page.title
    return shown.page.summary


async def markers_of(way: Road, page: Page) -> list[int]:
    """As the restored instance has them, asked through its own socket."""
    (one,) = await way.world.ledger.read(lambda db: instances_there(db, "shop"))
    directory = Path(f"{one.directory}.understudy")
    text = (directory / "instance.conf").read_text()
    port = next(line.split(" = ")[1] for line in text.splitlines() if line.startswith("port = "))
    server = way.lab.server(one.server)
    said = await server.run(
        "psql", "-X", "-A", "-t", "-h", str(directory / "s"), "-p", port, "-d", "postgres", "-c", "SELECT n FROM marker"
    )
    return sorted(map(int, said.split()))


async def test_without_a_moment_it_lists_what_there_is_and_says_what_to_type(way: Road) -> None:
    form = await way.dispatcher.prepare(way.asks("alice", "restore"))
    assert isinstance(form, Form)
    assert form.submit_label is None
    assert "/ha restore shop --to WHEN" in form.page.summary
    (table,) = [part for part in form.page.parts if isinstance(part, Table)]
    assert len(table.rows) == 1


async def test_beside_has_exactly_what_was_there_at_the_moment_and_goes_when_it_is_dropped(way: Road) -> None:
    between = await mark(way, 3)
    await mark(way, 4)
    await archived(way, between)
    report = await ordered(way, f"restore --to {between.isoformat()}")
    assert report.title == "Restore of shop: db2 succeeded", report
    assert await markers_of(way, report) == [1, 2, 3]
    assert f"{between:%Y-%m-%d %H:%M:%S}" in repr(report)
    (one,) = await way.world.ledger.read(lambda db: instances_there(db))
    assert f"/ha restore drop shop {one.operation}" in repr(report)
    assert (await way.status()).page.title == "shop: healthy"
    beside = set(Path(one.directory).parent.iterdir())
    dropped = await ordered(way, "restore drop")
    assert dropped.title.endswith("succeeded"), dropped
    assert {path.name for path in beside - set(Path(one.directory).parent.iterdir())} == {
        Path(one.directory).name,
        f"{Path(one.directory).name}.understudy",
    }
    assert await way.world.ledger.read(instances_there) == []
    assert "There is no restored instance" in await refused(way, "restore drop")


async def in_place(way: Road, at: datetime) -> Page:
    """Two people approve what takes everything after that moment away."""
    operation = await way.request(f"restore --to {at.isoformat()} --in-place")
    first = await way.dispatcher.decide(way.asks("bob"), operation, Decision.APPROVE)
    assert first.page.summary == "1 more approval needed."
    await way.dispatcher.decide(way.asks("carol"), operation, Decision.APPROVE)
    return (await way.dispatcher.wait(operation)).page


async def test_in_place_takes_back_what_came_after_and_the_old_directory_is_kept(way: Road) -> None:
    lab, between = way.lab, await mark(way, 3)
    await mark(way, 4)
    await archived(way, between)
    report = await in_place(way, between)
    assert report.title == "Restore of shop: db1 succeeded", report.summary
    db1 = lab.server("db1")
    assert await db1.query("SELECT n FROM marker ORDER BY n") == [(1,), (2,), (3,)]
    assert not await db1.in_recovery()
    (aside,) = db1.data_directory.parent.glob("data.aside-*")
    assert (aside / "standby.signal").exists()
    assert str(aside) in repr(report)
    assert "restore_command" not in (db1.data_directory / "postgresql.auto.conf").read_text()
    await way.until_healthy()
    assert await lab.server("db2").query("SELECT n FROM marker ORDER BY n") == [(1,), (2,), (3,)]
    await mark(way, 5)


async def test_tables_come_back_into_a_new_schema_of_the_live_database(way: Road) -> None:
    db1 = way.lab.server("db1")
    await db1.query('CREATE SCHEMA "Odd; name"')
    await db1.query("""CREATE TABLE "Odd; name"."it's \\ . """ + '"" x" (n int, t text)')
    between = await mark(way, 3)
    await db1.query("INSERT INTO marker VALUES (99, E'a\\\\.\\n\\\\.\\tb')")
    await mark(way, 4)
    at = datetime.fromtimestamp((await mark(way, 5)).timestamp(), UTC)
    await db1.query("DELETE FROM marker")
    await archived(way, at)
    report = await ordered(way, f"restore --to {at.isoformat()} --tables marker --database postgres")
    assert report.title == "Restore of shop: db1 succeeded", report.summary
    (one,) = await way.world.ledger.read(lambda db: instances_there(db))
    rows = await db1.query(f"SELECT n, what FROM restored_{one.operation.lower()}.marker ORDER BY n")  # noqa: S608 - our own name
    assert [n for n, _ in rows] == [1, 2, 3, 4, 5, 99]
    assert rows[-1][1] == "a\\.\n\\.\tb"
    assert await db1.query("SELECT count(*) FROM marker") == [(0,)]
    assert between < at
    # A table that is not there: nothing is left in the live database.
    failed = await ordered(way, f"restore --to {at.isoformat()} --tables marker,nope --database postgres")
    assert 'relation "nope" does not exist' in failed.summary
    schemas = await db1.query("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'restored%'")
    assert schemas == [(1,)]
    whole = await ordered(way, f"restore --to {at.isoformat()} --database postgres")
    assert whole.title.endswith("succeeded"), whole
    assert await db1.query("SELECT count(*) FROM pg_class WHERE relname = E'it''s \\\\ . \" x'") == [(2,)]
