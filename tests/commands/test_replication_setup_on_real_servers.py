"""A primary that lets nobody stream is set up, and a standby is made; on a real pair."""

from dataclasses import replace
from pathlib import Path

import pytest
from psycopg.conninfo import make_conninfo

from commands.asked import Form
from lab.world import LabOptions
from servers.engines.engine import ActionFailed
from tests.commands.test_on_real_servers import Road, road

pytestmark = pytest.mark.lab

TALKATIVE = LabOptions(base_backup=False, settings={"log_statement": "all"})
PENDING = "SELECT name FROM pg_settings WHERE pending_restart"


def use_another_role(way: Road) -> Path:
    """The settings name a role that nobody has made yet, and a passfile that is not there; db2's passfile."""
    lab, cluster = way.lab, way.cluster
    servers = []
    for server in cluster.servers:
        (other,) = [name for name in lab.servers if name != server.name]
        host, port = lab.server(server.name).peer_sql
        passfile = lab.server(other).paths.home / "streamer.pgpass"
        conninfo = make_conninfo(host=host, port=port, user="streamer", passfile=str(passfile))
        servers.append(replace(server, replication=conninfo))
    way.cluster = replace(cluster, servers=tuple(servers))
    way.world.clusters[cluster.name] = way.cluster  # type: ignore[index]
    return lab.server("db2").paths.home / "streamer.pgpass"


async def test_role_password_entry_and_settings_are_set_up_and_the_password_is_in_no_log(tmp_path: Path) -> None:
    async with road(tmp_path, options=TALKATIVE) as way:
        lab, passfile = way.lab, use_another_role(way)
        db1, db2 = lab.server("db1"), lab.server("db2")
        hba = db1.data_directory / "pg_hba.conf"
        before = hba.read_text()
        await db1.query("ALTER SYSTEM SET max_wal_senders = 3")
        await db1.stop()
        await db1.start()

        report = (await way.approve(await way.request("replication setup db2"))).page
        assert report.title == "Replication setup of shop: db1 succeeded", report.summary
        assert "Restart db1 when it suits: max_wal_senders" in repr(report)
        assert await db1.query(PENDING) == [("max_wal_senders",)]
        added = hba.read_text().removeprefix(before).splitlines()
        assert added[1:] == [
            f'host replication "streamer" {db2.address}/32 scram-sha-256',
            f'host postgres "streamer" {db2.address}/32 scram-sha-256',
        ]
        assert [path.read_text() for path in hba.parent.glob("pg_hba.conf.before-*")] == [before]

        password = passfile.read_text().strip().rpartition(":")[2]
        assert len(password) >= 32
        assert passfile.stat().st_mode & 0o777 == 0o600
        assert "ALTER ROLE" in db1.paths.log.read_text()
        assert password not in db1.paths.log.read_text()
        assert all(password.encode() not in path.read_bytes() for path in tmp_path.glob("ledger.sqlite3*"))

        report = (await way.approve(await way.request("standby rebuild db2"))).page
        assert report.title == "Standby rebuild of shop: db2 succeeded", report
        assert await db1.query("SELECT usename FROM pg_stat_replication") == [("streamer",)]

        again = await way.dispatcher.prepare(way.asks("alice", "replication setup db2"))
        assert not isinstance(again, Form) or again.submit_label is None or "max_wal_senders" in repr(again.page)


async def test_an_entry_that_postgresql_cannot_read_is_taken_back(tmp_path: Path) -> None:
    async with road(tmp_path) as way:
        db1 = way.cluster.server("db1")
        hba = way.lab.server("db1").data_directory / "pg_hba.conf"
        before = hba.read_text()
        with pytest.raises(ActionFailed, match="is as it was"):
            await way.world.engine.allow(db1, ["host replication somebody nonsense/32 scram-sha-256"], "now")
        assert hba.read_text() == before
