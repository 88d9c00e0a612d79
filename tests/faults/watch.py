"""What is seen from outside while a cell is played: how far the operation is, and who takes writes."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import psycopg

from lab.server import LabServer
from lab.statement import execute
from ledger.audit import AuditKind
from tests.faults.cell import Phase, When

_LOOK_SECONDS = 0.004
_SAMPLE_SECONDS = 0.02
_ANSWER_SECONDS = 0.3

_STEPS = "SELECT kind, json_extract(entry, '$.details') FROM audit WHERE kind IN (?, ?) ORDER BY sequence DESC LIMIT 8"
_OPERATION = "SELECT state FROM operation WHERE id = ?"
_WRITABLE = "SELECT NOT pg_is_in_recovery() AND current_setting('transaction_read_only') = 'off'"

_PHASES = {Phase.INTENT: AuditKind.STEP_INTENT, Phase.RESULT: AuditKind.STEP_RESULT}


class LedgerWatch:
    """Reads the bot's ledger from another process, as `sqlite3` at the terminal would."""

    def __init__(self, path: Path) -> None:
        self.path = path

    async def reached(self, operation: str, when: When, *, timeout: float) -> None:
        """Wait for that moment of the operation. TimeoutError when it does not come."""
        wanted = _PHASES[when.phase].value
        kinds = [kind.value for kind in _PHASES.values()]
        async with asyncio.timeout(timeout):
            while True:
                for kind, text in self._rows(_STEPS, *kinds):
                    details = json.loads(text)
                    if (kind, details["operation"], details["action"]) == (wanted, operation, when.action):
                        return
                await asyncio.sleep(_LOOK_SECONDS)

    async def ended(self, operation: str, *, timeout: float, over: frozenset[str]) -> str:
        """Wait for the end; the state. TimeoutError when it does not come."""
        async with asyncio.timeout(timeout):
            while (state := self.state(operation)) not in over:
                await asyncio.sleep(_LOOK_SECONDS)
        return state

    def state(self, operation: str) -> str:
        [row] = self._rows(_OPERATION, operation)
        return row[0]

    def _rows(self, sql: str, *parameters: str) -> list[tuple[str, ...]]:
        connection = sqlite3.connect(f"file:{self.path}?mode=ro", uri=True, timeout=5)
        try:
            return connection.execute(sql, parameters).fetchall()
        finally:
            connection.close()


class PrimaryWatch:
    """How many servers take writes at the same moment, as their clients find them."""

    def __init__(self, servers: Sequence[LabServer]) -> None:
        self._writable = {server.name: False for server in servers}
        self._servers = tuple(servers)
        self.most = 0

    async def run(self) -> None:
        """Look until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for server in self._servers:
                tasks.create_task(self._watch(server))

    async def _watch(self, server: LabServer) -> None:
        while True:
            with suppress(psycopg.Error, TimeoutError, OSError):
                await self._watch_connection(server)
            self._writable[server.name] = False
            await asyncio.sleep(_SAMPLE_SECONDS)

    async def _watch_connection(self, server: LabServer) -> None:
        async with asyncio.timeout(_ANSWER_SECONDS):
            connection = await psycopg.AsyncConnection.connect(server.local_conninfo(), autocommit=True)
        try:
            while True:
                [(writable,)] = await execute(connection, _WRITABLE, timeout=_ANSWER_SECONDS)
                self._writable[server.name] = bool(writable)
                self.most = max(self.most, sum(self._writable.values()))
                await asyncio.sleep(_SAMPLE_SECONDS)
        finally:
            await connection.close()
