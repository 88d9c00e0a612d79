"""A statement that can be given up at once.

When a statement is cancelled, psycopg asks the server to cancel it too and waits for that, for up to ten seconds. A
server that hangs answers neither. Here the connection is broken instead: the statement ends, the connection with it.
"""

import asyncio
import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import psycopg
from psycopg.sql import SQL, Composed

Statement = str | SQL | Composed


async def execute(
    connection: psycopg.AsyncConnection,
    sql: Statement,
    parameters: Sequence[Any] | None = None,
    *,
    timeout: float,
    prepare: bool | None = None,
) -> list[tuple[Any, ...]]:
    """Run one statement; its rows, or none where it returns none.

    Raises psycopg.Error, and TimeoutError after `timeout` seconds. `prepare` is psycopg's.
    """
    statement = sql.encode() if isinstance(sql, str) else sql
    running = asyncio.create_task(connection.execute(statement, parameters, prepare=prepare))
    try:
        done, _ = await asyncio.wait({running}, timeout=timeout)
    except asyncio.CancelledError:
        await _give_up(connection, running)
        raise
    if not done:
        await _give_up(connection, running)
        raise TimeoutError(f"no answer within {timeout:g} s")
    cursor = running.result()
    return await cursor.fetchall() if cursor.description is not None else []


async def _give_up(connection: psycopg.AsyncConnection, running: "asyncio.Task[Any]") -> None:
    if not running.done():
        with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(connection.fileno())) as raw:
            raw.shutdown(socket.SHUT_RDWR)
    await asyncio.gather(running, return_exceptions=True)
