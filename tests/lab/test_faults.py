"""Every fault is real: it is seen on the servers, and it can be mended."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncssh
import psycopg
import pytest
import pytest_asyncio

from lab.backups import base_backups
from lab.errors import FaultNotAvailable, LabError
from lab.faults import FaultKind, TargetKind
from lab.options import LabOptions
from lab.relay import RelayMode
from lab.world import Lab

# One pair serves all these tests, on one event loop: each heals what it broke.
pytestmark = [pytest.mark.lab, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair() -> AsyncIterator[Lab]:
    async with Lab.start(LabOptions(base_backup=False)) as started:
        yield started


@pytest_asyncio.fixture(loop_scope="module")
async def lab(pair: Lab) -> AsyncIterator[Lab]:
    yield pair
    await pair.faults.apply(FaultKind.HEAL)
    await until(lambda: streams(pair))


async def until(condition: Callable[[], Awaitable[bool]], timeout: float = 15.0) -> None:
    async with asyncio.timeout(timeout):
        while not await condition():
            await asyncio.sleep(0.02)


async def sql_answers(lab: Lab, server: str, timeout: float = 1.0) -> bool:
    host, port = lab.servers[server].bot_sql
    password = lab.passwords["understudy"]
    try:
        async with asyncio.timeout(timeout):
            connection = await psycopg.AsyncConnection.connect(
                host=host, port=port, user="understudy", dbname="postgres", password=password
            )
    except (psycopg.OperationalError, TimeoutError):
        return False
    await connection.close()
    return True


async def ssh_answers(lab: Lab, server: str) -> bool:
    host, port = lab.servers[server].bot_ssh
    try:
        async with (
            asyncio.timeout(5),
            asyncssh.connect(
                host,
                port,
                username="postgres",
                client_keys=[str(lab.key_file)],
                known_hosts=str(lab.known_hosts),
                config=[],
            ) as connection,
        ):
            return str((await connection.run("echo here", check=True)).stdout) == "here\n"
    except (OSError, asyncssh.Error):
        return False


async def streams(lab: Lab) -> bool:
    rows = await lab.servers["db1"].query("SELECT state FROM pg_stat_replication")
    return rows == [("streaming",)]


async def test_a_killed_primary_is_gone_at_once_and_can_be_started_again(lab: Lab) -> None:
    server = lab.servers["db1"]
    host, port = server.bot_sql
    kept = await psycopg.AsyncConnection.connect(
        host=host, port=port, user="understudy", dbname="postgres", password=lab.passwords["understudy"]
    )
    await lab.faults.apply(FaultKind.KILL, "db1")
    assert server.postmaster_pid() is None
    with pytest.raises(psycopg.OperationalError):
        async with asyncio.timeout(5):
            await kept.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        await psycopg.AsyncConnection.connect(host=host, port=port, user="understudy", dbname="postgres")
    assert (await server.control_data())["Database cluster state"] == "in production"
    assert lab.controls().status()["db1"] == "down (was primary)"
    await lab.faults.apply(FaultKind.START, "db1")
    assert await sql_answers(lab, "db1", timeout=5)
    await until(lambda: streams(lab))


async def test_a_frozen_server_keeps_its_connections_and_says_nothing_until_it_thaws(lab: Lab) -> None:
    await lab.faults.apply(FaultKind.FREEZE, "db2")
    assert lab.servers["db2"].frozen()
    assert not await sql_answers(lab, "db2", timeout=0.5)
    assert await ssh_answers(lab, "db2")  # the host itself is well
    await lab.faults.apply(FaultKind.THAW, "db2")
    assert await sql_answers(lab, "db2", timeout=5)


async def test_a_server_that_was_killed_while_it_was_frozen_comes_back(lab: Lab) -> None:
    for kind in (FaultKind.FREEZE, FaultKind.KILL, FaultKind.START):
        await lab.faults.apply(kind, "db2")
    await until(lambda: streams(lab))


async def test_ssh_stops_and_starts_while_postgresql_runs(lab: Lab) -> None:
    await lab.faults.apply(FaultKind.STOP_SSH, "db1")
    assert not await ssh_answers(lab, "db1")
    assert await sql_answers(lab, "db1", timeout=5)
    await lab.faults.apply(FaultKind.START_SSH, "db1")
    assert await ssh_answers(lab, "db1")


async def test_links_are_cut_one_by_one(lab: Lab) -> None:
    await lab.faults.apply(FaultKind.CUT, "bot-db1:sql")
    assert not await sql_answers(lab, "db1")
    assert await ssh_answers(lab, "db1")
    assert await streams(lab)
    await lab.faults.apply(FaultKind.CUT, "db1-db2")
    await until(lambda: _nobody_streams(lab))
    assert lab.controls().status()["links"].count("refuse") == 3
    await lab.faults.apply(FaultKind.HEAL)
    assert await sql_answers(lab, "db1", timeout=5)
    await until(lambda: streams(lab))
    assert lab.links.relay("bot", "db1").mode is RelayMode.PASS


async def test_paused_replay_receives_but_does_not_show(lab: Lab) -> None:
    primary, standby = lab.servers["db1"], lab.servers["db2"]
    await lab.faults.apply(FaultKind.PAUSE_REPLAY, "db2")
    await primary.query("CREATE TABLE later ()")
    [(position,)] = await primary.query("SELECT pg_current_wal_lsn()::text")

    async def received() -> bool:
        return bool((await standby.query("SELECT pg_last_wal_receive_lsn() >= %s::pg_lsn", (position,)))[0][0])

    async def visible() -> bool:
        return (await standby.query("SELECT to_regclass('later')"))[0][0] is not None

    await until(received)
    assert not await visible()
    await lab.faults.apply(FaultKind.RESUME_REPLAY, "db2")
    await until(visible)
    with pytest.raises(LabError, match="is a primary"):
        await lab.faults.apply(FaultKind.PAUSE_REPLAY, "db1")


async def test_a_broken_archive_makes_the_archiver_fail_and_a_mended_one_catch_up(lab: Lab) -> None:
    primary = lab.servers["db1"]

    async def answers_yes(sql: str) -> bool:
        return await primary.query(sql) == [(True,)]

    await lab.faults.apply(FaultKind.BREAK_ARCHIVE)
    await until(lambda: answers_yes("SELECT failed_count > 0 FROM pg_stat_archiver"))
    await lab.faults.apply(FaultKind.MEND_ARCHIVE)
    await until(lambda: answers_yes("SELECT last_archived_time > last_failed_time FROM pg_stat_archiver"))


async def test_backups_grow_old_and_new_ones_can_be_taken(lab: Lab) -> None:
    with pytest.raises(LabError, match="no base backup"):
        await lab.faults.apply(FaultKind.AGE_BACKUPS)  # the one test that takes any
    await lab.faults.apply(FaultKind.TAKE_BACKUP, "db2")
    [young] = base_backups(lab.backups)
    modified = young.stat().st_mtime
    await lab.faults.apply(FaultKind.AGE_BACKUPS)
    [old] = base_backups(lab.backups)
    assert old.name < young.name
    assert old.stat().st_mtime == pytest.approx(modified - 3 * 86400, abs=2)
    assert old.name[:8] in (old / "backup_label").read_text().replace("-", "")
    assert "successfully verified" in await lab.servers["db1"].run("pg_verifybackup", str(old))
    await lab.faults.apply(FaultKind.TAKE_BACKUP, "db1")
    assert [path.name > old.name for path in base_backups(lab.backups)] == [False, True]


async def test_healing_starts_what_is_down_but_never_a_second_primary(lab: Lab) -> None:
    await lab.faults.apply(FaultKind.KILL, "db2")
    await lab.faults.apply(FaultKind.STOP_SSH, "db2")
    await lab.faults.apply(FaultKind.HEAL)
    await until(lambda: streams(lab))
    assert await ssh_answers(lab, "db2")

    async with Lab.start(LabOptions(base_backup=False)) as failed_over:
        await failed_over.faults.apply(FaultKind.KILL, "db1")
        await failed_over.servers["db2"].query("SELECT pg_promote()")
        said = await failed_over.faults.apply(FaultKind.HEAL)
        assert "db1 stays down, as db2 is the primary now" in said
        assert failed_over.servers["db1"].postmaster_pid() is None


async def test_a_disk_can_be_filled_where_it_is_the_servers_own(lab: Lab) -> None:
    with pytest.raises(FaultNotAvailable, match="needs root"):
        await lab.faults.apply(FaultKind.FILL_DISK, "db1")
    described = {control["name"]: control for control in lab.controls().describe()}
    assert described["fill-disk"]["available"] is False
    if os.geteuid() == 0:
        await _fill_and_free_a_disk()


async def _fill_and_free_a_disk() -> None:
    try:
        async with Lab.start(LabOptions(own_disks=True, base_backup=False)) as lab:
            df = ("df", "--output=pcent", str(lab.servers["db1"].data_directory))
            await lab.faults.apply(FaultKind.FILL_DISK, "db1")
            assert 90 <= await _percent(*df) <= 97
            await lab.faults.apply(FaultKind.EMPTY_DISK, "db1")
            assert await _percent(*df) < 50
            directory = lab.directory
    except LabError as error:
        # A container's root may not mount; the lab must have said so in plain words.
        assert "cannot mount a disk" in str(error)  # noqa: PT017 - either end is a right one
    else:
        assert not directory.exists()


async def _percent(*argv: str) -> int:
    process = await asyncio.create_subprocess_exec(*argv, stdout=asyncio.subprocess.PIPE)
    output, _ = await process.communicate()
    return int(output.split()[1].rstrip(b"%"))


async def test_what_cannot_be_done_is_said_with_what_can(lab: Lab) -> None:
    for name, target, expected in (
        ("explode", "db1", "there is no fault"),
        ("kill", "db9", "choose db1, db2"),
        ("cut", "bot-db9", "choose bot-db1"),
        ("thaw", "", "choose db1, db2"),
    ):
        with pytest.raises(LabError, match=expected):
            await lab.controls().apply(name, target)
    await lab.faults.apply(FaultKind.STOP, "db2")
    with pytest.raises(LabError, match="does not run on db2"):
        await lab.faults.apply(FaultKind.KILL, "db2")
    kinds = {fault.target for fault in lab.faults.all()}
    assert kinds == set(TargetKind)


async def _nobody_streams(lab: Lab) -> bool:
    return await lab.servers["db1"].query("SELECT FROM pg_stat_replication") == []
