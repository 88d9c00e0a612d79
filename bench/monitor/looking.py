"""The bot's looks in a process of their own, as often as its standard input asks, so that their cost can be told.

Started as `python -m bench.monitor.looking SETTINGS`. Each line read is a kind of look and a number; each line written
is JSON: what they took, in seconds. Nothing else runs in the process; a look is one over all servers of the cluster.
"""

import asyncio
import json
import math
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bot.inventory import clusters_of
from bot.settings import load_settings
from servers.observe import SQL_TIMEOUT, Observer
from servers.sql import Sessions
from servers.ssh import Shells
from servers.watching.postgresql.look import PostgresqlLook


@dataclass(frozen=True, slots=True)
class Took:
    """So many looks: seconds of processor time of the process, and of each look until it was there."""

    cpu: float
    walls: tuple[float, ...]


class Looker:
    """The process, from the bench's side."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        assert process.pid is not None
        self.pid = process.pid

    async def look(self, kind: str, times: int) -> Took:
        """So many looks of that kind ("fast", "slow", "knock"), one after the other."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{kind}\t{times}\n".encode())
        async with asyncio.timeout(120):
            said = json.loads(await self._process.stdout.readline())
        return Took(said["cpu"], tuple(said["walls"]))


@asynccontextmanager
async def looker(settings: Path) -> AsyncIterator[Looker]:
    """The process, until the block ends."""
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bench.monitor.looking", str(settings), stdin=pipe, stdout=pipe, limit=2**24
    )
    try:
        yield Looker(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def _serve(settings: Path) -> None:
    clusters = clusters_of(load_settings(settings))
    (cluster,) = clusters.values()
    shells, sessions, inside_sessions = Shells(), Sessions(), Sessions()
    observer = Observer(clusters, shells, sessions, _now)
    inside = PostgresqlLook(inside_sessions, _now)

    async def knock() -> None:
        await asyncio.gather(*(sessions.takes_connections(each, timeout=SQL_TIMEOUT) for each in cluster.servers))

    looks: dict[str, Callable[[], Awaitable[object]]] = {
        # Host facts and backups as they were last seen: SQL alone.
        "fast": lambda: observer.observe(cluster, host_facts_max_age=math.inf, backups_max_age=math.inf),
        "slow": lambda: inside.look(cluster),
        "knock": knock,
    }
    try:
        while words := (await asyncio.to_thread(sys.stdin.readline)).split("\t"):
            if not words[0]:
                return
            print(json.dumps(await _timed(looks[words[0]], int(words[1]))), flush=True)
    finally:
        await asyncio.gather(shells.close(), sessions.close(), inside_sessions.close())


async def _timed(look: Callable[[], Awaitable[object]], times: int) -> dict[str, object]:
    walls, cpu = [], time.process_time()
    for _ in range(times):
        began = time.perf_counter()
        await look()
        walls.append(time.perf_counter() - began)
    return {"cpu": time.process_time() - cpu, "walls": walls}


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    asyncio.run(_serve(Path(sys.argv[1])))
