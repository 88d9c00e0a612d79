"""What everybody backs up and restores: one primary with pgbench's tables, on the machine's own PostgreSQL."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from bench.restore.asked import AFTER, BEFORE
from lab import accounts
from lab.recipe import configuration
from lab.server import LabServer
from lab.world import Lab, LabOptions

LONG = 3600.0  # seconds that anything may take
CORES = 2
_POLL_SECONDS = 0.02
_TRANSACTIONS = 100  # pgbench's, for each unit of its scale: about 1 MB of WAL
_SEGMENT_MEGABYTES = 16  # PostgreSQL's own default; the lab's are smaller

_ARCHIVED = "SELECT last_archived_wal FROM pg_stat_archiver"
_SIZE = "SELECT sum(pg_database_size(oid))::bigint FROM pg_database"

# pgBackRest 2.45, Debian's, knows PostgreSQL up to 15: all contenders run on the machine's own.
OPTIONS = LabOptions(
    postgresql="system",
    base_backup=False,
    reuse_template=False,
    settings={"shared_buffers": "256MB", "max_wal_size": "2GB", "wal_keep_size": "0", "archive_timeout": "0"},
)


@dataclass(frozen=True, slots=True)
class Ground:
    """The primary. `directory` is where contenders keep what is theirs."""

    lab: Lab
    server: LabServer
    scale: int

    @property
    def directory(self) -> Path:
        return self.server.paths.root

    async def size(self) -> int:
        """Of all databases, in bytes."""
        return int((await self.server.query(_SIZE))[0][0])

    async def run(self, *argv: str) -> str:
        """Run a program on the server's host, as its account; what it prints. LabError where it fails."""
        return await accounts.run(
            self.server.account, argv, environment=self.server.environment, directory=self.server.paths.home,
            timeout=LONG,
        )  # fmt: skip

    async def archive_by(self, command: str) -> None:
        """The server archives by that command from here on."""
        file = self.server.paths.configuration
        self.server.account.write(file, file.read_text() + configuration({"archive_command": command}))
        await self.server.query("SELECT pg_reload_conf()")
        await self.archive_everything()

    async def archive_everything(self) -> None:
        """The segment that is written now is finished, and in the archive."""
        [(segment,)] = await self.server.query("SELECT pg_walfile_name(pg_switch_wal())")
        async with asyncio.timeout(LONG):
            while str((await self.server.query(_ARCHIVED))[0][0]) < segment:  # noqa: ASYNC110
                await asyncio.sleep(_POLL_SECONDS)

    async def work(self) -> datetime:
        """Clients write for a while; the moment between two marks that comes after that."""
        await self.server.query("TRUNCATE mark")
        await _pgbench(self, "-n", "-c", str(CORES), "-j", str(CORES), "-t", str(_TRANSACTIONS * self.scale // CORES))
        await self.server.query("SELECT pg_sleep(2)")  # pgBackRest finds a backup by whole seconds
        await self.server.query("INSERT INTO mark VALUES (%s)", (BEFORE,))
        [(moment,)] = await self.server.query("SELECT clock_timestamp()")
        assert isinstance(moment, datetime)
        await self.server.query("INSERT INTO mark VALUES (%s)", (AFTER,))
        await self.archive_everything()
        return moment

    async def settle(self) -> None:
        """What others have left to be written is on the disk."""
        await self.server.query("CHECKPOINT", timeout=LONG)
        await asyncio.to_thread(os.sync)


@asynccontextmanager
async def ground(scale: int) -> AsyncIterator[Ground]:
    """A primary alone with pgbench's tables of that scale: 15 MB each."""
    async with Lab.start(OPTIONS) as lab:
        server, standby = lab.servers.values()
        await standby.stop("immediate")
        await server.query("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE NOT active")
        await server.stop()
        await server.run("pg_resetwal", f"--wal-segsize={_SEGMENT_MEGABYTES}", "-D", str(server.data_directory))
        await server.start()
        made = Ground(lab, server, scale)
        await made.archive_by("/bin/true")
        await _pgbench(made, "-i", "-q", "-s", str(scale))
        await server.query("CREATE TABLE mark (name text)")
        await server.query("VACUUM FREEZE", timeout=LONG)
        yield made


async def _pgbench(ground: Ground, *words: str) -> None:
    server = ground.server
    await accounts.run(
        server.account, (server.binaries.program("pgbench"), *words, "postgres"),
        environment={**server.environment, "PGOPTIONS": "-c synchronous_commit=off"},
        directory=server.paths.home, timeout=LONG,
    )  # fmt: skip
