"""One kept connection to PostgreSQL that can be let go of at any moment, whatever the server does."""

import asyncio
import contextlib
import os
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql as psycopg_sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.pq import ConnStatus
from psycopg.rows import dict_row

from servers.knock import Endpoint

Statement = LiteralString | psycopg_sql.SQL | psycopg_sql.Composed

# tcpi_bytes_received of Linux's struct tcp_info: https://man7.org/linux/man-pages/man7/tcp.7.html
_TCP_INFO_BYTES, _BYTES_RECEIVED_AT, _BYTES_RECEIVED = 192, 128, struct.Struct("=Q")

_SET_STATEMENT_TIMEOUT: LiteralString = "SELECT set_config('statement_timeout', %s, false)"

# What the settings' conninfo says wins. GSS would ask the network while the event loop waits.
_DEFAULTS: dict[str, str | int] = {
    "application_name": "understudy",
    "client_encoding": "UTF8",
    "gssencmode": "disable",
    "keepalives": 1,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 2,
}


class Session:
    """A psycopg connection, a second descriptor of its socket to shut it down by, and a watch for its end."""

    def __init__(self, connection: psycopg.AsyncConnection[dict[str, Any]]) -> None:
        self._connection = connection
        # psycopg's own waits register the original descriptor with the event loop; the watch has this one.
        self._descriptor = os.dup(connection.fileno())
        self._statement_timeout: int | None = None
        self._on_end: Callable[[], None] | None = None
        self._closed = False
        self._fetching = False
        info = connection.info
        self.endpoint = Endpoint(info.host if info.host.startswith("/") else info.hostaddr or info.host, info.port)

    @property
    def received(self) -> int | None:
        """Bytes that came over it since it was opened. None over a socket of this host, which does not count them."""
        if self._closed:
            return None
        with contextlib.suppress(OSError, struct.error), socket.socket(fileno=os.dup(self._descriptor)) as twin:
            counted = twin.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, _TCP_INFO_BYTES)
            return int(_BYTES_RECEIVED.unpack_from(counted, _BYTES_RECEIVED_AT)[0])
        return None

    @property
    def broken(self) -> bool:
        return self._closed or self._connection.pgconn.status != ConnStatus.OK

    async def fetch(
        self, sql: Statement, params: Sequence[object], statement_timeout: int | None, most_rows: int
    ) -> list[dict[str, Any]]:
        """The rows. Raises psycopg.Error; has no deadline of its own: see `shut`.

        `statement_timeout` is in seconds; None where there is no such setting (a pooler's console).
        """
        self._stop_watching()
        self._fetching = True
        try:
            if statement_timeout is not None and statement_timeout != self._statement_timeout:
                await self._connection.execute(_SET_STATEMENT_TIMEOUT, (f"{statement_timeout}s",))
                self._statement_timeout = statement_timeout
            async with self._connection.cursor() as cursor:
                await cursor.execute(sql, params or None)
                if cursor.description is None:
                    return []
                rows = await cursor.fetchmany(most_rows + 1)
        finally:
            self._fetching = False
            if self._closed:
                self._connection.pgconn.finish()
            else:
                self._start_watching()
        if len(rows) > most_rows:
            raise psycopg.DataError(f"more than {most_rows} rows")
        return rows

    def watch(self, on_end: Callable[[], None]) -> None:
        """Call `on_end` as soon as the idle connection ends."""
        self._on_end = on_end
        self._start_watching()

    def shut(self) -> None:
        """End the connection under libpq: whatever waits on it is told at once."""
        if not self._closed:
            with contextlib.suppress(OSError), socket.socket(fileno=os.dup(self._descriptor)) as twin:
                twin.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of everything; waits for nothing. The server is told if nothing is being asked of it."""
        if self._closed:
            return
        self._stop_watching()
        if self._fetching:
            self.shut()  # libpq's memory is in use until the fetch has noticed
        else:
            self._connection.pgconn.finish()
        self._closed = True
        os.close(self._descriptor)

    def _start_watching(self) -> None:
        if self._on_end is not None and not self._closed:
            asyncio.get_running_loop().add_reader(self._descriptor, self._readable)

    def _stop_watching(self) -> None:
        if not self._closed:
            asyncio.get_running_loop().remove_reader(self._descriptor)

    def _readable(self) -> None:
        """Something came while nobody asked: a changed parameter, a notice, or the end."""
        try:
            self._connection.pgconn.consume_input()
            while self._connection.pgconn.notifies() is not None:
                pass
        except psycopg.Error:
            pass
        if self.broken and self._on_end is not None:
            self._on_end()


async def open_session(conninfo: str, connect_timeout: float) -> Session:
    """Connect. Raises psycopg.Error or OSError; may be cancelled at any moment."""
    given = conninfo_to_dict(conninfo)
    defaults = {key: value for key, value in _DEFAULTS.items() if key not in given}
    connection = await psycopg.AsyncConnection.connect(
        conninfo,
        autocommit=True,
        row_factory=dict_row,
        connect_timeout=max(2, round(connect_timeout)),
        **cast(dict[str, Any], defaults),
    )
    return Session(connection)
