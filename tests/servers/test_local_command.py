"""A command beside the bot ends with its time-out, and so does what it started; however much it prints is bounded."""

import asyncio
import sys
import tracemalloc
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


PRINTS_MUCH = (
    "import sys; print('first'); sys.stdout.flush(); "
    "[sys.stdout.buffer.write(b'x' * 1_000_000) for _ in range(50)]; print(); print('last')"
)


async def test_of_what_a_command_prints_beginning_and_end_are_kept_and_no_more() -> None:
    tracemalloc.start()
    try:
        ended = await run_here((sys.executable, "-c", PRINTS_MUCH), {}, timeout=60)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 5_000_000
    assert ended.output.startswith("first\nxxx")
    assert ended.output.endswith("xxx\nlast\n")
    assert "\n[49998012 bytes were cut here]\n" in ended.output
    assert ended.last_line == "last"


async def test_what_is_short_is_kept_as_it_is() -> None:
    text = "".join(chr(ord("a") + number % 26) for number in range(2000))
    ended = await run_here((sys.executable, "-c", f"print({text!r}, end='')"), {}, timeout=60)
    assert ended.output == text
