"""A command beside the bot ends with its time-out, and so does what it started."""

import asyncio
import sys
from pathlib import Path

import pytest

from lab.postmaster import alive
from servers.local_command import NotEnded, run_here

LEAVES_A_CHILD = (
    "import subprocess, sys; "
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(30)']); "
    "open(sys.argv[1], 'w').write(str(child.pid))"
)


async def test_a_child_that_outlives_its_command_ends_with_the_time_out(tmp_path: Path) -> None:
    file = tmp_path / "child"
    with pytest.raises(NotEnded, match="did not end"):
        await run_here((sys.executable, "-c", LEAVES_A_CHILD, str(file)), {}, timeout=2)
    child = int(file.read_text())
    async with asyncio.timeout(5):
        while alive(child):
            await asyncio.sleep(0.01)
