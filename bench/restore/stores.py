"""Where each contender keeps backups and WAL: an empty store that the server archives into, gone at the end."""

import asyncio
import shlex
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import lab.barman
import lab.pgbackrest
from bench.restore.ground import Ground
from servers.backups.barman.place import BarmanPlace
from servers.backups.native.archive_command import ARCHIVE_SCRIPT, archive_command
from servers.backups.pgbackrest.place import PgBackRestPlace
from servers.inventory import BackupPlace, BackupTool

_PLAIN = 'test ! -e {archive}/%f && cp "%p" {archive}/%f.part && mv {archive}/%f.part {archive}/%f'


@dataclass(frozen=True, slots=True)
class Store:
    """Its directory, and how Understudy's settings have it. `take_in` sorts in the WAL that has come in."""

    path: Path
    place: BackupPlace
    take_in: Callable[[], Awaitable[object]]
    configuration: Path | None = None


async def nothing() -> None:
    """What arrives in the archive is there."""


@asynccontextmanager
async def plain_archive(ground: Ground) -> AsyncIterator[Path]:
    """A directory whose `archive` has WAL as it is."""
    account, path = ground.server.account, ground.directory / "plain"
    archive = account.directory(account.directory(path) / "archive")
    async with _archiving(ground, [path]):
        await ground.archive_by(_PLAIN.format(archive=shlex.quote(str(archive))))
        yield path


@asynccontextmanager
async def native_store(ground: Ground) -> AsyncIterator[Store]:
    """Backups and WAL by Understudy's own tool, both compressed by zstd."""
    account, path = ground.server.account, ground.directory / "native"
    archive = account.directory(account.directory(path) / "archive")
    place = BackupPlace(
        BackupTool.NATIVE, str(account.directory(path / "base")), str(archive), server=ground.server.name
    )
    script = account.write(ground.directory / "understudy-archive", ARCHIVE_SCRIPT, 0o755)
    async with _archiving(ground, [path]):
        await ground.archive_by(archive_command(place, "zstd", str(script)))
        yield Store(path, place, nothing)


@asynccontextmanager
async def pgbackrest_store(ground: Ground) -> AsyncIterator[Store]:
    """The lab's pgBackRest: two processes, lz4."""
    async with _archiving(ground, [ground.directory / "pgbackrest", ground.lab.directory / "pgbackrest"]):
        made = await lab.pgbackrest.set_up(ground.lab)
        await ground.archive_everything()
        place = BackupPlace(BackupTool.PGBACKREST, "", pgbackrest=PgBackRestPlace(lab.pgbackrest.STANZA))
        yield Store(made.repository, place, nothing)


@asynccontextmanager
async def barman_store(ground: Ground) -> AsyncIterator[Store]:
    """The lab's Barman on the server's own host: backups by pg_basebackup, as they are; WAL by gzip.

    Its cron would sort in what has come in each minute.
    """
    async with _archiving(ground, [ground.directory / "barman"]):
        made = await lab.barman.set_up(ground.lab, ground.server.name)
        place = BarmanPlace(lab.barman.NAME, str(made.file), state=str(made.state))
        backups = BackupPlace(BackupTool.BARMAN, "", server=ground.server.name, barman=place)
        await ground.archive_everything()

        async def take_in() -> None:
            await made.run("archive-wal", lab.barman.NAME)

        yield Store(made.home / lab.barman.NAME, backups, take_in, made.file)


@asynccontextmanager
async def _archiving(ground: Ground, paths: Sequence[Path]) -> AsyncIterator[None]:
    """Nothing is archived after that, and the paths are gone."""
    try:
        yield
    finally:
        await ground.archive_by("/bin/true")
        for path in paths:
            await asyncio.to_thread(shutil.rmtree, path)
