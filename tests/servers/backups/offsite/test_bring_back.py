"""What was copied off site comes back as it was."""

import hashlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.response import StreamingBody

from servers.backups.offsite.bring_back import BringBack
from servers.backups.offsite.copy import LIST, OffsiteCopies
from servers.backups.offsite.limit import BandwidthLimit
from servers.backups.offsite.store import ObjectStore, s3_client
from servers.engines.engine import ActionFailed
from tests.bot.witness.conftest import moto_url
from tests.servers.backups.offsite.test_copy import BUCKET, NAME, PREFIX, Far, failing_client, far
from tests.servers.backups.offsite.troubled import Trouble, TroubledS3, troubled_s3

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

__all__ = ["far", "moto_url"]  # fixtures


@pytest.fixture
async def copied(far: Far) -> Far:
    await far.copies().copy(far.files, str(far.backup))
    return far


@pytest.fixture
def new(tmp_path: Path) -> Path:
    (tmp_path / "new").mkdir()
    return tmp_path / "new"


def bring_back(far: Far) -> BringBack:
    return BringBack(ObjectStore(far.client, BUCKET), far.copies())


class Dying:
    """A store each of whose answers ends in its middle at first."""

    def __init__(self, client: "S3Client") -> None:
        self._client, self._answers = client, 0

    def get_object(self, **wanted: Any) -> dict[str, Any]:
        answer = self._client.get_object(**wanted)
        self._answers += 1
        if self._answers % 2 == 0:
            return dict(answer)
        body = answer["Body"].read()
        return {"Body": StreamingBody(io.BytesIO(body[: len(body) // 2]), len(body))}


def same(far: Far, path: Path) -> bool:
    here = {each.name: each.read_bytes() for each in far.backup.iterdir()}
    return here == {each.name: each.read_bytes() for each in path.iterdir()}


async def test_a_backup_comes_back_as_a_whole(copied: Far, new: Path) -> None:
    path = await bring_back(copied).backup(NAME, copied.files, str(new))

    assert path == str(new / NAME)
    assert same(copied, new / NAME)
    assert [each.name for each in new.iterdir()] == [NAME]


async def test_one_that_broke_off_goes_on_where_it_ended(copied: Far, new: Path) -> None:
    part = new / f"{NAME}.part"
    part.mkdir()
    (part / "base.tar.zst.gpg").write_bytes((copied.backup / "base.tar.zst.gpg").read_bytes()[:1234567])
    copied.shells.asked.clear()

    await bring_back(copied).backup(NAME, copied.files, str(new))

    assert same(copied, new / NAME)


async def test_a_piece_whose_answer_was_lost_is_there_once(copied: Far, new: Path) -> None:
    copied.shells.loses = 3

    await bring_back(copied).backup(NAME, copied.files, str(new))

    assert same(copied, new / NAME)


async def test_a_store_that_answers_500_ends_it_with_what_and_asked_again_it_goes_on(copied: Far, new: Path) -> None:
    pieces = iter(range(1000))
    failing = failing_client(copied, "GetObject", lambda params: "Range" in params and next(pieces) >= 1)
    broken = BringBack(ObjectStore(failing, BUCKET), copied.copies())
    with pytest.raises(ActionFailed, match=rf"the store says of {PREFIX}backups/{NAME}/.*internal error"):
        await broken.backup(NAME, copied.files, str(new))
    assert not (new / NAME).exists()

    await bring_back(copied).backup(NAME, copied.files, str(new))

    assert same(copied, new / NAME)


async def test_an_answer_that_ends_in_its_middle_is_asked_for_again(copied: Far, new: Path) -> None:
    store = ObjectStore(cast("S3Client", Dying(copied.client)), BUCKET)
    await BringBack(store, copied.copies()).backup(NAME, copied.files, str(new))

    assert same(copied, new / NAME)


async def test_what_is_not_as_it_was_copied_never_gets_the_name(copied: Far, new: Path) -> None:
    key = f"{PREFIX}backups/{NAME}/base.tar.zst.gpg"
    copied.client.put_object(Bucket=BUCKET, Key=key, Body=bytes((copied.backup / "base.tar.zst.gpg").stat().st_size))

    with pytest.raises(ActionFailed, match="is not what was copied"):
        await bring_back(copied).backup(NAME, copied.files, str(new))

    assert not (new / NAME).exists()


async def test_one_that_is_there_already_is_left_as_it_is(copied: Far, new: Path) -> None:
    (new / NAME).mkdir()

    with pytest.raises(ActionFailed, match="is there already"):
        await bring_back(copied).backup(NAME, copied.files, str(new))

    assert list((new / NAME).iterdir()) == []


async def test_wal_comes_back_under_its_name(copied: Far, new: Path) -> None:
    segment = "000000010000000000000007.zst.gpg"
    copied.client.put_object(Bucket=BUCKET, Key=f"{PREFIX}wal/{segment}", Body=b"wal")

    await bring_back(copied).wal(segment, copied.files, str(new))

    assert {each.name: each.read_bytes() for each in new.iterdir()} == {segment: b"wal"}
    with pytest.raises(ActionFailed, match="is not off site"):
        await bring_back(copied).wal("000000010000000000000008", copied.files, str(new))


@pytest.mark.parametrize("name", ["../../etc/cron.d/x", "/etc/cron.d/x", "..", "a\nb"])
async def test_whoever_may_write_into_the_store_writes_nowhere_on_the_host(copied: Far, new: Path, name: str) -> None:
    listed = json.dumps({"files": [{"name": name, "size": 1, "etag": "0"}]}).encode()
    key = copied.copies().key_of(NAME, LIST)
    await ObjectStore(copied.client, BUCKET).put(key, listed, hashlib.md5(listed, usedforsecurity=False).digest())

    with pytest.raises(ActionFailed, match="no file of a backup"):
        await bring_back(copied).backup(NAME, copied.files, str(new))
    with pytest.raises(ActionFailed, match="no file of a backup"):
        await bring_back(copied).backup(name, copied.files, str(new))
    assert not any(each.is_file() for each in new.rglob("*"))


@pytest.fixture
def troubled() -> Iterator[TroubledS3]:
    with troubled_s3() as store:
        yield store


def bring_back_from(troubled: TroubledS3) -> BringBack:
    store = ObjectStore(s3_client("us-east-1", f"http://127.0.0.1:{troubled.port}"), BUCKET)
    return BringBack(store, OffsiteCopies(store, PREFIX, BandwidthLimit(None)))


async def test_a_store_that_fails_is_slow_or_breaks_off_is_asked_again(
    copied: Far, new: Path, troubled: TroubledS3
) -> None:
    troubled.coming = [Trouble.FAILS, Trouble.HALF, Trouble.SLOW, Trouble.FAILS, Trouble.FAILS, Trouble.HALF]

    await bring_back_from(troubled).backup(NAME, copied.files, str(new))

    assert same(copied, new / NAME)
    assert troubled.coming == []


async def test_a_store_that_dies_half_way_is_told_and_what_came_is_not_asked_for_again(
    copied: Far, new: Path, troubled: TroubledS3
) -> None:
    troubled.dies_after = 5
    with pytest.raises(ActionFailed, match="the store says of"):
        await bring_back_from(troubled).backup(NAME, copied.files, str(new))
    assert [each.name for each in new.iterdir()] == [f"{NAME}.part"]
    came = (new / f"{NAME}.part" / "base.tar.zst.gpg").stat().st_size
    assert came > 0
    troubled.dies_after, troubled.reads = None, []

    await bring_back_from(troubled).backup(NAME, copied.files, str(new))

    assert same(copied, new / NAME)
    assert min(int(each.removeprefix("bytes=").split("-")[0]) for each in troubled.reads if "=0-1" not in each) >= came


async def test_bytes_come_ahead_of_what_is_written_and_are_told(copied: Far, new: Path) -> None:
    told: list[tuple[int, int]] = []
    await bring_back(copied).backup(NAME, copied.files, str(new), lambda done, total: told.append((done, total)))
    total = sum(each.stat().st_size for each in copied.backup.iterdir())
    assert told[-1] == (total, total)
    assert told == sorted(told)


async def test_what_is_brought_back_is_as_old_as_it_was_so_that_it_serves_the_same_moments(far: Far, new: Path) -> None:
    os.utime(far.backup / "backup_manifest", (1e9, 1e9))
    await far.copies().copy(far.files, str(far.backup))
    await bring_back(far).backup(NAME, far.files, str(new))
    assert (new / NAME / "backup_manifest").stat().st_mtime == 1e9
