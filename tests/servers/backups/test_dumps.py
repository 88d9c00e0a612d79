"""Logical dumps of a real pair: encrypted, listed, and proven by a restore into a temporary PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from servers.backups.native.lister import NativeBackups
from servers.backups.offsite.keeper import OffsiteKeeper
from servers.backups.offsite.store import s3_client
from servers.backups.offsite.stores import OffsiteStores
from servers.backups.partial.place import DumpPlace
from servers.backups.partial.state import PartialBackup
from servers.backups.partial.tool import PartialBackups
from servers.backups.wanted import JobPlace
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobReport, JobState
from servers.inventory import Cluster, Encryption, OffsitePlace
from servers.state import OffsiteState
from tests.bot.witness.conftest import moto_url
from tests.servers.backups.keys import key_ring, make_key
from tests.servers.pair import PATIENCE, Pair, now, practice_pair

__all__ = ["moto_url"]  # a fixture

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

ODD = "host=nowhere; $(touch x) 'quoted\""  # a database's name, which is never taken for anything else


@dataclass(frozen=True)
class Dumped:
    """A dump of two databases, encrypted, that is done; the key is where it lies."""

    pair: Pair
    tool: PartialBackups
    dump: DumpPlace
    backup: PartialBackup

    @property
    def cluster(self) -> Cluster:
        return replace(self.pair.cluster, dumps=(self.dump,))

    async def verified(self, key: str) -> JobReport:
        place = await self.tool.begin_verify(self.cluster, self.dump, self.backup, key)
        return await ended(self.tool, self.cluster, place)

    async def listed(self) -> PartialBackup:
        (seen,) = (await self.tool.list(self.cluster)).parts
        assert seen.answer.ok, seen.answer
        (found,) = seen.backups
        return found


async def ended(tool: PartialBackups, cluster: Cluster, place: JobPlace) -> JobReport:
    async with asyncio.timeout(PATIENCE):
        while (report := await tool.job(cluster, place)).state is JobState.RUNNING:
            await asyncio.sleep(0.05)
    return report


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def dumped() -> AsyncIterator[Dumped]:
    async with practice_pair() as pair:
        account, primary = pair.lab.account, pair.lab.server("db1")
        await primary.query("CREATE ROLE owner_of_things NOLOGIN")
        await primary.query("CREATE TABLE kept AS SELECT n, repeat('x', 100) AS text FROM generate_series(1, 1000) n")
        await primary.query("ALTER TABLE kept OWNER TO owner_of_things")
        quoted = ODD.replace('"', '""')
        await primary.query(f'CREATE DATABASE "{quoted}"')
        await pair.until(lambda state, _: True)
        with key_ring(account) as ring:
            keys = Encryption((make_key(ring, "ops@example.org", account),), str(ring))
            directory = account.directory(pair.lab.directory / "dumps")
            dump = DumpPlace("nightly", str(directory), ("postgres", ODD), None, keys)
            tool = PartialBackups(pair.shells, now)
            cluster = replace(pair.cluster, dumps=(dump,))
            place = await tool.begin_dump(cluster, dump, cluster.server("db1"), "key-1")
            report = await ended(tool, cluster, place)
            assert report.state is JobState.DONE, report
            seen = await tool.seen(cluster, dump)
            assert seen.newest is not None, seen
            yield Dumped(pair, tool, dump, seen.newest)


async def test_a_dump_is_listed_with_its_size_and_is_encrypted_as_a_whole(dumped: Dumped) -> None:
    found = dumped.backup
    assert (found.of, found.place, found.encrypted, found.failed, found.verified_at) == (
        "nightly",
        "db1",
        True,
        False,
        None,
    )
    assert found.size > 0
    assert found.finished_at is not None
    names = sorted(path.name for path in Path(found.path).iterdir())
    assert names == ["1.dump.gpg", "2.dump.gpg", "SHA256SUMS", "contents", "roles.sql.gpg"]


async def test_the_same_order_finds_its_own_dump(dumped: Dumped) -> None:
    place = await dumped.tool.begin_dump(dumped.cluster, dumped.dump, dumped.cluster.server("db1"), "key-1")
    assert place.path == dumped.backup.path


async def test_it_is_proven_by_a_restore_that_leaves_nothing_behind(dumped: Dumped) -> None:
    report = await dumped.verified("proof")
    assert report.state is JobState.DONE, report
    assert "2 databases with 1 table restored into a temporary PostgreSQL" in report.log
    assert (await dumped.listed()).verified_at is not None
    assert not list(Path(f"{dumped.backup.path}.understudy").glob("scratch.*/"))


async def test_a_dump_goes_off_site_once_and_what_differs_there_is_told(
    dumped: Dumped, moto_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "practice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "practice")
    s3 = s3_client("us-east-1", moto_url)
    s3.create_bucket(Bucket="dumps-far-away")
    assert dumped.cluster.backups is not None
    place = OffsitePlace("dumps-far-away", region="us-east-1", endpoint_url=moto_url)
    cluster = replace(dumped.cluster, backups=replace(dumped.cluster.backups, offsite=place))
    shells = dumped.pair.shells
    stores = OffsiteStores(now)
    tool = PartialBackups(shells, now, stores)
    keeper = OffsiteKeeper((cluster,), shells, NativeBackups(shells, now), stores, tool)

    async def there() -> OffsiteState:
        (seen,) = (await tool.list(cluster)).parts
        assert seen.offsite is not None
        return seen.offsite

    assert (await there()).backups == ()
    assert await keeper.keep_partial(cluster) == (f"dump nightly {dumped.backup.name}",)
    assert [(one.name, one.differences) for one in (await there()).backups] == [(dumped.backup.name, ())]
    assert await keeper.keep_partial(cluster) == ()
    key = f"understudy/shop/dumps/nightly/backups/{dumped.backup.name}/1.dump.gpg"
    assert (
        s3.get_object(Bucket="dumps-far-away", Key=key)["Body"].read()
        == (Path(dumped.backup.path) / "1.dump.gpg").read_bytes()
    )
    s3.put_object(Bucket="dumps-far-away", Key=key, Body=b"altered")
    with pytest.raises(ActionFailed, match=r"dump nightly: 1\.dump\.gpg has 7 bytes off site"):
        await keeper.keep_partial(cluster)
    assert "1.dump.gpg has 7 bytes off site" in repr(await there())


async def test_what_was_altered_is_found(dumped: Dumped) -> None:
    file = Path(dumped.backup.path) / "1.dump.gpg"
    good = file.read_bytes()
    file.write_bytes(good[:-100])
    try:
        report = await dumped.verified("altered")
        assert report.state is JobState.FAILED
        assert "it differs from its checksums" in report.log
        assert (await dumped.listed()).doubtful
    finally:
        file.write_bytes(good)


async def test_a_database_that_is_not_there_fails_the_dump_and_nothing_counts_as_complete(dumped: Dumped) -> None:
    dump = replace(dumped.dump, name="other", databases=("postgres", "nowhere"), directory=str(_other(dumped)))
    cluster = replace(dumped.cluster, dumps=(dump,))
    place = await dumped.tool.begin_dump(cluster, dump, cluster.server("db1"), "fails")
    report = await ended(dumped.tool, cluster, place)
    assert report.state is JobState.FAILED
    assert "database nowhere cannot be reached" in report.log
    (found,) = (await dumped.tool.seen(cluster, dump)).backups
    assert (found.finished_at, found.failed) == (None, True)


async def test_a_recipient_who_is_not_in_the_key_ring_is_found_before_anything_is_dumped(dumped: Dumped) -> None:
    assert dumped.dump.encryption is not None
    dump = replace(dumped.dump, encryption=replace(dumped.dump.encryption, recipients=("F" * 40,)))
    with pytest.raises(ActionFailed, match="cannot be encrypted"):
        await dumped.tool.begin_dump(dumped.cluster, dump, dumped.cluster.server("db1"), "no key")


def _other(dumped: Dumped) -> Path:
    return dumped.pair.lab.account.directory(dumped.pair.lab.directory / "other-dumps")
