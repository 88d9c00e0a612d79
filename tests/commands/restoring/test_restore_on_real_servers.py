"""Restores on a real pair over real SSH, through the dispatcher: markers before a moment are there, later ones not."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from commands.asked import Decision, Form
from commands.restoring import actions, in_place_actions
from lab.faults import FaultKind
from lab.world import LabOptions
from ledger.instances import instances_there
from ledger.page import Page, Table
from servers.backups.in_place import InPlace
from servers.backups.instances import Instances, Place
from servers.backups.target import Target
from tests.commands.test_on_real_servers import Road, road

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def way(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Road]:
    """One pair for all of them, with disks of its own where they can be had; the last test takes it back in time."""
    options = LabOptions(base_backup=False, own_disks=None)
    async with road(tmp_path_factory.mktemp("restore"), options=options) as made:
        await made.lab.server("db1").query("CREATE TABLE marker (n int PRIMARY KEY, what text NOT NULL)")
        await mark(made, 1)
        await made.lab.take_backup("db2")
        await mark(made, 2)
        yield made


@pytest_asyncio.fixture(autouse=True, loop_scope="module")
async def nothing_is_left(way: Road) -> AsyncIterator[None]:
    """What a test restored is dropped after it, by order."""
    yield
    for one in await way.world.ledger.read(instances_there):
        report = await ordered(way, f"restore drop {one.operation}")
        assert report.title.endswith("succeeded"), report


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A recovery that stands still is given up soon."""
    monkeypatch.setattr(actions, "STILL", 3.0)
    monkeypatch.setattr(actions, "QUIET", 1.0)
    monkeypatch.setattr(in_place_actions, "STILL", 3.0)


async def mark(way: Road, number: int) -> datetime:
    """Write a marker, unless it is there; a moment after its commit and before anything later."""
    await way.lab.server("db1").query(
        "INSERT INTO marker VALUES (%s, 'm' || %s::text) ON CONFLICT DO NOTHING", (number, number)
    )
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


async def markers_of(way: Road) -> list[int]:
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
    assert report.title.endswith(" → db2 succeeded"), report.summary
    assert await markers_of(way) == [1, 2, 3]
    assert f"{between:%Y-%m-%d %H:%M:%S}" in repr(report)
    (one,) = await way.world.ledger.read(instances_there)
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


async def test_a_time_after_the_last_commit_is_the_end_of_what_was_written(way: Road) -> None:
    await mark(way, 5)
    after = datetime.now(UTC)
    await archived(way, after)
    report = await ordered(way, f"restore --to {after.isoformat()}")
    assert report.title.endswith("succeeded"), report.summary
    assert 5 in await markers_of(way)


async def test_a_restore_point_is_found_in_the_wal_and_one_that_is_not_there_ends_with_a_clear_message(
    way: Road, impatient: None
) -> None:
    db1 = way.lab.server("db1")
    await mark(way, 6)
    await db1.query("SELECT pg_create_restore_point('Before Migration')")
    await archived(way, await mark(way, 7))
    report = await ordered(way, "restore --to point Before Migration")
    assert report.title.endswith("succeeded"), report.summary
    markers = await markers_of(way)
    assert 6 in markers
    assert 7 not in markers
    failed = await ordered(way, "restore --to point Nowhere")
    assert "the archived WAL ended before this target was met" in failed.summary
    assert "the live cluster was not touched" in failed.summary


async def test_a_segment_that_is_damaged_ends_it_with_its_name_and_one_that_is_missing_is_never_begun(
    way: Road, impatient: None
) -> None:
    first = await mark(way, 8)
    await archived(way, first)
    at = await mark(way, 9)
    await archived(way, at)
    newest = sorted(path for path in way.lab.archive.iterdir() if len(path.name) == 24)[-1]
    whole = newest.read_bytes()
    newest.write_bytes(whole[:100] + bytes(len(whole) - 100))
    failed = await ordered(way, f"restore --to {at.isoformat()}")
    assert failed.title.endswith("failed"), failed
    assert f"recovery does not go on at segment {newest.name}" in failed.summary
    newest.rename(newest.with_name("away"))
    assert "after the last archived WAL" in await refused(way, f"restore --to {at.isoformat()}")
    newest.with_name("away").rename(newest)
    newest.write_bytes(whole)
    assert (await way.status()).page.title == "shop: healthy"


async def test_a_backup_that_was_truncated_is_never_started(way: Road) -> None:
    at = await mark(way, 10)
    await archived(way, at)
    (backup,) = (path.parent for path in way.lab.backups.glob("*/PG_VERSION"))
    victim = backup / "global" / "pg_control"
    whole = victim.read_bytes()
    victim.write_bytes(whole[:4000])
    failed = await ordered(way, f"restore --to {at.isoformat()}")
    victim.write_bytes(whole)
    assert failed.title.endswith("failed"), failed
    assert "global/pg_control" in failed.summary
    assert "The live cluster was not touched" in failed.summary


async def test_a_restoring_postgresql_that_is_killed_ends_it_with_a_clear_message(
    way: Road, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = await mark(way, 11)
    await archived(way, at)
    start = Instances.start

    async def start_and_kill(self: Instances, place: Place, *, timeout: float = 15.0) -> None:
        await start(self, place, timeout=timeout)
        lock = Path(place.directory) / "postmaster.pid"
        async with asyncio.timeout(10):
            while not lock.exists() or not lock.read_text().split():
                await asyncio.sleep(0.01)
        os.kill(int(lock.read_text().split()[0]), signal.SIGKILL)

    monkeypatch.setattr(Instances, "start", start_and_kill)
    failed = await ordered(way, f"restore --to {at.isoformat()}")
    assert "PostgreSQL ended while it recovered" in failed.summary
    assert (await way.status()).page.title == "shop: healthy"


async def test_a_disk_that_is_full_by_then_leaves_the_live_cluster_as_it_was(way: Road) -> None:
    if not way.lab.server("db2").own_disk:
        pytest.skip("no disk of its own can be had here")
    at = await mark(way, 12)
    await archived(way, at)
    await way.lab.faults.apply(FaultKind.FILL_DISK, "db2")
    assert "Disk space on db2" in await refused(way, f"restore --to {at.isoformat()}")
    await way.lab.faults.apply(FaultKind.EMPTY_DISK, "db2")


async def test_tables_come_back_into_a_new_schema_of_the_live_database(way: Road) -> None:
    db1 = way.lab.server("db1")
    await db1.query('CREATE SCHEMA "Odd; name"')
    await db1.query("CREATE VIEW looks_like_one AS SELECT 1 / 0 AS n")
    await db1.query("""CREATE TABLE "Odd; name"."it's \\ . """ + '"" x" (n int, t text)')
    await db1.query("INSERT INTO marker VALUES (99, E'a\\\\.\\n\\\\.\\tb')")
    at = await mark(way, 13)
    await db1.query("DELETE FROM marker")
    await archived(way, at)
    report = await ordered(way, f"restore --to {at.isoformat()} --tables marker --database postgres")
    assert report.title.endswith(" → db1 succeeded"), report.summary
    (one,) = await way.world.ledger.read(instances_there)
    rows = await db1.query(f"SELECT n, what FROM restored_{one.operation.lower()}.marker ORDER BY n")  # noqa: S608 - ours
    assert {1, 2, 13} <= {n for n, _ in rows}
    assert rows[-1] == (99, "a\\.\n\\.\tb")
    assert await db1.query("SELECT count(*) FROM marker") == [(0,)]
    # What reading from it would run is its owner's, as the superuser.
    view = await ordered(way, f"restore --to {at.isoformat()} --tables looks_like_one --database postgres")
    assert "looks_like_one is no table" in view.summary
    # A table that is not there: nothing is left in the live database.
    failed = await ordered(way, f"restore --to {at.isoformat()} --tables marker,nope --database postgres")
    assert 'relation "nope" does not exist' in failed.summary
    schemas = await db1.query("SELECT count(*) FROM pg_namespace WHERE nspname LIKE 'restored%'")
    assert schemas == [(1,)]
    whole = await ordered(way, f"restore --to {at.isoformat()} --database postgres")
    assert whole.title.endswith("succeeded"), whole
    assert await db1.query("SELECT count(*) FROM pg_class WHERE relname = E'it''s \\\\ . \" x'") == [(2,)]


async def in_place(way: Road, at: datetime) -> Page:
    return await by_two(way, f"restore --to {at.isoformat()} --in-place")


async def by_two(way: Road, text: str) -> Page:
    """Two people approve what takes something away from clients."""
    operation = await way.request(text)
    first = await way.dispatcher.decide(way.asks("bob"), operation, Decision.APPROVE)
    assert first.page.summary == "1 more approval needed."
    await way.dispatcher.decide(way.asks("carol"), operation, Decision.APPROVE)
    return (await way.dispatcher.wait(operation)).page


async def markers(way: Road, server: str) -> list[int]:
    return [n for (n,) in await way.lab.server(server).query("SELECT n FROM marker ORDER BY n")]


async def test_in_place_that_fails_puts_the_old_directory_back_and_clients_lose_nothing(
    way: Road, monkeypatch: pytest.MonkeyPatch, impatient: None
) -> None:
    at = await mark(way, 14)
    await archived(way, at)
    await mark(way, 15)
    wanted = await markers(way, "db1")
    swap = InPlace.swap

    async def swap_and_break(
        self: InPlace, place: Place, target: Target, restore_command: str, *, timeout: float = 30.0
    ) -> str:
        aside = await swap(self, place, target, restore_command, timeout=timeout)
        data = Path(place.server.service.data_directory)
        (data / "global" / "pg_filenode.map").rename(data / "global" / "away")
        return aside

    monkeypatch.setattr(InPlace, "swap", swap_and_break)
    failed = await in_place(way, at)
    assert failed.title.endswith(" → db1 failed"), failed
    assert "What was done is taken back" in failed.summary
    assert await markers(way, "db1") == wanted
    assert not await way.lab.server("db1").in_recovery()
    await way.until_healthy()
    assert list(way.lab.server("db1").data_directory.parent.glob("data.aside-*")) == []


async def test_a_standby_stands_at_a_moment_beside_a_live_primary_and_follows_again(way: Road) -> None:
    at = await mark(way, 20)
    wanted = await markers(way, "db1")
    await archived(way, at)
    report = await by_two(way, f"restore --to {at.isoformat()} --standby db2")
    assert report.title.endswith(" → db2 succeeded"), report.summary
    await mark(way, 21)
    assert await markers(way, "db2") == wanted
    db2 = way.lab.server("db2")
    assert await db2.in_recovery()
    (aside,) = db2.data_directory.parent.glob("data.aside-*")
    assert (aside / "PG_VERSION").exists()
    followed = await ordered(way, "restore follow")
    assert followed.title.endswith("succeeded"), followed.summary
    await way.until_healthy()
    assert await markers(way, "db2") == [*wanted, 21]
    own = (db2.data_directory / "postgresql.auto.conf").read_text()
    assert "recovery_target" not in own
    assert "restore_command" not in own
    assert "primary_conninfo" in own


async def test_what_was_put_in_a_standbys_place_goes_out_again_and_to_latest_it_is_made_anew(way: Road) -> None:
    """The standby that was there has replayed all that was written meanwhile; what it lacked it gets."""
    db2 = way.lab.server("db2")
    before = set(db2.data_directory.parent.glob("data.aside-*"))
    at = await mark(way, 22)
    await archived(way, at)
    stands = await by_two(way, f"restore --to {at.isoformat()} --standby db2")
    assert stands.title.endswith(" → db2 succeeded"), stands.summary
    await mark(way, 23)
    back = await ordered(way, "restore put-back")
    assert back.title.endswith("succeeded"), back.summary
    await way.until_healthy()
    assert 23 in await markers(way, "db2")
    assert set(db2.data_directory.parent.glob("data.aside-*")) == before
    await mark(way, 24)
    [(segment,)] = await way.lab.server("db1").query("SELECT pg_walfile_name(pg_current_wal_lsn())")
    assert not (way.lab.archive / str(segment)).exists()
    anew = await by_two(way, "restore --to latest --standby db2")
    assert anew.title.endswith(" → db2 succeeded"), anew.summary
    await way.until_healthy()
    assert (way.lab.archive / str(segment)).exists()  # the order saw to that
    assert 24 in await markers(way, "db2")
    (aside,) = set(db2.data_directory.parent.glob("data.aside-*")) - before
    assert (aside / "PG_VERSION").exists()


async def test_in_place_takes_back_what_came_after_and_the_old_directory_is_kept(way: Road) -> None:
    lab, between = way.lab, await mark(way, 16)
    wanted = await markers(way, "db1")
    await mark(way, 17)
    await archived(way, between)
    report = await in_place(way, between)
    assert report.title.endswith(" → db1 succeeded"), report.summary
    db1 = lab.server("db1")
    assert await markers(way, "db1") == wanted
    (aside,) = db1.data_directory.parent.glob("data.aside-*")
    assert (aside / "standby.signal").exists()
    assert f"('Old data directory', ('{aside}',))" in repr(report)
    assert "restore_command" not in (db1.data_directory / "postgresql.auto.conf").read_text()
    await way.until_healthy()
    assert await markers(way, "db2") == wanted
    await mark(way, 18)
