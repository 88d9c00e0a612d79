"""A client of our own that writes and reads by the road that clients take, all through a drill: what it notices is what
they would, and each row that was acknowledged to it must be there in the end.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import LiteralString

import psycopg
from psycopg import sql as psycopg_sql

from servers.drilling import HeartbeatPlace
from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.heartbeat import explained, in_database
from servers.inventory import Server
from servers.sql import Sessions
from servers.sql_session import Session, open_session
from servers.traffic.asking import ask

EVERY = 0.05  # seconds between two rows: no outage is told shorter or longer by more
CONNECT_SECONDS = 2.0
ANSWER_SECONDS = 60.0  # who is held waits, as an application would
RETRY_SECONDS = 0.05
TABLE_SECONDS = 10.0
_LEAVE_SECONDS = 2.0

_CREATE: LiteralString = """
CREATE TABLE IF NOT EXISTS understudy.probe (
    run text, sequence bigint, written_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (run, sequence))
"""
_MAY: LiteralString = """
SELECT current_user AS role, pg_is_in_recovery() AS standby,
       coalesce(has_schema_privilege(to_regnamespace('understudy'), 'USAGE'), false) AS uses,
       coalesce(CASE WHEN to_regclass('understudy.probe') IS NULL THEN has_schema_privilege(
           to_regnamespace('understudy'), 'CREATE') ELSE has_table_privilege(
           'understudy.probe', 'INSERT') AND has_table_privilege('understudy.probe', 'SELECT') END, false) AS writes
"""
_INSERT = psycopg_sql.SQL("INSERT INTO understudy.probe (run, sequence) VALUES ({run}, {sequence})")
_READ = psycopg_sql.SQL("SELECT max(sequence) AS last FROM understudy.probe WHERE run = {run}")
_ROWS: LiteralString = (
    "SELECT sequence FROM understudy.probe WHERE run = %s AND sequence > %s ORDER BY sequence LIMIT 5000"
)
_REMOVE: LiteralString = "DELETE FROM understudy.probe WHERE run = %s"


@dataclass(slots=True)
class Noticed:
    """What a probe has noticed so far. Times are of the monotonic clock, in seconds.

    `read_back_late` counts the reads that did not show a row which was acknowledged before.
    """

    began: float
    acknowledged: list[int] = field(default_factory=list)
    last_at: float | None = None
    longest_gap: float = 0.0
    errors: int = 0
    last_error: str = ""
    read_back_late: int = 0

    def acknowledge(self, sequence: int, at: float) -> None:
        self.longest_gap = self.gap_until(at)
        self.acknowledged.append(sequence)
        self.last_at = at

    def gap_until(self, at: float) -> float:
        """The longest time without an acknowledged row, if there is none from the last one until `at`."""
        return max(self.longest_gap, at - (self.last_at if self.last_at is not None else self.began))

    def turn(self, at: float) -> float:
        """The longest time without an acknowledged row since the last turn; the next one counts anew."""
        longest, self.longest_gap = self.gap_until(at), 0.0
        return longest


class Probe:
    """One client, from its start until `stop`. `roads` are tried one after the other until one takes writes."""

    def __init__(self, roads: Sequence[str], run: str) -> None:
        self.noticed = Noticed(time.monotonic())
        self._roads = tuple(roads)
        self._run = run
        self._sequence = 0
        self._more = asyncio.Event()
        self._work = asyncio.create_task(self._go())

    async def has_written(self, seconds: float) -> bool:
        """Waits until another row was acknowledged; False where none was in that time."""
        self._more.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._more.wait()
                return True
        return False

    def turn(self) -> float:
        """The outage since the last turn, in seconds: the longest time without an acknowledged row."""
        return self.noticed.turn(time.monotonic())

    async def stop(self) -> None:
        self._work.cancel()
        await asyncio.gather(self._work, return_exceptions=True)

    async def _go(self) -> None:
        road = 0
        while True:
            try:
                await self._write_by(self._roads[road % len(self._roads)])
            except (psycopg.Error, OSError, TimeoutError) as error:
                self.noticed.errors += 1
                self.noticed.last_error = (str(error) or type(error).__name__).splitlines()[0]
            road += 1
            await asyncio.sleep(RETRY_SECONDS)

    async def _write_by(self, road: str) -> None:
        async with asyncio.timeout(CONNECT_SECONDS):
            session = await open_session(road, CONNECT_SECONDS)
        try:
            while True:
                due = time.monotonic() + EVERY
                await self._write(session)
                await asyncio.sleep(max(0.0, due - time.monotonic()))
        finally:
            session.close()

    async def _write(self, session: Session) -> None:
        """Literals, not parameters: a pooler that shares connections may know no prepared statements."""
        self._sequence += 1
        names = {"run": psycopg_sql.Literal(self._run), "sequence": psycopg_sql.Literal(self._sequence)}
        await ask(session, _INSERT.format(**names), timeout=ANSWER_SECONDS)
        self.noticed.acknowledge(self._sequence, time.monotonic())
        [row] = await ask(session, _READ.format(run=names["run"]), timeout=ANSWER_SECONDS)
        if row["last"] is None or row["last"] < self._sequence:
            self.noticed.read_back_late += 1
        self._more.set()


class Probes:
    """The probes that run, by the operation that they belong to; a process that ends takes its own with it."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._running: dict[str, Probe] = {}

    def start(self, roads: Sequence[str], run: str) -> Probe:
        """The one of that name, begun where there is none."""
        if run not in self._running:
            self._running[run] = Probe(roads, run)
        return self._running[run]

    def running(self, run: str) -> Probe | None:
        return self._running.get(run)

    async def stop(self, run: str) -> Noticed | None:
        """Ends it. What it has noticed; None where this process has none of that name."""
        probe = self._running.pop(run, None)
        if probe is None:
            return None
        await probe.stop()
        return probe.noticed

    async def close(self) -> None:
        """Ends all of them."""
        await asyncio.gather(*(self.stop(run) for run in tuple(self._running)))

    async def why_not(self, roads: Sequence[str]) -> str | None:
        """Why a probe could not write by these roads now; None: it could. Nothing is written."""
        said = "there is no road"
        for road in roads:
            try:
                async with asyncio.timeout(CONNECT_SECONDS):
                    session = await open_session(road, CONNECT_SECONDS)
                try:
                    [row] = await ask(session, _MAY, timeout=CONNECT_SECONDS)
                finally:
                    session.close()
            except (psycopg.Error, OSError, TimeoutError) as error:
                said = (str(error) or "no answer").splitlines()[-1]
                continue
            return _ruling(row)
        return said

    async def make_table(self, primary: Server, place: HeartbeatPlace) -> None:
        """By the bot's own way. Raises ActionFailed."""
        try:
            await self._sessions.query(in_database(primary, place.database), _CREATE, timeout=TABLE_SECONDS)
        except ServerUnreachable as error:
            raise ActionFailed(f"{primary.name} has no table for the probe: {explained(place, error)}") from error

    async def rows(self, server: Server, place: HeartbeatPlace, run: str) -> frozenset[int]:
        """Every row of that run that is there. Raises ActionFailed."""
        there: list[int] = []
        try:
            while True:
                parameters = (run, there[-1] if there else 0)
                found = await self._sessions.query(
                    in_database(server, place.database), _ROWS, parameters, timeout=TABLE_SECONDS
                )
                there += [row["sequence"] for row in found]
                if not found:
                    return frozenset(there)
        except ServerUnreachable as error:
            raise ActionFailed(f"{server.name} does not tell the probe's rows: {error.detail}") from error

    async def remove(self, primary: Server, place: HeartbeatPlace, run: str) -> None:
        """The rows of that run, and nothing else. Raises ActionFailed."""
        try:
            await self._sessions.query(in_database(primary, place.database), _REMOVE, (run,), timeout=TABLE_SECONDS)
        except ServerUnreachable as error:
            raise ActionFailed(f"{primary.name} still has the probe's rows: {error.detail}") from error


def _ruling(row: Mapping[str, object]) -> str | None:
    if row["standby"]:
        return "it leads to a standby"
    if row["uses"] and row["writes"]:
        return None
    return f"{row['role']} may not write there: CREATE SCHEMA understudy AUTHORIZATION {row['role']}"
