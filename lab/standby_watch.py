"""What the standbys had received, looked at while they were standbys: evidence that no later promotion can change."""

import asyncio
from collections.abc import Sequence

import psycopg

from lab.load_client import AcknowledgedRow
from lab.server import LabServer
from lab.statement import execute

_LOOK_EVERY_SECONDS = 0.1
_TIMEOUT_SECONDS = 2.0

# The position is kept after the receiver has ended, its row is not: the timeline is then the last one known.
_RECEIVED = """
SELECT pg_last_wal_receive_lsn() - '0/0'::pg_lsn, (SELECT received_tli FROM pg_stat_wal_receiver)
 WHERE pg_is_in_recovery()
"""


class StandbyWatch:
    """Keeps, for each timeline, the furthest position that any standby had received and flushed."""

    def __init__(self, servers: Sequence[LabServer]) -> None:
        self._servers = servers
        self._received: dict[int, int] = {}

    def had_received(self, row: AcknowledgedRow) -> bool:
        """Whether a standby was seen to have the commit of a row. False where that is not known."""
        received = self._received.get(row.timeline)
        return row.committed_before is not None and received is not None and row.committed_before <= received

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as group:
            for server in self._servers:
                group.create_task(self._watch(server))

    async def _watch(self, server: LabServer) -> None:
        while True:
            try:
                await self._watch_connection(server)
            except (psycopg.Error, TimeoutError, OSError):
                await asyncio.sleep(_LOOK_EVERY_SECONDS)

    async def _watch_connection(self, server: LabServer) -> None:
        timeline: int | None = None
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            connection = await psycopg.AsyncConnection.connect(server.local_conninfo(), autocommit=True)
        try:
            while True:
                for position, receiving in await execute(connection, _RECEIVED, timeout=_TIMEOUT_SECONDS):
                    timeline = receiving or timeline
                    if timeline is not None and position is not None:
                        self._received[timeline] = max(self._received.get(timeline, 0), int(position))
                await asyncio.sleep(_LOOK_EVERY_SECONDS)
        finally:
            await connection.close()
