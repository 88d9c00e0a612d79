"""The lab on the command line."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from lab.cli import app
from lab.leftovers import world_processes
from lab.world import Lab

pytestmark = pytest.mark.lab


async def invoke(*arguments: str) -> Result:
    """Run the command line as another terminal would; in a thread, as it has an event loop of its own."""
    return await asyncio.to_thread(lambda: CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200"}))


async def test_a_running_lab_is_broken_loaded_and_looked_at_from_another_terminal(lab: Lab) -> None:
    this = ("--lab", lab.directory.name)
    status = await invoke("status")
    assert f"Lab {lab.directory.name}" in status.output
    faults = await invoke("fault", *this)
    assert "kill" in faults.output
    assert "bot-db1" in faults.output

    assert (await invoke("load", "start", "--rate", "50", *this)).exit_code == 0
    await lab.load.wait_for_rows(5)
    assert "off; " in (await invoke("load", "stop", *this)).output
    report = await invoke("load", "report", "db1", *this)
    assert "0 are lost" in report.output.replace("\n", " ")

    killed = await invoke("fault", "kill", "db2", *this)
    assert killed.exit_code == 0
    assert lab.servers["db2"].postmaster_pid() is None


async def test_mistakes_get_one_line_and_exit_status_one(lab: Lab) -> None:
    for arguments, expected in (
        (("fault", "kill", "db9", "--lab", lab.directory.name), "choose db1, db2"),
        (("fault", "kill", "db1", "--lab", "nowhere"), "no lab 'nowhere' runs"),
    ):
        result = await invoke(*arguments)
        assert result.exit_code == 1
        assert expected in result.output.replace("\n", " ")
    assert lab.servers["db1"].postmaster_pid() is not None


def test_a_version_that_is_not_there_gets_one_line() -> None:
    result = CliRunner().invoke(app, ["up", "--pg", "9.6"])
    assert result.exit_code == 1
    assert "choose 18, 16 or system" in result.output.replace("\n", " ")


async def test_control_c_ends_everything_and_leaves_nothing_behind(own_base: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", "from lab.cli import app; app()", "up", "--no-disks"),
        stdout=asyncio.subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        env={**os.environ, "TMPDIR": str(own_base.parent)},
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"Ctrl-C" not in await process.stdout.readline():
            assert process.returncode is None
        [base] = own_base.parent.iterdir()
        [world] = (base / "worlds").iterdir()
        assert world_processes(world) != []
        process.send_signal(signal.SIGINT)
        said = await process.stdout.read()
        assert await process.wait() == 0
    assert b"Everything has been stopped" in said
    assert not world.exists()
    assert world_processes(world) == []
