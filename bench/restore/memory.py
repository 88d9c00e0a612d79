"""How much memory the programs of a practice host take: all but PostgreSQL's own server processes."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from lab.leftovers import WORLD_VARIABLE

_PAUSE_SECONDS = 0.1
_ANONYMOUS = "RssAnon:"


class Watched:
    """What was seen so far; `most` in bytes, of all programs together."""

    def __init__(self, world: Path) -> None:
        self.most = 0
        self._mark = f"{WORLD_VARIABLE}={world}".encode()
        self._ours: dict[int, bool] = {}

    def look(self) -> None:
        there = {int(entry.name) for entry in os.scandir("/proc") if entry.name.isdigit()}
        self._ours = {pid: ours for pid, ours in self._ours.items() if pid in there}
        self.most = max(self.most, sum(_anonymous(pid) for pid in there if self._is_ours(pid)))

    def _is_ours(self, pid: int) -> bool:
        # A process that has just begun still is the program that began it: it is looked at again.
        if not self._ours.get(pid, False):
            self._ours[pid] = self._found(pid)
        return self._ours[pid]

    def _found(self, pid: int) -> bool:
        with suppress(OSError):
            if Path(os.readlink(f"/proc/{pid}/exe")).name != "postgres":
                return self._mark in Path(f"/proc/{pid}/environ").read_bytes()
        return False


def _anonymous(pid: int) -> int:
    """What is the process's own: not the programs and libraries that it shares with others."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(_ANONYMOUS):
                return int(line.removeprefix(_ANONYMOUS).split()[0]) * 1024
    return 0


@asynccontextmanager
async def watching(world: Path) -> AsyncIterator[Watched]:
    """Looks every tenth of a second until the block ends."""
    watched = Watched(world)

    async def watch() -> None:
        while True:
            await asyncio.to_thread(watched.look)
            await asyncio.sleep(_PAUSE_SECONDS)

    task = asyncio.create_task(watch())
    try:
        yield watched
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
