"""Copies in a real S3 server on loopback (moto), of files that are read by the real commands."""

import os
import subprocess
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError
from moto.s3.models import s3_backends

from servers.backups.offsite import parts
from servers.backups.offsite import store as store_module
from servers.backups.offsite.copy import LIST, OffsiteCopies
from servers.backups.offsite.limit import BandwidthLimit
from servers.backups.offsite.parts import etag_of
from servers.backups.offsite.source import RemoteFiles
from servers.backups.offsite.store import ObjectStore, Stored, Unfinished, s3_client
from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.ssh import Completed, Shells
from servers.state import OffsiteBackup, Outcome
from tests.bot.witness.conftest import moto_url
from tests.commands.inventory import SHOP

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

__all__ = ["moto_url"]  # a fixture

BUCKET, PREFIX = "far-away", "shop/"
NAME = "20260131T031200Z"
PART = 5 * 2**20  # the smallest that S3 takes: what is tried here is how many there are


@dataclass
class LocalShells:
    """Runs what would run over SSH here. `breaks` is how many of the next commands get no answer.

    `loses`: how many that are given something do it, and their answer is lost.
    """

    breaks: int = 0
    loses: int = 0
    asked: list[str] = field(default_factory=list)

    async def run(self, server: Server, argv: Sequence[str], *, timeout: float, stdin: str | None = None) -> Completed:
        self.asked.append(argv[2].split(" ")[0] if argv[0] == "sh" else argv[0])
        if self.breaks or (self.loses and stdin is not None):
            if not self.breaks:
                self.loses -= 1
                subprocess.run(argv, input=stdin, text=True, timeout=timeout, check=True)
            self.breaks = max(0, self.breaks - 1)
            raise ServerUnreachable(Outcome.UNREACHABLE, "the link is down")
        done = subprocess.run(argv, input=stdin, capture_output=True, text=True, timeout=timeout, check=False)
        return Completed(tuple(argv), done.returncode, done.stdout, done.stderr, 0.0)

    def wake(self, server: Server) -> None:
        pass


@dataclass
class Far:
    """The store, a backup with a file of three parts, and what reads it."""

    client: "S3Client"
    backup: Path
    shells: LocalShells
    sent: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.client.meta.events.register("before-call.s3.UploadPart", self._count)

    def _count(self, params: dict[str, Any], **_: object) -> None:
        self.sent.append(int(params["query_string"]["partNumber"]))

    def copies(self, client: "S3Client | None" = None) -> OffsiteCopies:
        return OffsiteCopies(ObjectStore(client or self.client, BUCKET), PREFIX, BandwidthLimit(None))

    @property
    def files(self) -> RemoteFiles:
        return RemoteFiles(cast(Shells, self.shells), SHOP.servers[0])

    def body(self, name: str) -> bytes:
        return self.client.get_object(Bucket=BUCKET, Key=f"{PREFIX}backups/{NAME}/{name}")["Body"].read()


@pytest.fixture
def far(moto_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Far:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "practice")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "practice")
    monkeypatch.setattr(store_module, "_FIRST_PAUSE", 0.001)
    monkeypatch.setattr(parts, "SMALLEST_PART", PART)
    s3_backends.reset()
    client = s3_client("us-east-1", moto_url)
    client.create_bucket(Bucket=BUCKET)
    backup = tmp_path / NAME
    backup.mkdir()
    (backup / "backup_manifest").write_bytes(b"{}")
    (backup / "empty").touch()
    (backup / "base.tar.zst.gpg").write_bytes(os.urandom(2 * PART + 12345))
    return Far(client, backup, LocalShells())


async def test_a_backup_is_there_as_a_whole_and_as_it_is_here(far: Far) -> None:
    told: list[tuple[int, int]] = []
    total = await far.copies().copy(far.files, str(far.backup), lambda done, all_of: told.append((done, all_of)))

    assert await far.copies().look() == (OffsiteBackup(NAME, total, ()),)
    for file in far.backup.iterdir():
        assert far.body(file.name) == file.read_bytes()
    assert far.sent == [1, 2, 3]
    assert told == sorted(told)
    assert told[-1] == (total, total)


async def test_copied_again_nothing_is_sent(far: Far) -> None:
    await far.copies().copy(far.files, str(far.backup))
    far.sent.clear()
    far.shells.asked.clear()

    await far.copies().copy(far.files, str(far.backup))

    assert far.sent == []
    reads = far.shells.asked.count("dd")
    assert reads == 5  # one checksum a part: one of each small file, three of the large one


async def test_one_that_broke_off_goes_on_where_it_was(far: Far) -> None:
    """The store answers 500 from the third part on. What is not complete does not count as off site."""
    failing = failing_client(far, "UploadPart", lambda params: params["PartNumber"] >= 3)
    with pytest.raises(ActionFailed, match="the store says"):
        await far.copies(failing).copy(far.files, str(far.backup))
    assert await far.copies().look() == ()

    await far.copies().copy(far.files, str(far.backup))

    assert far.sent == [3]
    assert far.body("base.tar.zst.gpg") == (far.backup / "base.tar.zst.gpg").read_bytes()


async def test_parts_of_another_file_are_sent_again(far: Far) -> None:
    failing = failing_client(far, "UploadPart", lambda params: params["PartNumber"] >= 3)
    with pytest.raises(ActionFailed):
        await far.copies(failing).copy(far.files, str(far.backup))
    file = far.backup / "base.tar.zst.gpg"
    file.write_bytes(os.urandom(PART) + file.read_bytes()[PART:])

    await far.copies().copy(far.files, str(far.backup))

    assert far.sent == [1, 3]
    assert far.body(file.name) == file.read_bytes()


async def test_passing_trouble_of_the_store_or_the_link_is_waited_out(far: Far) -> None:
    times = iter(range(1000))
    flaky = failing_client(far, "UploadPart", lambda params: next(times) % 2 == 0)
    far.shells.breaks = 2

    await far.copies(flaky).copy(far.files, str(far.backup))

    assert [each.differences for each in await far.copies().look()] == [()]


async def test_an_answer_to_the_end_that_was_lost_does_not_matter(far: Far) -> None:
    client = s3_client("us-east-1", far.client.meta.endpoint_url)

    def lose(**_: object) -> None:
        client.meta.events.unregister("after-call.s3.CompleteMultipartUpload", lose)
        raise ClientError({"Error": {"Code": "NoSuchUpload", "Message": "gone"}}, "CompleteMultipartUpload")

    client.meta.events.register("after-call.s3.CompleteMultipartUpload", lose)
    await far.copies(client).copy(far.files, str(far.backup))

    assert [each.differences for each in await far.copies().look()] == [()]


async def test_what_differs_off_site_is_named(far: Far) -> None:
    await far.copies().copy(far.files, str(far.backup))
    content = bytearray(far.body("base.tar.zst.gpg"))
    content[100] ^= 1
    far.client.put_object(Bucket=BUCKET, Key=f"{PREFIX}backups/{NAME}/base.tar.zst.gpg", Body=bytes(content))
    far.client.put_object(Bucket=BUCKET, Key=f"{PREFIX}backups/{NAME}/backup_manifest", Body=b"{")
    far.client.delete_object(Bucket=BUCKET, Key=f"{PREFIX}backups/{NAME}/empty")

    (seen,) = await far.copies().look()
    assert seen.differences == (
        "backup_manifest has 1 bytes off site, and had 2",
        "base.tar.zst.gpg has another checksum off site than when it was copied",
        "empty is missing off site",
    )


async def test_wal_follows_the_oldest_first_and_each_file_once(far: Far) -> None:
    archive = far.backup.with_name("wal")
    archive.mkdir()
    segments = [f"0000000100000000000000{number:02X}" for number in range(3)]
    for name in (*segments, "00000002.history", f"{segments[0]}.00000028.backup", "0000000200000000000000FF.zst.gpg"):
        (archive / name).write_bytes(name.encode())
    for name in (f"{segments[0]}.vm.17.part", "RECOVERYXLOG"):
        (archive / name).touch()

    assert await far.copies().copy_wal(far.files, str(archive)) == 6
    (archive / f"{segments[2][:-2]}03").write_bytes(b"new")
    assert await far.copies().copy_wal(far.files, str(archive)) == 1

    keys = {row["Key"] for row in far.client.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert f"{PREFIX}wal/00000002.history" in keys
    assert len(keys) == 7


async def test_wal_of_a_new_cluster_without_a_name_in_common_is_said_as_well(far: Far) -> None:
    """Its first segments, where retention has let go of those of the old one that were called so."""
    archive = far.backup.with_name("wal")
    archive.mkdir()
    (archive / "000000010000000000000050").write_bytes(b"old")
    assert await far.copies().copy_wal(far.files, str(archive), "7300000000000000001") == 1
    assert await far.copies().copy_wal(far.files, str(archive), "7300000000000000001") == 0
    (archive / "000000010000000000000050").rename(archive / "000000010000000000000001")

    with pytest.raises(ActionFailed, match="has the WAL of database system 7300000000000000001, and this is 74"):
        await far.copies().copy_wal(far.files, str(archive), "7400000000000000001")

    keys = {row["Key"] for row in far.client.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert f"{PREFIX}wal/000000010000000000000001" not in keys
    assert await far.copies().copy_wal(far.files, str(archive)) == 1, "a system that is not known is no other one"


@pytest.mark.parametrize("differs", ["oldest", "newest"])
async def test_wal_of_another_cluster_under_the_same_names_is_said_and_nothing_is_added_to_it(
    far: Far, differs: str
) -> None:
    archive = far.backup.with_name("wal")
    archive.mkdir()
    oldest, newest = (f"0000000100000000000000{number:02X}" for number in (1, 2))
    for name in (oldest, newest):
        (archive / name).write_bytes(b"ours")
    await far.copies().copy_wal(far.files, str(archive))
    anothers = f"{PREFIX}wal/{oldest if differs == 'oldest' else newest}"
    far.client.put_object(Bucket=BUCKET, Key=anothers, Body=b"them")
    (archive / "000000010000000000000003").write_bytes(b"ours")

    with pytest.raises(ActionFailed, match=f"{anothers} off site is not the same segment"):
        await far.copies().copy_wal(far.files, str(archive))

    keys = {row["Key"] for row in far.client.list_objects_v2(Bucket=BUCKET)["Contents"]}
    assert f"{PREFIX}wal/000000010000000000000003" not in keys


async def test_a_list_that_is_none_of_ours_is_said(far: Far) -> None:
    far.client.put_object(Bucket=BUCKET, Key=f"{PREFIX}backups/{NAME}/{LIST}", Body=b"[]")
    with pytest.raises(ActionFailed, match="makes no sense"):
        await far.copies().look()


async def test_a_bucket_that_is_not_there_is_said(far: Far) -> None:
    with pytest.raises(ActionFailed, match="the store says"):
        await OffsiteCopies(ObjectStore(far.client, "nowhere"), PREFIX, BandwidthLimit(None)).look()


async def test_memory_does_not_grow_with_the_file(far: Far) -> None:
    """A file of 20 parts, into a store that keeps nothing."""
    with (far.backup / "large").open("wb") as file:
        file.truncate(20 * PART)
    copies = OffsiteCopies(cast(ObjectStore, Nowhere()), PREFIX, BandwidthLimit(None))
    tracemalloc.start()
    try:
        await copies.copy(far.files, str(far.backup))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < PART


def failing_client(far: Far, operation: str, fails: Callable[[dict[str, Any]], bool]) -> "S3Client":
    """A client for which the store answers 500 where `fails` says so of the call's parameters."""
    client = s3_client("us-east-1", far.client.meta.endpoint_url)

    def answer(params: dict[str, Any], **_: object) -> None:
        if fails(params):
            response = {"Error": {"Code": "InternalError", "Message": "We encountered an internal error."}}
            raise ClientError(response, operation)  # type: ignore[arg-type]

    client.meta.events.register(f"before-parameter-build.s3.{operation}", answer)
    return client


class Nowhere:
    """A store that takes everything, and keeps its tag alone."""

    async def objects(self, prefix: str) -> dict[str, Stored]:
        return {}

    async def put(self, key: str, body: bytes | IO[bytes], md5: bytes) -> str:
        return md5.hex()

    async def unfinished(self, key: str) -> None:
        return None

    async def begin(self, key: str) -> Unfinished:
        return Unfinished("1", {})

    async def put_part(self, key: str, upload_id: str, number: int, body: IO[bytes], md5: bytes) -> None:
        pass

    async def complete(self, key: str, upload_id: str, etags: Sequence[str]) -> str:
        return etag_of([bytes.fromhex(etag) for etag in etags])
