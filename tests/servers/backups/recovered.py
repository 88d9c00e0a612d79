"""What the tests of the backup tools share: jobs that end, marks in a table, and a recovery that looks for them."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from lab.ports import free_port
from lab.recipe import configuration
from lab.server import LabServer
from servers.backups.tool import BackupTool
from servers.backups.wanted import JobPlace
from servers.engines.rejoining import JobReport, JobState
from tests.servers.pair import PATIENCE, Pair


async def ended(pair: Pair, tool: BackupTool, place: JobPlace) -> JobReport:
    """The report of the job once it does not run any more."""
    async with asyncio.timeout(PATIENCE):
        while (report := await tool.job(pair.cluster, place)).state is JobState.RUNNING:
            await asyncio.sleep(0.05)
    return report


async def mark(server: LabServer, text: str) -> datetime:
    """Write a mark; a moment after it, before the next one."""
    await server.query("INSERT INTO mark VALUES (%s)", (text,))
    [(moment,)] = await server.query("SELECT clock_timestamp()")
    assert isinstance(moment, datetime)
    return moment


@asynccontextmanager
async def recovered(pair: Pair, directory: Path, command: str, moment: datetime) -> AsyncIterator[set[str]]:
    """The marks that are there in what was laid out in `directory`, once it is recovered to that moment."""
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
    await _start(pair, server, directory, settings)
    try:
        conninfo = make_conninfo(host=str(server.socket_directory), port=port, user="postgres", dbname="postgres")
        async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
            async with asyncio.timeout(PATIENCE):
                while True:
                    cursor = await connection.execute("SELECT pg_get_wal_replay_pause_state()")
                    if (await cursor.fetchone()) == ("paused",):
                        break
                    await asyncio.sleep(0.05)
            rows = await (await connection.execute("SELECT name FROM mark")).fetchall()
        yield {str(name) for (name,) in rows}
    finally:
        await server.run("pg_ctl", "stop", "-w", "-m", "fast", "-D", str(directory))


async def _start(pair: Pair, server: LabServer, directory: Path, settings: Mapping[str, str]) -> None:
    owner = pair.lab.account
    owner.write(directory / "postgresql.auto.conf", configuration(settings))
    owner.write(directory / "recovery.signal", "")
    await server.run("pg_ctl", "start", "-w", "-D", str(directory), "-l", str(directory / "start.log"))
