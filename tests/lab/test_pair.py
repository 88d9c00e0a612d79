"""The pair is a real one: it streams, archives, has checksums, and gives each role what it needs and no more."""

import asyncio
import tomllib
from pathlib import Path

import psycopg
import pytest

from lab.backups import base_backups
from lab.server import LabServer
from lab.world import Lab

pytestmark = pytest.mark.lab


async def connect(lab: Lab, server: LabServer, user: str, database: str = "postgres") -> psycopg.AsyncConnection:
    host, port = server.bot_sql
    password = lab.passwords[user]
    return await psycopg.AsyncConnection.connect(
        host=host, port=port, user=user, dbname=database, password=password, connect_timeout=5, autocommit=True
    )


async def until_equal(server: LabServer, sql: str, expected: object, database: str = "postgres") -> None:
    async with asyncio.timeout(15):
        while (rows := await server.query(sql, database=database)) != [(expected,)]:
            assert len(rows) <= 1
            await asyncio.sleep(0.02)


async def test_what_is_written_on_the_primary_is_read_on_the_standby(shared_lab: Lab) -> None:
    primary, standby = shared_lab.servers.values()
    await primary.query("CREATE TABLE word (text text)")
    await primary.query("INSERT INTO word VALUES (%s)", ("understudy",))
    [(position,)] = await primary.query("SELECT pg_current_wal_lsn()::text")
    await until_equal(standby, f"SELECT pg_last_wal_replay_lsn() >= '{position}'", True)
    assert await standby.query("SELECT text FROM word") == [("understudy",)]
    assert not await primary.in_recovery()
    assert await standby.in_recovery()


async def test_the_standby_streams_from_its_own_address_over_its_slot(shared_lab: Lab) -> None:
    primary, standby = shared_lab.servers.values()
    [row] = await primary.query("SELECT application_name, host(client_addr), state FROM pg_stat_replication")
    assert row == (standby.name, standby.address, "streaming")
    slots = "SELECT slot_name, active FROM pg_replication_slots"
    assert await primary.query(slots) == [(standby.name, True)]
    assert await standby.query(slots) == [(primary.name, False)]  # ready for the day after a promotion


async def test_both_can_be_rewound_and_notice_rot(shared_lab: Lab) -> None:
    for server in shared_lab.servers.values():
        control = await server.control_data()
        assert control["wal_log_hints setting"] == "on"
        assert control["Data page checksum version"] == "1"


async def test_finished_segments_reach_the_archive_and_can_be_restored_from_it(shared_lab: Lab) -> None:
    primary = shared_lab.servers["db1"]
    [(segment,)] = await primary.query(
        "SELECT pg_walfile_name(pg_switch_wal()) FROM pg_create_restore_point('a practice')"
    )
    async with asyncio.timeout(15):
        while not (shared_lab.archive / segment).exists():
            await asyncio.sleep(0.02)
    assert [path.name for path in shared_lab.archive.iterdir() if path.name.endswith(".part")] == []
    await until_equal(primary, "SELECT failed_count FROM pg_stat_archiver", 0)


async def test_there_is_a_base_backup_that_verifies(shared_lab: Lab) -> None:
    [backup] = base_backups(shared_lab.backups)
    said = await shared_lab.servers["db2"].run("pg_verifybackup", str(backup))
    assert "successfully verified" in said


async def test_the_bots_role_has_what_it_needs_and_is_no_superuser(shared_lab: Lab) -> None:
    async with await connect(shared_lab, shared_lab.servers["db1"], "understudy") as connection:
        for sql in (
            "CHECKPOINT",
            "SELECT pg_switch_wal()",
            "SELECT * FROM pg_ls_archive_statusdir()",
            "SELECT pg_create_physical_replication_slot('spare')",
            "SELECT pg_drop_replication_slot('spare')",
        ):
            await connection.execute(sql.encode())
        for refused in ("SELECT rolpassword FROM pg_authid", "SELECT pg_read_file('PG_VERSION')", "CREATE ROLE more"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await connection.execute(refused.encode())
        rights = await connection.execute("SELECT has_function_privilege('pg_promote(boolean, integer)', 'EXECUTE')")
        assert await rights.fetchone() == (True,)


@pytest.mark.parametrize("user", ["replicator", "postgres"])
async def test_nobody_replicates_or_rules_from_where_the_bot_is(shared_lab: Lab, user: str) -> None:
    host, port = shared_lab.servers["db1"].bot_sql
    with pytest.raises(psycopg.OperationalError, match=r"no pg_hba\.conf entry"):
        await psycopg.AsyncConnection.connect(
            host=host, port=port, user=user, dbname="postgres", password=shared_lab.passwords.get(user, "")
        )


async def test_a_wrong_password_is_turned_away(shared_lab: Lab) -> None:
    host, port = shared_lab.servers["db2"].bot_sql
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        await psycopg.AsyncConnection.connect(host=host, port=port, user="understudy", dbname="postgres", password="no")


async def test_the_settings_file_says_how_to_reach_everything(shared_lab: Lab, tmp_path: Path) -> None:
    extra = "[http]\nport = 0\n"
    path = shared_lab.write_settings(tmp_path / "bot", "http://127.0.0.1:1/api/", extra)
    settings = tomllib.loads(path.read_text())
    assert settings["slack"]["api_url"] == "http://127.0.0.1:1/api/"
    assert settings["http"] == {"port": 0}
    for name, section in settings["clusters"]["shop"]["servers"].items():
        server = shared_lab.servers[name]
        password = (path.parent / section["password_file"]).read_text().strip()
        async with await psycopg.AsyncConnection.connect(section["conninfo"], password=password) as connection:
            found = await connection.execute("SELECT current_setting('cluster_name')")
            assert await found.fetchone() == (name,)
        assert Path(section["ssh"]["key_file"]).stat().st_mode & 0o077 == 0
        assert section["service"]["data_directory"] == str(server.data_directory)
        assert password not in path.read_text()
    variables = shared_lab.environment()
    assert variables["UNDERSTUDY_CLUSTERS__SHOP__SERVERS__DB1__PASSWORD"] == shared_lab.passwords["understudy"]


async def test_a_server_reaches_the_other_one_with_the_replication_role_as_pg_rewind_does(
    shared_lab: Lab, tmp_path: Path
) -> None:
    path = shared_lab.write_settings(tmp_path, "http://127.0.0.1:1/api/")
    conninfo = tomllib.loads(path.read_text())["clusters"]["shop"]["servers"]["db1"]["replication"]
    sql = "SELECT count(*) > 0 FROM pg_ls_dir('.', true, false)"
    said = await shared_lab.servers["db2"].run("psql", "-XAtc", sql, f"{conninfo} dbname=postgres")
    assert said.strip() == "t"
