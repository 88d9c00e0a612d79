"""Contenders without Understudy: a bare copy, pg_basebackup, pgBackRest and Barman by their own commands."""

import shlex
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import psycopg

from bench.restore.contender import Backed, Keeper, Restored
from bench.restore.ground import Ground
from bench.restore.recovering import answer_at_target, by_target
from bench.restore.stores import Store, barman_store, pgbackrest_store, plain_archive
from lab.barman import NAME
from lab.pgbackrest import STANZA

# As Understudy's native tool calls it, so that the two differ by Understudy alone.
_LIKE_THE_NATIVE_TOOL = ("--compress=server-zstd", "--manifest-checksums=SHA256")
_NOT_COPIED = ("pg_wal", "postmaster.pid", "postmaster.opts")
_NO_RECOVERY_OF_ITS_OWN: dict[str, str] = {}


class ByHand:
    """What all of them do alike."""

    def __init__(self, ground: Ground, store: Path) -> None:
        self.ground = ground
        self.store = store

    async def back_up(self) -> Backed:
        began = time.monotonic()
        await self.take()
        return Backed(time.monotonic() - began)

    async def take_in(self) -> None:
        pass

    async def restore(self, directory: Path, moment: datetime) -> Restored:
        began = time.monotonic()
        settings = await self.lay_out(directory, moment)
        laid_out = time.monotonic() - began
        seconds, answer = await answer_at_target(self.ground, directory, settings, began)
        return Restored(laid_out, seconds, answer)

    async def take(self) -> None:
        raise NotImplementedError

    async def lay_out(self, directory: Path, moment: datetime) -> dict[str, str]:
        """The settings with which recovery then starts, where the tool has not written them."""
        raise NotImplementedError


class BareCopy(ByHand):
    """cp between pg_backup_start() and pg_backup_stop(): nothing is checked, packed, or brought to the disk.

    https://www.postgresql.org/docs/current/continuous-archiving.html#BACKUP-LOWLEVEL-BASE-BACKUP
    """

    async def take(self) -> None:
        server, copy = self.ground.server, self.store / "data"
        async with await psycopg.AsyncConnection.connect(server.local_conninfo(), autocommit=True) as connection:
            await connection.execute("SELECT pg_backup_start('bench', fast => true)")
            there = [str(path) for path in server.data_directory.iterdir() if path.name not in _NOT_COPIED]
            await self.ground.run("cp", "-a", "-t", str(server.account.directory(copy)), *there)
            cursor = await connection.execute("SELECT labelfile FROM pg_backup_stop(wait_for_archive => true)")
            row = await cursor.fetchone()
        assert row is not None
        server.account.write(copy / "backup_label", str(row[0]))
        server.account.directory(copy / "pg_wal")

    async def lay_out(self, directory: Path, moment: datetime) -> dict[str, str]:
        await self.ground.run("cp", "-a", str(self.store / "data"), str(directory))
        return by_target(moment, f"cp {shlex.quote(str(self.store / 'archive'))}/%f %p")


class PgBasebackup(ByHand):
    """Its tar files, unpacked by tar."""

    async def take(self) -> None:
        await self.ground.run(
            self.ground.server.binaries.program("pg_basebackup"), "-D", str(self.store / "base"), "-F", "t",
            "-X", "stream", "--checkpoint=fast", *_LIKE_THE_NATIVE_TOOL,
        )  # fmt: skip

    async def lay_out(self, directory: Path, moment: datetime) -> dict[str, str]:
        self.ground.server.account.directory(directory)
        self.ground.server.account.directory(directory / "pg_wal")
        base = self.store / "base"
        await self.ground.run("tar", "-x", "-I", "zstd", "-f", str(base / "base.tar.zst"), "-C", str(directory))
        await self.ground.run("tar", "-x", "-f", str(base / "pg_wal.tar"), "-C", str(directory / "pg_wal"))
        return by_target(moment, f"cp {shlex.quote(str(self.store / 'archive'))}/%f %p")


class PgBackRest(ByHand):
    """backup, restore."""

    async def take(self) -> None:
        await self._run("backup", "--type=full")

    async def lay_out(self, directory: Path, moment: datetime) -> dict[str, str]:
        self.ground.server.account.directory(directory)
        await self._run(
            f"--pg1-path={directory}", "restore", "--type=time", f"--target={moment.isoformat(sep=' ')}",
            "--target-action=pause", "--archive-mode=off",
        )  # fmt: skip
        return _NO_RECOVERY_OF_ITS_OWN

    async def _run(self, *words: str) -> None:
        await self.ground.run("pgbackrest", f"--stanza={STANZA}", *words)


class Barman(ByHand):
    """backup, recover; it copies the WAL that it needs as well."""

    def __init__(self, ground: Ground, store: Store) -> None:
        super().__init__(ground, store.path)
        self._configuration, self._take_in = store.configuration, store.take_in

    async def take_in(self) -> None:
        await self._take_in()

    async def take(self) -> None:
        await self._run("backup", NAME, "--wait", "--immediate-checkpoint")

    async def lay_out(self, directory: Path, moment: datetime) -> dict[str, str]:
        target = ("--target-time", moment.isoformat(sep=" "), "--target-action", "pause")
        await self._run("recover", *target, NAME, "latest", str(directory))
        return _NO_RECOVERY_OF_ITS_OWN

    async def _run(self, *words: str) -> None:
        await self.ground.run("barman", "-c", str(self._configuration), *words)


@asynccontextmanager
async def bare_copy(ground: Ground) -> AsyncIterator[Keeper]:
    async with plain_archive(ground) as store:
        yield BareCopy(ground, store)


@asynccontextmanager
async def pg_basebackup(ground: Ground) -> AsyncIterator[Keeper]:
    async with plain_archive(ground) as store:
        yield PgBasebackup(ground, store)


@asynccontextmanager
async def pgbackrest(ground: Ground) -> AsyncIterator[Keeper]:
    async with pgbackrest_store(ground) as store:
        yield PgBackRest(ground, store.path)


@asynccontextmanager
async def barman(ground: Ground) -> AsyncIterator[Keeper]:
    async with barman_store(ground) as store:
        yield Barman(ground, store)
