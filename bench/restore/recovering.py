"""Recovery by hand of what a tool has laid out: started beside the server, asked until it stands at the target."""

import asyncio
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import psycopg
from psycopg.conninfo import make_conninfo

from bench.restore.asked import FIRST_QUERY
from bench.restore.ground import LONG, Ground
from lab.ports import free_port
from lab.recipe import configuration
from servers.backups.instances import SMALL

_POLL_SECONDS = 0.02
_PAUSED = "SELECT pg_is_wal_replay_paused() AND pg_get_wal_replay_pause_state() = 'paused'"


def by_target(moment: datetime, restore_command: str) -> dict[str, str]:
    """The settings of a recovery to that moment."""
    return {
        "recovery_target_time": moment.isoformat(),
        "recovery_target_action": "pause",
        "restore_command": restore_command,
    }


async def answer_at_target(
    ground: Ground, directory: Path, settings: Mapping[str, str], began: float
) -> tuple[float, str]:
    """Start it with these settings besides its own; the seconds since `began`, and what the first query answers."""
    port, owner = free_port(), ground.server.account
    beside = {
        **SMALL, "listen_addresses": "", "port": str(port), "archive_mode": "off", "primary_conninfo": "",
        "logging_collector": "off", **settings,
    }  # fmt: skip
    own = directory / "postgresql.auto.conf"
    owner.write(own, own.read_text() + configuration(beside))
    owner.write(directory / "recovery.signal", "")
    log = directory.with_suffix(".log")
    await ground.server.run("pg_ctl", "start", "-W", "-s", "-D", str(directory), "-l", str(log))
    sockets = str(ground.server.socket_directory)
    conninfo = make_conninfo(host=sockets, port=port, user="postgres", dbname="postgres")
    postmaster = directory / "postmaster.pid"
    async with asyncio.timeout(LONG):
        while not postmaster.exists():  # noqa: ASYNC110 - pg_ctl returns before it is written
            await asyncio.sleep(_POLL_SECONDS)
        while True:
            with suppress(psycopg.OperationalError):
                async with await psycopg.AsyncConnection.connect(conninfo, autocommit=True) as connection:
                    return await _ask(connection, began)
            if not postmaster.exists():
                raise RuntimeError(f"recovery of {directory.name} ended:\n{log.read_text()[-2000:]}")
            await asyncio.sleep(_POLL_SECONDS)


async def _ask(connection: psycopg.AsyncConnection[tuple[object, ...]], began: float) -> tuple[float, str]:
    while (await (await connection.execute(_PAUSED)).fetchone()) != (True,):  # noqa: ASYNC110 - recovery tells nobody
        await asyncio.sleep(_POLL_SECONDS)
    row = await (await connection.execute(FIRST_QUERY.encode())).fetchone()
    return time.monotonic() - began, str(row[0]) if row else ""


async def ended(ground: Ground, directory: Path) -> None:
    """The instance there is stopped, if it runs."""
    if (directory / "postmaster.pid").exists():
        await ground.server.run("pg_ctl", "stop", "-s", "-w", "-m", "immediate", "-D", str(directory))
