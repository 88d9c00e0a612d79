"""One connection of the write load: writes rows as an application would, and says of each what became of it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

import psycopg

from lab.statement import execute

STATEMENT_SECONDS = 3.0  # after that the client gives up, and does not know what became of the row
_CONNECT_SECONDS = 3.0
_RETRY_SECONDS = 0.05

# The position lies before the commit's own record, so it is a bound for rows that were acknowledged before this one
# was sent. pg_walfile_name begins with the timeline, in eight hexadecimal digits.
_INSERT = """
INSERT INTO load_row (run, sequence) VALUES (%s, %s)
RETURNING pg_current_wal_insert_lsn() - '0/0'::pg_lsn, left(pg_walfile_name(pg_current_wal_insert_lsn()), 8),
          host(inet_server_addr())
"""


@dataclass(slots=True)
class AcknowledgedRow:
    """A row whose commit the server confirmed: when (time.monotonic), where, and on which timeline.

    Its commit lies before the position `committed_before`, known with the next row of the same connection.
    """

    sequence: int
    at: float
    server: str
    timeline: int
    committed_before: int | None = None


class Outcomes:
    """What became of every row that was sent. Shared by all connections of a load."""

    def __init__(self, on_acknowledged: Callable[[AcknowledgedRow], None]) -> None:
        self.began = time.monotonic()
        self.acknowledged: list[AcknowledgedRow] = []
        self.in_doubt: list[int] = []
        self.refused: list[int] = []
        self.first_error: str | None = None
        self.last_error: str | None = None
        self.errors = 0
        self.longest_gap = 0.0
        self.more = asyncio.Event()
        self._sent = 0
        self._on_acknowledged = on_acknowledged

    def next_sequence(self) -> int:
        self._sent += 1
        return self._sent

    def acknowledge(self, row: AcknowledgedRow) -> None:
        self.longest_gap = self.gap_until(row.at)
        self.acknowledged.append(row)
        self._on_acknowledged(row)
        self.more.set()

    def gap_until(self, moment: float) -> float:
        """The longest time without an acknowledged row, if there is none from the last one until `moment`."""
        last = self.acknowledged[-1].at if self.acknowledged else self.began
        return max(self.longest_gap, moment - last)

    def failed(self, error: BaseException) -> None:
        self.errors += 1
        text = (str(error) or type(error).__name__).splitlines()[0]
        self.first_error = self.first_error or text
        self.last_error = text


class LoadClient:
    """Connects to whichever of several servers takes writes, and writes at a rate; reconnects when it must.

    `conninfo` is asked for anew before each connection. A pooler that shares connections may know no prepared
    statements.
    """

    def __init__(
        self, conninfo: Callable[[], str], run: str, interval: float, outcomes: Outcomes, *, prepared: bool = True
    ) -> None:
        self._conninfo = conninfo
        self._run = run
        self._interval = interval
        self._outcomes = outcomes
        self._prepared = prepared
        self._stopping = asyncio.Event()
        self._previous: AcknowledgedRow | None = None

    async def run(self) -> None:
        """Write until `stop`."""
        while not self._stopping.is_set():
            try:
                async with self._connected() as connection:
                    await self._write(connection)
            except (psycopg.Error, TimeoutError, OSError) as error:
                self._outcomes.failed(error)
                await self._pause(_RETRY_SECONDS)

    def stop(self) -> None:
        """End after the row that is under way. Cancel `run` to end without knowing what became of it."""
        self._stopping.set()

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[psycopg.AsyncConnection]:
        async with asyncio.timeout(_CONNECT_SECONDS):
            connection = await psycopg.AsyncConnection.connect(self._conninfo(), autocommit=True)
        self._previous = None
        try:
            yield connection
        finally:
            await connection.close()

    async def _write(self, connection: psycopg.AsyncConnection) -> None:
        due = time.monotonic()
        while not self._stopping.is_set():
            await self._pause(due - time.monotonic())
            # What was missed during an outage is not made up for in a burst.
            due = max(due, time.monotonic() - self._interval) + self._interval
            await self._insert(connection, self._outcomes.next_sequence())

    async def _insert(self, connection: psycopg.AsyncConnection, sequence: int) -> None:
        try:
            rows = await execute(
                connection, _INSERT, (self._run, sequence), timeout=STATEMENT_SECONDS, prepare=self._prepared
            )
        except psycopg.Error as error:
            # An error over a connection that lives is the server's word that nothing was written.
            refused = error.sqlstate is not None and not connection.broken
            (self._outcomes.refused if refused else self._outcomes.in_doubt).append(sequence)
            raise
        except (TimeoutError, asyncio.CancelledError):
            self._outcomes.in_doubt.append(sequence)
            raise
        [(position, timeline, server)] = rows
        acknowledged = AcknowledgedRow(sequence, time.monotonic(), server, int(timeline, 16))
        if self._previous is not None:
            self._previous.committed_before = int(position)
        self._previous = acknowledged
        self._outcomes.acknowledge(acknowledged)

    async def _pause(self, seconds: float) -> None:
        if seconds > 0:
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._stopping.wait()
