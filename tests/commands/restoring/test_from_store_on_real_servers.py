"""Everything is gone but the settings and the store: the cluster comes back with what was off site."""

import asyncio
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moto.s3.models import s3_backends

from bot.ledger_copies.keeper import LedgerCopyKeeper
from bot.ledger_copies.place import CopyPlace
from bot.terminal.login import login_of_process
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
KILLED_IN = (2, 7)  # steps: while WAL comes, and while the restored directory is started in its place


@pytest.fixture
async def lab(moto_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "practice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "practice")
    # Who runs the tests is alice, who may do it alone.
    monkeypatch.setenv("UNDERSTUDY_PEOPLE__ALICE__OPERATING_SYSTEM_USER", login_of_process().user)
    monkeypatch.setenv("UNDERSTUDY_POLICIES__RESTORE__BREAK_GLASS", '["dba"]')
    monkeypatch.setenv("UNDERSTUDY_POLICIES__RESTORE__BREAK_GLASS_RISK", "true")
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


def ledger_offsite(url: str) -> str:
    return f"""
[ledger.offsite]
bucket = "{BUCKET}"
region = "us-east-1"
endpoint_url = "{url}"
unencrypted = true
"""


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
        for server in ("db1", "db2"):
            assert (await ordered(way, f"archive setup shop {server} gzip")).title.endswith("succeeded")
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
    lab.server("db2").data_directory.mkdir(mode=0o700)  # as a distribution leaves one: it is no obstacle
    shutil.chown(lab.server("db2").data_directory, *owner_of(lab.server("db2").data_directory.parent))
    settings = lab.write_settings(after, "http://127.0.0.1:1/api/", offsite(moto_url) + ledger_offsite(moto_url))
    typed = ("--to", "db2", "--at", f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}", "--settings", str(settings))
    assert "would come back" in (await recover(*typed, "--dry-run")).said
    assert not (after / "ledger.sqlite3").exists()
    killed = [await recover(*typed, "--break-glass", killed_in=step) for step in KILLED_IN]
    assert [one.status for one in killed] == [-signal.SIGKILL] * len(killed), killed[-1].said
    ended = await recover(*typed, "--break-glass")
    assert ended.status == 0, ended.said
    assert f"ends with record {records}" in killed[0].said
    assert "was left in the middle. It goes on from where it stands" in ended.said
    assert "Last transaction" in ended.said
    async with road_of(lab, after, extra=offsite(moto_url)) as way:
        assert await markers(way, "db2") == [1, 2]
        assert not await lab.server("db2").in_recovery()
        data = lab.server("db2").data_directory
        assert "restore_command" not in (data / "postgresql.auto.conf").read_text()
        # Replication, the archive and a backup: as before.
        assert await markers(way, "db1") == [1, 2], ended.said
        assert await lab.server("db1").in_recovery()
        assert list(lab.archive.glob("0000000[2-9].history*")), ended.said
        assert len(base_backups_in(lab)) == 2, ended.said
        assert (await way.world.ledger.read(verify)).ok
        (said_back,) = await way.world.ledger.read(brought_back)
        assert said_back.records == records


@dataclass(frozen=True, slots=True)
class Run:
    status: int
    said: str


async def recover(*typed: str, killed_in: int | None = None) -> Run:
    """`understudy recover` in a process of its own. `killed_in`: by kill -9, once it says that it is at that step."""
    command = (sys.executable, "-m", "bot.terminal.main", "recover", "--from", f"s3://{BUCKET}")
    process = await asyncio.create_subprocess_exec(
        *command, *typed, "--reason", "practice", "--confirm", "shop", stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    lines: list[str] = []
    async with asyncio.timeout(80):
        async for line in process.stdout:
            lines.append(line.decode())
            step = re.match(r"Step (\d+)", lines[-1])
            if killed_in is not None and step is not None and int(step[1]) >= killed_in:
                process.kill()
        return Run(await process.wait(), "".join(lines))


def base_backups_in(lab: Lab) -> list[str]:
    return [each.name for each in lab.backups.iterdir() if (each / "backup_manifest").exists()]
