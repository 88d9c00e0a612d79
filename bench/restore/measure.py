"""One backup and one restore to a moment by one contender."""

import asyncio
import shutil
from dataclasses import dataclass
from pathlib import Path

from bench.restore.asked import BEFORE
from bench.restore.contender import Contender
from bench.restore.ground import Ground
from bench.restore.memory import watching
from bench.restore.recovering import ended


@dataclass(frozen=True, slots=True)
class Round:
    """Seconds and bytes. `laid_out` and `first_query` count from the beginning of the restore; `bot` is what of backup
    and restore was Understudy's own. `stored`: the backup and the WAL that was archived since. `client` is the most
    memory of Understudy's process, `grown` by what it grew, `host` the most of all programs on the server's host, but
    for PostgreSQL itself."""

    backup: float
    laid_out: float
    first_query: float
    stored: int
    host: int
    client: int
    grown: int
    bot: float

    @property
    def total(self) -> float:
        return self.backup + self.first_query


async def measure(ground: Ground, contender: Contender) -> Round:
    """RuntimeError where what was restored is not what the server had at that moment."""
    async with contender.open(ground) as keeper:
        await ground.settle()
        async with watching(ground.lab.directory) as at_backup:
            backed = await keeper.back_up()
        moment = await ground.work()
        await keeper.take_in()
        stored = await asyncio.to_thread(_size, keeper.store)
        await ground.settle()
        directory = ground.directory / "data.restore-bench"
        try:
            async with watching(ground.lab.directory) as at_restore:
                restored = await keeper.restore(directory, moment)
        finally:
            await ended(ground, directory)
            for path in ground.directory.glob(f"{directory.name}*"):
                await asyncio.to_thread(_remove, path)
    if restored.answer != BEFORE:
        raise RuntimeError(f"{contender.name} has restored another moment: {restored.answer}")
    return Round(
        backup=backed.seconds,
        laid_out=restored.laid_out,
        first_query=restored.first_query,
        stored=stored,
        host=max(at_backup.most, at_restore.most),
        client=max(backed.client, restored.client),
        grown=max(backed.grown, restored.grown),
        bot=backed.bot + restored.bot,
    )


def _size(directory: Path) -> int:
    return sum(path.lstat().st_size for path in directory.rglob("*") if path.is_file())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
