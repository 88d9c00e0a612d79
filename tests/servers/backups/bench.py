"""A native tool at work on a practice pair, and what becomes of a restored directory."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from lab.ports import free_port
from servers.backups.native.tool import NativeTool
from servers.backups.wanted import JobPlace
from servers.engines.rejoining import JobReport, JobState
from servers.state import BaseBackup
from tests.servers.pair import PATIENCE, Pair


@dataclass(frozen=True)
class Bench:
    """The pair, its tool, and a backup of the standby that is done."""

    pair: Pair
    tool: NativeTool
    backup: BaseBackup

    async def ended(self, place: JobPlace) -> JobReport:
        return await ended(self.pair, self.tool, place)


async def ended(pair: Pair, tool: NativeTool, place: JobPlace) -> JobReport:
    async with asyncio.timeout(PATIENCE):
        while (report := await tool.job(pair.cluster, place)).state is JobState.RUNNING:
            await asyncio.sleep(0.05)
    return report


async def mark(pair: Pair, name: str) -> datetime:
    """Write that mark, and tell a moment after it."""
    await pair.lab.server("db1").query("INSERT INTO kept VALUES (%s)", (name,))
    [(moment,)] = await pair.lab.server("db1").query("SELECT clock_timestamp()")
    assert isinstance(moment, datetime)
    return moment


async def archive_everything(pair: Pair) -> None:
    """The segment that is written now is finished, and in the archive, packed as it may be."""
    # Without anything new in it, a segment is not finished.
    await pair.lab.server("db1").query("SELECT pg_logical_emit_message(false, 'test', 'one more record')")
    [(segment,)] = await pair.lab.server("db1").query("SELECT pg_walfile_name(pg_switch_wal())")
    async with asyncio.timeout(PATIENCE):
        while not any(".part" not in path.name for path in pair.lab.archive.glob(f"{segment}*")):
            await asyncio.sleep(0.05)


@asynccontextmanager
async def recovered(pair: Pair, directory: Path, command: str, moment: datetime) -> AsyncIterator[list[str]]:
    """The marks that an instance finds which was recovered from `directory` to that moment; it is stopped again."""
    server, port = pair.lab.server("db1"), free_port()
    settings = {
        "restore_command": command,
        "recovery_target_time": moment.isoformat(),
        "recovery_target_action": "pause",
        "primary_conninfo": "",
        "archive_mode": "off",
        "port": str(port),
        "listen_addresses": "",
    }
    lines = (f"{name} = '{value.replace(chr(39), chr(39) * 2)}'\n" for name, value in settings.items())
    owner = pair.lab.account
    owner.write(directory / "postgresql.auto.conf", "".join(lines))
    owner.write(directory / "recovery.signal", "")
    log = str(directory / "start.log")
    await server.run("pg_ctl", "start", "-w", "-D", str(directory), "-l", log)
    try:
        conninfo = make_conninfo(host=str(server.socket_directory), port=port, user="postgres", dbname="postgres")
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            async with asyncio.timeout(PATIENCE):
                while True:
                    cursor = await connection.execute("SELECT pg_get_wal_replay_pause_state()")
                    if (await cursor.fetchone()) == ("paused",):
                        break
                    await asyncio.sleep(0.05)
            rows = await (await connection.execute("SELECT mark FROM kept")).fetchall()
        yield [str(mark) for (mark,) in rows]
    finally:
        await server.run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(directory))
