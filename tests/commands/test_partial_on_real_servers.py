"""Dumps and volumes of a real pair through the dispatcher: taken, proven, shown, and of a volume put back."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from lab.world import Lab, LabOptions
from ledger.page import Items, Page
from tests.commands.test_on_real_servers import Road, road_of

pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]

_SETTINGS = """
[clusters.shop.dumps.nightly]
directory = "{dumps}"
databases = ["postgres"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def way(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Road]:
    async with Lab.start(LabOptions(base_backup=False)) as lab:
        dumps = lab.account.directory(lab.directory / "dumps")
        async with road_of(lab, tmp_path_factory.mktemp("bot"), extra=_SETTINGS.format(dumps=dumps)) as made:
            await lab.server("db1").query("CREATE TABLE kept AS SELECT n FROM generate_series(1, 100) n")
            yield made


async def ordered(way: Road, text: str) -> Page:
    return (await way.approve(await way.request(text))).page


async def line_of(way: Road, title: str) -> str:
    """What the backups' page says of it."""
    page = (await way.dispatcher.ask(way.asks("alice", "backups"))).page
    (items,) = (part for part in page.parts if isinstance(part, Items) and part.title == "Dumps and volumes")
    return next(item.detail for item in items.items if item.title == title)


async def test_a_dump_is_taken_from_the_standby_proven_and_shown(way: Road) -> None:
    report = await ordered(way, "backup dump nightly")
    assert report.title == "Dump of shop: nightly succeeded", report
    assert "dump nightly of shop was taken from db2, and verified." in repr(report)
    assert "1 database with 1 table restored into a temporary PostgreSQL" in repr(report)
    async with asyncio.timeout(20):
        while ", verified " not in await line_of(way, "dump nightly"):
            await asyncio.sleep(0.2)


async def test_a_dump_that_was_altered_cannot_be_relied_on(way: Road) -> None:
    (directory,) = Path(way.cluster.dumps[0].directory).glob("*Z")
    file = directory / "1.dump"
    file.write_bytes(file.read_bytes()[:-1])
    report = await ordered(way, "backup verify shop dump nightly")
    assert "cannot be relied on" in repr(report)
