"""Everything is gone but the settings and the store: the cluster comes back with what was off site."""

import os
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from moto.s3.models import s3_backends

from commands.asked import Decision
from lab.world import Lab, LabOptions
from ledger.audit_chain import verify
from servers.backups.native.lister import NativeBackups
from servers.backups.offsite.keeper import OffsiteKeeper
from servers.backups.offsite.store import s3_client
from servers.backups.offsite.stores import OffsiteStores
from servers.ssh import Shells
from tests.bot.witness.conftest import moto_url
from tests.commands.restoring.test_restore_on_real_servers import archived, mark, markers, ordered, refused
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
        yield lab


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
        owner = directory.stat()
        directory.rename(directory.with_name(f"{directory.name}-lost"))
        directory.mkdir(mode=0o700)
        os.chown(directory, owner.st_uid, owner.st_gid)


async def test_a_cluster_that_is_gone_comes_back_from_the_store(lab: Lab, moto_url: str, tmp_path: Path) -> None:
    for name in ("before", "after"):
        (tmp_path / name).mkdir()
    async with road_of(lab, tmp_path / "before", extra=offsite(moto_url)) as way:
        await lab.server("db1").query("CREATE TABLE marker (n int PRIMARY KEY, what text NOT NULL)")
        await mark(way, 1)
        assert (await ordered(way, "backup")).title.endswith("succeeded")
        await archived(way, await mark(way, 2))
        await keep_off_site(way)
        said = await refused(way, "restore shop db2 --to latest --from-store")
        assert "PostgreSQL runs on it" in said
        await mark(way, 3)
        await lose_everything(lab)
    async with road_of(lab, tmp_path / "after", extra=offsite(moto_url)) as way:
        operation = await way.request("restore shop db2 --to latest --from-store")
        # That nobody sees db1 is a risk.
        first = await way.dispatcher.decide(way.asks("bob"), operation, Decision.APPROVE)
        assert first.page.summary == "1 more approval needed."
        await way.dispatcher.decide(way.asks("carol"), operation, Decision.APPROVE)
        report = (await way.dispatcher.wait(operation)).page
        assert report.title.endswith(" → db2 succeeded"), report.summary
        assert await markers(way, "db2") == [1, 2]
        assert not await lab.server("db2").in_recovery()
        assert "understudy ha standby add shop SERVER" in repr(report)
        assert "Last transaction" in repr(report)
        assert (await way.world.ledger.read(verify)).ok
        data = lab.server("db2").data_directory
        assert "restore_command" not in (data / "postgresql.auto.conf").read_text()
