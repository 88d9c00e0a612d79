"""A standby is taken away, made anew, and made where there was nothing; on a real pair."""

from pathlib import Path

import pytest

from commands.asked import Form
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab

SLOTS = "SELECT slot_name FROM pg_replication_slots WHERE slot_name = 'db2'"


async def done(way: Road, text: str) -> str:
    report = (await way.approve(await way.request(text))).page
    assert "succeeded" in report.title, report
    return repr(report)


async def test_a_standby_goes_and_comes_back(tmp_path: Path) -> None:
    async with road(tmp_path) as way:
        primary, standby = way.lab.server("db1"), way.lab.server("db2")
        data = standby.data_directory

        assert "Slot dropped" in await done(way, "standby remove db2")
        assert standby.postmaster_pid() is None
        assert (data / "PG_VERSION").exists()
        assert await primary.query(SLOTS) == []

        said = await done(way, "standby add db2")
        (aside,) = data.parent.glob("data.aside-*")
        assert str(aside) in said
        assert (await way.status()).page.title == "shop: healthy"
        refused = await way.dispatcher.prepare(way.asks("alice", "standby add db2"))
        assert not isinstance(refused, Form) or refused.submit_label is None
        assert "runs already" in repr(refused)

        await done(way, "standby rebuild db2")  # it runs, and is stopped first
        assert len(list(data.parent.glob("data.aside-*"))) == 2
        assert (await way.status()).page.title == "shop: healthy"


async def test_a_standby_is_made_where_there_was_nothing(tmp_path: Path) -> None:
    async with road(tmp_path) as way:
        standby = way.lab.server("db2")
        await standby.stop()
        standby.data_directory.rename(standby.data_directory.with_name("elsewhere"))
        await done(way, "standby add db2")
        assert list(standby.data_directory.parent.glob("data.aside-*")) == []
        assert (await way.status()).page.title == "shop: healthy"
