"""patronictl switchover: a pair of the lab that Patroni runs, with etcd.

https://patroni.readthedocs.io/en/latest/patronictl.html#patronictl-switchover
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

from bench.failover.contender import Pair
from bench.failover.on_the_lab import OPTIONS, LabPair
from lab.world import Lab

_COMMAND_SECONDS = 60.0


class ByPatroni(LabPair):
    """The pair, with Patroni's own command."""

    async def switch_over(self) -> None:
        configuration = str(self._old.paths.root / "patroni.yml")
        process = await asyncio.create_subprocess_exec(
            str(Path(sys.executable).with_name("patronictl")), "-c", configuration, "switchover", self._lab.cluster,
            "--leader", self._old.name, "--candidate", self._new.name, "--force",
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        async with asyncio.timeout(_COMMAND_SECONDS):
            said, _ = await process.communicate()
        if process.returncode != 0 or b"Successfully switched over" not in said:
            raise RuntimeError(f"patronictl switchover failed: {said.decode(errors='replace')}")


@asynccontextmanager
async def patroni() -> AsyncIterator[Pair]:
    async with Lab.start(replace(OPTIONS, engine="patroni")) as lab:
        yield ByPatroni(lab)
