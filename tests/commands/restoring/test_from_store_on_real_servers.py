"""Everything is gone but the settings and the store: the cluster comes back with what was off site."""

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moto.s3.models import s3_backends

from bot.ledger_copies.bring_back import bring_ledger_back
from bot.ledger_copies.keeper import LedgerCopyKeeper
from bot.ledger_copies.place import CopyPlace
from commands.asked import Decision
from lab.world import Lab, LabOptions
from ledger.audit_chain import head, verify
from ledger.brought_back import brought_back
from servers.backups.native.lister import NativeBackups
from servers.backups.offsite.keeper import OffsiteKeeper
from servers.backups.offsite.store import s3_client
from servers.backups.offsite.stores import OffsiteStores
from servers.inventory import OffsitePlace
from servers.ssh import Shells
from tests.bot.witness.conftest import moto_url
from tests.commands.restoring.test_restore_on_real_servers import mark, markers, ordered, refused
from tests.commands.test_on_real_servers import Road, road_of

__all__ = ["moto_url"]  # a fixture

pytestmark = pytest.mark.lab

BUCKET = "far-away"


@pytest.fixture
async def lab(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "practice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "practice")
    s3_backends.reset()
    s3_client("us-east-1", moto_url).create_bucket(Bucket=BUCKET)
    async with Lab.start(LabOptions(base_backup=False)) as lab:
        monkeypatch.setenv("UNDERSTUDY_CLUSTERS__SHOP__BACKUPS__ARCHIVE_SCRIPT", str(archive_script(lab)))
        archive_script(lab).parent.mkdir()
        shutil.chown(archive_script(lab).parent, *owner_of(lab.archive))
        yield lab


def archive_script(lab: Lab) -> Path:
    return lab.archive.with_name("bin") / "understudy-archive"


def owner_of(path: Path) -> tuple[int, int]:
    return path.stat().st_uid, path.stat().st_gid


def offsite(url: str) -> str:
    return f"""
[clusters.shop.backups.offsite]
bucket = "{BUCKET}"
region = "us-east-1"
endpoint_url = "{url}"
unencrypted = true
"""


async def keep_off_site(way: Road) -> None:
    """What the bot does by itself every few minutes."""
    shells, clock = Shells(), lambda: datetime.now(UTC)
    keeper = OffsiteKeeper([way.cluster], shells, NativeBackups(shells, clock), OffsiteStores(clock))
    try:
        assert await keeper.keep_backups(way.cluster)
        assert await keeper.keep_wal(way.cluster)
    finally:
        await shells.close()


async def lose_everything(lab: Lab) -> None:
    """The servers die, their data, the backups and the archive are out of reach; new disks are empty."""
    for server in lab.servers.values():
        await server.kill()
        server.data_directory.rename(server.data_directory.with_name("lost"))
    for directory in (lab.backups, lab.archive):
        owner = owner_of(directory)
        directory.rename(directory.with_name(f"{directory.name}-lost"))
        directory.mkdir(mode=0o700)
        shutil.chown(directory, *owner)
    archive_script(lab).rename(archive_script(lab).with_name("lost"))


async def copy_ledger_off_site(way: Road, url: str) -> None:
    """What the bot does by itself, too."""
    keeper = LedgerCopyKeeper(way.world.ledger.path, ledger_place(url), lambda: datetime.now(UTC))
    assert await keeper.copy() is not None, keeper.state()


def ledger_place(url: str) -> CopyPlace:
    return CopyPlace(OffsitePlace(BUCKET, region="us-east-1", endpoint_url=url), 300.0, None)


async def packed(way: Road) -> None:
    """Everything so far is in the archive, as the archive script packs it."""
    [(name,)] = await way.lab.server("db1").query("SELECT pg_walfile_name(pg_switch_wal())")
    async with asyncio.timeout(20):
        while not (way.lab.archive / f"{name}.gz").exists():
            await asyncio.sleep(0.02)


@asynccontextmanager
async def writing(way: Road) -> AsyncIterator[None]:
    """Load on the primary: rows that nobody counts, beside the markers."""
    await way.lab.server("db1").query("CREATE TABLE load (n bigserial, what text)")

    async def write() -> None:
        while True:
            await way.lab.server("db1").query(
                "INSERT INTO load (what) SELECT repeat('x', 200) FROM generate_series(1, 50)"
            )

    task = asyncio.create_task(write())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_cluster_that_is_gone_comes_back_as_of_a_moment_and_is_whole_again(
    lab: Lab, moto_url: str, tmp_path: Path
) -> None:
    before, after = tmp_path / "before", tmp_path / "after"
    for directory in (before, after):
        directory.mkdir()
    async with road_of(lab, before, extra=offsite(moto_url)) as way:
        await lab.server("db1").query("CREATE TABLE marker (n int PRIMARY KEY, what text NOT NULL)")
        assert (await ordered(way, "archive setup shop db1 gzip")).title.endswith("succeeded")
        assert "archives with Understudy's script already" in await refused(way, "archive setup shop db1 gzip")
        async with writing(way):
            await mark(way, 1)
            assert (await ordered(way, "backup")).title.endswith("succeeded")
            moment = await mark(way, 2)
            await mark(way, 3)
        await mark(way, 4)
        await packed(way)
        await keep_off_site(way)
        said = await refused(way, "restore shop db2 --to latest --from-store")
        assert "PostgreSQL runs on it" in said
        await copy_ledger_off_site(way, moto_url)
        records = (await way.world.ledger.read(head)).count
        await lose_everything(lab)
    # The ledger first: what it knew of before is known again.
    back = await bring_ledger_back(after / "ledger.sqlite3", ledger_place(moto_url), lambda: datetime.now(UTC))
    assert back is not None
    assert back.copy.end.records == records
    lab.server("db2").data_directory.mkdir(mode=0o700)  # as a distribution leaves one: it is no obstacle
    shutil.chown(lab.server("db2").data_directory, *owner_of(lab.server("db2").data_directory.parent))
    async with road_of(lab, after, extra=offsite(moto_url)) as way:
        operation = await way.request(f"restore shop db2 --to {moment:%Y-%m-%dT%H:%M:%S.%fZ} --from-store")
        # That nobody sees db1 is a risk.
        first = await way.dispatcher.decide(way.asks("bob"), operation, Decision.APPROVE)
        assert first.page.summary == "1 more approval needed."
        await way.dispatcher.decide(way.asks("carol"), operation, Decision.APPROVE)
        report = (await way.dispatcher.wait(operation)).page
        assert report.title.endswith(" → db2 succeeded"), report.summary
        assert await markers(way, "db2") == [1, 2]
        assert not await lab.server("db2").in_recovery()
        assert "Last transaction" in repr(report)
        data = lab.server("db2").data_directory
        assert "restore_command" not in (data / "postgresql.auto.conf").read_text()
        # Replication, the archive and a backup: as before.
        assert await markers(way, "db1") == [1, 2]
        assert await lab.server("db1").in_recovery()
        assert list(lab.archive.glob("0000000[2-9].history*")), report
        assert len(base_backups_in(lab)) == 2, report
        assert (await way.world.ledger.read(verify)).ok
        (said_back,) = await way.world.ledger.read(brought_back)
        assert said_back.records == records


def base_backups_in(lab: Lab) -> list[str]:
    return [each.name for each in lab.backups.iterdir() if (each / "backup_manifest").exists()]
