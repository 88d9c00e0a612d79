"""When does a server accept writes? Asked by the same client for Understudy and for its bare peers."""

import asyncio
import time

import psycopg

from lab.server import LabServer

_POLL_SECONDS = 0.002
_WRITE = "SELECT pg_logical_emit_message(true, 'bench', 'accepted')"


async def first_accepted_write(server: LabServer, *, timeout: float = 60.0) -> float:
    """The monotonic time at which a write was first committed on that server. TimeoutError when none is."""
    async with asyncio.timeout(timeout):
        async with await psycopg.AsyncConnection.connect(
            host=str(server.socket_directory), port=server.port, user="postgres", dbname="postgres", autocommit=True
        ) as connection:
            while True:
                try:
                    await connection.execute(_WRITE)
                except psycopg.errors.InternalError_:
                    # "cannot assign TransactionIds during recovery": what a standby says to this write.
                    await asyncio.sleep(_POLL_SECONDS)
                else:
                    return time.monotonic()
