"""Worlds start, stand side by side, and leave nothing behind, however they end."""

import asyncio
import signal
import sys
from pathlib import Path

import psycopg
import pytest

from lab.control_socket import ask
from lab.errors import LabError
from lab.leftovers import mounts_below, world_processes
from lab.options import LabOptions
from lab.postmaster import live_postmaster
from lab.world import Lab

pytestmark = pytest.mark.lab

_HOLD_A_LAB = """
import asyncio, pathlib, sys
from lab.world import Lab, LabOptions

async def main():
    options = LabOptions(base=pathlib.Path(sys.argv[1]), base_backup=False, own_disks=None)
    async with Lab.start(options) as lab:
        await lab.load.start()
        print(lab.directory, flush=True)
        await asyncio.sleep(600)

asyncio.run(main())
"""


def shared_memory_of(pids: set[int]) -> list[str]:
    """The System V segments that these processes made."""
    lines = Path("/proc/sysvipc/shm").read_text().splitlines()[1:]
    return [line for line in lines if int(line.split()[4]) in pids]


def something_is_left(directory: Path) -> bool:
    return directory.exists() or bool(world_processes(directory)) or bool(mounts_below(directory))


async def test_two_labs_stand_side_by_side_and_leave_nothing_behind() -> None:
    options = LabOptions(base_backup=False)
    async with asyncio.timeout(60), Lab.start(options) as one, Lab.start(options) as other:
        servers = [*one.servers.values(), *other.servers.values()]
        assert len({(server.address, server.port) for server in servers}) == 4
        assert len({server.bot_sql for server in servers} | {server.bot_ssh for server in servers}) == 8
        pids = {pid for server in servers if (pid := server.postmaster_pid()) is not None}
        assert len(pids) == 4
        assert len(shared_memory_of(pids)) == 4
        await one.servers["db1"].query("CREATE TABLE only_in_one ()")
        assert await other.servers["db1"].query("SELECT to_regclass('only_in_one')") == [(None,)]
        await one.servers["db1"].kill()  # a killed server does not clean up after itself
        other.servers["db2"].freeze()
        await other.faults.apply("break-archive")
    assert not something_is_left(one.directory)
    assert not something_is_left(other.directory)
    assert shared_memory_of(pids) == []


async def test_what_an_error_or_a_cancellation_ends_leaves_nothing_behind(own_base: Path) -> None:
    async def fail() -> None:
        async with Lab.start(LabOptions(base=own_base, base_backup=False)):
            raise RuntimeError("on purpose")

    def cancel_while_it_starts(line: str) -> None:
        if line.startswith("Starting the standby"):
            starting.cancel()

    async def start() -> None:
        async with Lab.start(LabOptions(base=own_base, progress=cancel_while_it_starts)):
            raise AssertionError("it should have been cancelled before it stood")

    with pytest.raises(RuntimeError, match="on purpose"):
        await fail()
    starting = asyncio.create_task(start())
    with pytest.raises(asyncio.CancelledError):
        await starting
    for place in ("worlds", "locks"):
        assert list((own_base / place).iterdir()) == []
    assert world_processes(own_base) == []


async def test_what_a_killed_lab_left_is_swept_up_by_the_next(own_base: Path) -> None:
    root = Path(__file__).parents[2]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _HOLD_A_LAB, str(own_base), stdout=asyncio.subprocess.PIPE, cwd=root
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        directory = Path((await process.stdout.readline()).decode().strip())
    left = world_processes(directory)
    assert len(left) >= 8
    process.send_signal(signal.SIGKILL)
    await process.wait()
    assert live_postmaster(directory / "db1" / "data") is not None

    lines: list[str] = []
    async with Lab.start(LabOptions(base=own_base, base_backup=False, progress=lines.append)):
        assert f"Cleared up after the lab {directory.name}, which was killed" in lines
        assert not something_is_left(directory)
        assert shared_memory_of(set(left)) == []


async def test_postgresql_16_makes_a_pair_too_and_a_new_cluster_when_asked() -> None:
    options = LabOptions(postgresql="16", base_backup=False, reuse_template=False)
    async with Lab.start(options) as lab:
        assert lab.version.startswith("16.")
        [(version,)] = await lab.servers["db2"].query("SHOW server_version")
        assert version == lab.version
        rows = await lab.servers["db1"].query("SELECT application_name, state FROM pg_stat_replication")
        assert rows == [("db2", "streaming")]
        identifiers = {(await server.control_data())["Database system identifier"] for server in lab.servers.values()}
        assert len(identifiers) == 1


async def test_options_that_make_no_sense_are_refused_in_words() -> None:
    for options, expected in (
        (LabOptions(postgresql="12"), "not on offer"),
        (LabOptions(primary="a", standby="a"), "cannot both be called"),
        (LabOptions(account="nobody-of-that-name"), "account|as 'nobody-of"),
    ):
        with pytest.raises(LabError, match=expected):
            async with Lab.start(options):
                raise AssertionError("it should not have started")


async def test_another_terminal_reaches_a_running_lab(lab: Lab) -> None:
    assert (await ask(lab.directory, "status"))["db1"] == "primary"
    names = [control["name"] for control in await ask(lab.directory, "describe")]
    assert {"kill", "heal", "load-start"} <= set(names)
    assert "rows a second" in await ask(lab.directory, "apply", "load-start", "50")
    await lab.load.wait_for_rows(10)
    assert "acknowledged" in await ask(lab.directory, "apply", "load-report", "db1")
    with pytest.raises(LabError, match="choose db1, db2"):
        await ask(lab.directory, "apply", "kill", "db9")
    with pytest.raises(LabError, match="is no call"):
        await ask(lab.directory, "dance")
    assert (lab.directory / "control.sock").stat().st_mode & 0o077 == 0


async def test_a_database_can_be_reached_by_its_superuser_only_through_its_private_socket(lab: Lab) -> None:
    server = lab.servers["db1"]
    assert server.socket_directory.stat().st_mode & 0o077 == 0
    with pytest.raises(psycopg.OperationalError):
        await psycopg.AsyncConnection.connect(host=server.address, port=server.port, user="postgres", dbname="postgres")
