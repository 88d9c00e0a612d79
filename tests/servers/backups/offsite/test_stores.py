"""What is said of the store off site to whoever looks."""

import threading
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

from servers.backups.offsite.stores import OffsiteStores
from servers.inventory import BackupPlace, BackupTool, Cluster, OffsitePlace
from servers.state import Outcome
from tests.commands.inventory import SHOP

if TYPE_CHECKING:
    from types_boto3_s3.client import S3Client

NOW = datetime(2026, 1, 31, 3, 12, tzinfo=UTC)
FAR = replace(SHOP, backups=BackupPlace(BackupTool.NATIVE, "/b", offsite=OffsitePlace("far-away")))


class Bucket:
    """An empty one, which answers once it may."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked = 0

    def client(self, region: str | None, endpoint_url: str | None) -> "S3Client":
        return cast("S3Client", self)

    def get_paginator(self, name: str) -> "Bucket":
        return self

    def paginate(self, **_: Any) -> list[dict[str, Any]]:
        self.asked += 1
        self.may_answer.wait(20)
        return [{}]


def stores(bucket: Bucket) -> OffsiteStores:
    return OffsiteStores(lambda: NOW, bucket.client)


async def test_where_the_settings_name_no_place_nothing_is_asked() -> None:
    bucket = Bucket()
    without: Cluster = replace(SHOP, backups=BackupPlace(BackupTool.NATIVE, "/b"))

    assert await stores(bucket).look(without, timeout=1.0) is None
    assert bucket.asked == 0


async def test_a_slow_store_is_unknown_and_its_answer_is_there_for_the_next_look() -> None:
    bucket = Bucket()
    looked = stores(bucket)

    slow = await looked.look(FAR, timeout=0.01)
    bucket.may_answer.set()
    seen = await looked.look(FAR, timeout=20.0)
    again = await looked.look(FAR, timeout=0.0)

    assert slow is not None
    assert slow.answer.outcome is Outcome.TIMED_OUT
    assert seen is not None
    assert (seen.answer.ok, seen.backups) == (True, ())
    assert again == seen
    assert bucket.asked == 1


async def test_after_something_was_copied_the_store_is_asked_again() -> None:
    bucket = Bucket()
    bucket.may_answer.set()
    looked = stores(bucket)
    await looked.look(FAR, timeout=20.0)

    looked.forget(FAR)
    await looked.look(FAR, timeout=20.0)

    assert bucket.asked == 2


async def test_a_store_that_cannot_be_used_is_said() -> None:
    def broken(region: str | None, endpoint_url: str | None) -> "S3Client":
        raise ValueError("Invalid endpoint")

    seen = await OffsiteStores(lambda: NOW, broken).look(FAR, timeout=20.0)

    assert seen is not None
    assert seen.answer.outcome is Outcome.FAILED
    assert "Invalid endpoint" in seen.answer.detail
