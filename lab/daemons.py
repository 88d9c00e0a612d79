"""Programs of others that run in the practice world until they are ended, each in a process group of its own."""

import asyncio
import os
import shutil
import signal
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from lab.accounts import Spawn
from lab.errors import LabError


def find_program(name: str, known_as: str, package: str) -> str:
    """Its path, also where only root looks. LabError, with Debian's package, where it is not installed."""
    found = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/bin:/sbin")
    if found is None:
        raise LabError(f"{known_as} is not installed on this machine (Debian: apt-get install {package})")
    return found


async def start(spawn: Spawn, *, environment: Mapping[str, str], directory: Path, log: Path | None = None) -> Process:
    """What it says goes to `log`, else nowhere."""
    with ExitStack() as stack:
        out = DEVNULL if log is None else stack.enter_context(log.open("wb"))
        return await asyncio.create_subprocess_exec(
            *spawn.argv, cwd=directory, env=dict(environment), start_new_session=True,
            stdin=DEVNULL, stdout=out, stderr=out,
            user=spawn.user, group=spawn.group, extra_groups=spawn.extra_groups,
        )  # fmt: skip


async def end(process: Process, patience: float = 0.0) -> None:
    """It may end by itself within `patience` seconds; then it is killed, with what it has started."""
    if patience and process.returncode is None:
        process.terminate()
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await process.wait()
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
