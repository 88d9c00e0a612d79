"""Promotions in a cluster of four: a further standby, and one behind it, follow the new primary."""

import asyncio
from pathlib import Path

import pytest

from commands.asked import Form
from lab.faults import FaultKind
from lab.world import Lab, LabOptions
from ledger.page import Facts, Page
from servers.engines.engine import ActionFailed
from tests.commands.test_on_real_servers import road

pytestmark = pytest.mark.lab

# db3 is a further standby of the primary; db4 streams from db3.
FOUR = LabOptions(base_backup=False, more_standbys={"db3": "db1", "db4": "db3"})


async def streaming_from(lab: Lab) -> dict[str, str]:
    """Each standby that streams, with the server that says so; and on which timeline."""
    found = {}
    for server in lab.servers.values():
        if server.postmaster_pid() is not None:
            for name, state in await server.query("SELECT application_name, state FROM pg_stat_replication"):
                if state == "streaming":
                    [(timeline,)] = await lab.server(name).query("SELECT received_tli FROM pg_stat_wal_receiver")
                    found[name] = f"{server.name} on timeline {timeline}"
    return found


def facts(page: Page) -> dict[str, str]:
    return {name: str(value[0]) for part in page.parts if isinstance(part, Facts) for name, value in part.pairs}


async def test_a_switchover_and_a_failover_take_all_standbys_along(tmp_path: Path) -> None:
    async with road(tmp_path, options=FOUR) as on_lab:
        lab = on_lab.lab
        await on_lab.status()
        await lab.server("db3").ssh.stop()  # it is pointed at the new primary by SQL alone
        report = (await on_lab.approve(await on_lab.request("promote db2"))).page
        await lab.server("db3").ssh.start()
        assert report.title == "Switchover of shop: db1 → db2 succeeded", report
        assert "db1, db3, db4 follow it as standbys" in report.summary
        assert await streaming_from(lab) == {
            "db1": "db2 on timeline 2",
            "db3": "db2 on timeline 2",
            "db4": "db3 on timeline 2",
        }
        assert (await on_lab.status()).page.title == "shop: healthy"

        await lab.faults.apply(FaultKind.KILL, "db2")
        report = (await on_lab.approve(await on_lab.request("promote db3"))).page
        assert report.title == "Failover of shop: db2 → db3 succeeded", report
        assert facts(report)["db1"] == "was pointed at the new primary and streams from it"
        assert facts(report)["db4"] == "streams, unchanged"
        assert await streaming_from(lab) == {"db1": "db3 on timeline 3", "db4": "db3 on timeline 3"}
        [(slots,)] = await lab.server("db3").query("SELECT count(*) FROM pg_replication_slots WHERE active")
        assert slots == 2


async def test_a_standby_that_is_ahead_is_left_as_it_was_and_named(tmp_path: Path) -> None:
    """db3 has got WAL that db2 never received."""
    async with road(tmp_path, options=LabOptions(base_backup=False, more_standbys={"db3": "db1"})) as on_lab:
        lab, engine = on_lab.lab, on_lab.world.engine
        await lab.server("db2").query("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'")
        await lab.server("db2").query("SELECT pg_reload_conf()")
        async with asyncio.timeout(10):
            while await lab.server("db2").query("SELECT FROM pg_stat_wal_receiver"):
                await asyncio.sleep(0.02)
        await lab.server("db1").query("SELECT pg_create_restore_point('ahead')")
        [(position,)] = await lab.server("db1").query("SELECT pg_current_wal_flush_lsn()::text")
        async with asyncio.timeout(10):
            while not (await lab.server("db3").query(f"SELECT pg_last_wal_replay_lsn() >= '{position}'"))[0][0]:
                await asyncio.sleep(0.02)
        form = await on_lab.dispatcher.prepare(on_lab.asks("alice", "promote db2"))
        assert isinstance(form, Form)
        assert form.submit_label is None  # a switchover to one that does not stream

        await lab.faults.apply(FaultKind.KILL, "db1")
        form = await on_lab.dispatcher.prepare(on_lab.asks("alice", "promote db2"))
        assert isinstance(form, Form)
        assert "Promote db3" in repr(form.page)
        db2, db3 = on_lab.cluster.server("db2"), on_lab.cluster.server("db3")
        await engine.promote(db2)
        before = await lab.server("db3").query("SHOW primary_conninfo")
        with pytest.raises(ActionFailed, match="bytes of WAL that db2 never got"):
            await engine.follow(db3, db2, timeout=10.0)
        assert await lab.server("db3").query("SHOW primary_conninfo") == before
