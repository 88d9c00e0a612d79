"""Backups and WAL that are encrypted with real keys: who can restore them, and what is said to whoever cannot."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import pytest_asyncio

from servers.backups.native.archive_command import ARCHIVE_SCRIPT, archive_command
from servers.backups.native.lister import NativeBackups
from servers.backups.native.tool import NativeTool
from servers.backups.offsite.keeper import OffsiteKeeper
from servers.backups.offsite.store import s3_client
from servers.backups.offsite.stores import OffsiteStores
from servers.backups.wanted import BackupWanted, RestoreWanted, VerifyWanted
from servers.engines.engine import ActionFailed
from servers.engines.rejoining import JobState
from servers.inventory import Cluster, Encryption, OffsitePlace
from servers.state import EncryptionKey
from tests.bot.witness.conftest import moto_url
from tests.servers.backups.bench import archive_everything, ended, mark, recovered
from tests.servers.backups.keys import give_public_key, key_ring, make_key
from tests.servers.pair import Pair, now, practice_pair

__all__ = ["moto_url"]  # a fixture

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

PASSPHRASE = "a passphrase with 'quotes'"


@dataclass(frozen=True)
class Sealed:
    """A backup that is encrypted to two keys; `own_ring` has the secret one of them, with a passphrase."""

    pair: Pair
    tool: NativeTool
    backup: str
    recipients: tuple[str, str]
    own_ring: Path
    public_ring: Path
    passphrase_file: Path

    def cluster(self, ring: Path, passphrase_file: Path | None = None) -> Cluster:
        keys = Encryption(self.recipients, str(ring), str(passphrase_file) if passphrase_file else None)
        return encrypted(self.pair, keys)


def encrypted(pair: Pair, keys: Encryption) -> Cluster:
    assert pair.cluster.backups is not None
    return replace(pair.cluster, backups=replace(pair.cluster.backups, encryption=keys))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def sealed() -> AsyncIterator[Sealed]:
    async with practice_pair() as pair:
        account = pair.lab.account
        with key_ring(account) as own, key_ring(account) as other, key_ring(account) as public:
            recipients = (
                make_key(own, "ops@example.org", account, passphrase=PASSPHRASE),
                make_key(other, "escrow@example.org", account),
            )
            give_public_key(own, recipients[0], public, account)
            give_public_key(other, recipients[1], public, account)
            cluster = encrypted(pair, Encryption(recipients, str(public)))
            await archive_with(pair, cluster)
            await pair.lab.server("db1").query("CREATE TABLE kept AS SELECT 'before'::text AS mark")
            tool = NativeTool(pair.shells, now)
            place = await tool.begin_backup(cluster, BackupWanted(cluster.server("db2")), "plan-1")
            report = await ended(pair, tool, place)
            assert report.state is JobState.DONE, report
            secret = account.write(pair.lab.directory / "passphrase", f"{PASSPHRASE}\n")
            yield Sealed(pair, tool, Path(place.path).name, recipients, own, public, secret)


async def archive_with(pair: Pair, cluster: Cluster) -> None:
    """The script is installed and PostgreSQL calls it from now on."""
    assert cluster.backups is not None
    script = pair.lab.account.write(pair.lab.directory / "understudy-archive", ARCHIVE_SCRIPT, 0o755)
    command = archive_command(cluster.backups, "zstd", str(script))
    quoted = command.replace("'", "''")
    await pair.lab.server("db1").query(f"ALTER SYSTEM SET archive_command = '{quoted}'")
    await pair.lab.server("db1").query("SELECT pg_reload_conf()")


async def test_nothing_lies_there_unencrypted(sealed: Sealed) -> None:
    await archive_everything(sealed.pair)
    files = sorted(path.name for path in (sealed.pair.lab.backups / sealed.backup).iterdir())
    assert files[0] == "backup_manifest"
    assert [name for name in files[1:] if not name.endswith(".gpg")] == ["wal_within"]
    job = sealed.pair.lab.backups / f"{sealed.backup}.understudy"
    assert not list(job.glob("*.tar*"))
    slots = await sealed.pair.lab.server("db2").query("SELECT count(*) FROM pg_replication_slots WHERE temporary")
    assert slots == [(0,)]
    assert any(path.name.endswith(".zst.gpg") for path in sealed.pair.lab.archive.iterdir())
    state = await sealed.tool.list(sealed.cluster(sealed.public_ring))
    assert state.keys == tuple(EncryptionKey(fingerprint) for fingerprint in sealed.recipients)
    (listed,) = state.backups
    assert (listed.encrypted, listed.has_wal, listed.timeline) == (True, True, 1)


async def test_with_the_key_it_verifies_and_is_restored_with_encrypted_wal(sealed: Sealed) -> None:
    pair, cluster = sealed.pair, sealed.cluster(sealed.own_ring, sealed.passphrase_file)
    moment = await mark(pair, "first")
    await mark(pair, "second")
    await archive_everything(pair)
    server = cluster.server("db1")

    assert await sealed.tool.decrypts(cluster, server, sealed.backup) is None
    verified = await ended(pair, sealed.tool, await sealed.tool.begin_verify(cluster, VerifyWanted(sealed.backup), "v"))
    directory = pair.lab.server("db1").data_directory.with_name("beside")
    wanted = RestoreWanted(sealed.backup, server, str(directory))
    restored = await ended(pair, sealed.tool, await sealed.tool.begin_restore(cluster, wanted, "r"))

    assert verified.state is JobState.DONE, verified
    assert restored.state is JobState.DONE, restored
    async with recovered(pair, directory, sealed.tool.restore_command(cluster, server), moment) as marks:
        assert marks == ["before", "first"]


async def test_without_a_secret_key_it_is_said_which_are_wanted(sealed: Sealed) -> None:
    cluster = sealed.cluster(sealed.public_ring)
    wrong = await sealed.tool.decrypts(cluster, cluster.server("db1"), sealed.backup)
    assert wrong is not None
    assert "no secret key that it is encrypted to is there" in wrong
    place = await sealed.tool.begin_verify(cluster, VerifyWanted(sealed.backup), "without")
    report = await ended(sealed.pair, sealed.tool, place)
    assert report.state is JobState.FAILED
    directory = sealed.pair.lab.server("db1").data_directory.with_name("never")
    wanted = RestoreWanted(sealed.backup, cluster.server("db1"), str(directory))
    report = await ended(sealed.pair, sealed.tool, await sealed.tool.begin_restore(cluster, wanted, "without"))
    assert report.state is JobState.FAILED
    assert "No secret key" in report.log
    assert not directory.exists()


async def test_a_passphrase_that_is_missing_or_wrong_is_said(sealed: Sealed) -> None:
    server = sealed.pair.cluster.server("db1")
    other = sealed.pair.lab.account.write(sealed.pair.lab.directory / "wrong", "not it\n")
    cluster = sealed.cluster(sealed.own_ring, other)
    wrong = await sealed.tool.decrypts(cluster, server, sealed.backup)
    assert wrong is not None
    assert f"the secret key {sealed.recipients[0]} is there, but not its passphrase" in wrong


async def test_a_recipient_who_is_not_in_the_key_ring_is_found_before_anything_is_copied(sealed: Sealed) -> None:
    cluster = encrypted(sealed.pair, Encryption(("F" * 40,), str(sealed.public_ring)))
    with pytest.raises(ActionFailed, match=r"cannot be encrypted: .*F{40}"):
        await sealed.tool.begin_backup(cluster, BackupWanted(cluster.server("db2")), "plan-2")


async def test_backups_and_wal_are_kept_off_site_and_looked_at_there(
    sealed: Sealed, moto_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "practice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "practice")
    s3_client("us-east-1", moto_url).create_bucket(Bucket="far-away")
    pair, cluster = sealed.pair, sealed.cluster(sealed.public_ring)
    assert cluster.backups is not None
    place = OffsitePlace("far-away", region="us-east-1", endpoint_url=moto_url)
    cluster = replace(cluster, backups=replace(cluster.backups, offsite=place))
    stores = OffsiteStores(now)
    tool = NativeTool(pair.shells, now, stores)
    keeper = OffsiteKeeper((cluster,), pair.shells, NativeBackups(pair.shells, now), stores)

    assert await keeper.keep_backups(cluster) == (sealed.backup,)
    assert await keeper.keep_backups(cluster) == ()
    await archive_everything(pair)
    assert await keeper.keep_wal(cluster) > 0
    assert await keeper.keep_wal(cluster) == 0

    state = await tool.list(cluster, timeout=20.0)
    assert state.offsite is not None
    assert state.offsite.answer.ok
    assert state.offsite.wal_copied_at is not None
    assert [(each.name, each.differences) for each in state.offsite.backups] == [(sealed.backup, ())]
