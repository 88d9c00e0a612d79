"""Asks every server of a cluster for its statistics, over connections of its own: the fast look never waits for it."""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from servers.errors import ServerUnreachable
from servers.inventory import Cluster, Server
from servers.knock import Endpoint
from servers.sql import Row, Sessions
from servers.sql_errors import SqlFailed
from servers.state import Answer, Outcome
from servers.watching.postgresql.certificate import Certificate, certificate_of
from servers.watching.postgresql.changes import LATELY, LONG, Kept
from servers.watching.postgresql.compared_settings import COMPARED_SETTINGS
from servers.watching.postgresql.reading import server_statistics
from servers.watching.postgresql.server_statistics import Locked, ServerStatistics
from servers.watching.postgresql.statement_look import StatementLook, StatementMemory
from servers.watching.postgresql.statements import QueryFigures
from servers.watching.postgresql.statistics_sql import STATISTICS_SINCE_17, STATISTICS_UNTIL_16, VERSION
from servers.watching.postgresql.table_look import TableMemory, TablesSeen, look_at_tables
from servers.watching.postgresql.watched import PostgresqlWatched

TIMEOUT = 10.0
CERTIFICATE_TIMEOUT = 3.0
CERTIFICATE_EVERY = 3600.0
_CHECKPOINTER_SINCE = 170000

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Memory:
    """What is remembered of a server from one look to the next."""

    version: int | None = None
    failures: int = 0
    kept: Kept = field(default_factory=Kept)
    waiting_since: Mapping[int, float] = field(default_factory=dict)
    statements: StatementMemory = field(default_factory=StatementMemory)
    tables: TableMemory = field(default_factory=TableMemory)
    certificate: Certificate | None = None
    certificate_at: float = float("-inf")


class PostgresqlLook:
    """`sessions` belong to it alone: one connection answers one question at a time, and the fast look has its own."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime], *, timeout: float = TIMEOUT) -> None:
        self._sessions = sessions
        self._statements = StatementLook(sessions)
        self._clock = clock
        self._timeout = timeout
        self._memories: dict[tuple[str, str], _Memory] = {}

    async def look(self, cluster: Cluster) -> tuple[PostgresqlWatched, ...]:
        """One answer a server, within some time-outs. Never raises for what a server does or says."""
        return tuple(await asyncio.gather(*(self._server(cluster, server) for server in cluster.servers)))

    async def close(self) -> None:
        """Close every connection; waits for nobody."""
        await self._sessions.close()

    async def _server(self, cluster: Cluster, server: Server) -> PostgresqlWatched:
        memory = self._memories.setdefault((cluster.name, server.name), _Memory())
        started = time.perf_counter()
        try:
            async with asyncio.timeout(self._timeout):
                statistics = await self._statistics(memory, server)
        except Exception as error:
            # It may be another version by the time that it answers again.
            memory.version = None
            memory.failures += 1
            unreachable = _unreachable(error, self._timeout)
            answer = self._answer(started, unreachable.outcome, unreachable.detail)
            return PostgresqlWatched(server.name, answer, failures=memory.failures)
        memory.failures = 0
        memory.kept = memory.kept.with_sample(statistics.counters)
        watched = PostgresqlWatched(
            server=server.name,
            answer=self._answer(started, Outcome.ANSWERED),
            statistics=statistics,
            latest=memory.kept.latest,
            lately=memory.kept.change(LATELY),
            long=memory.kept.change(LONG),
        )
        try:
            return await self._with_the_rest(memory, server, statistics, watched)
        except Exception:  # what was seen already is not lost by what else was asked
            _log.exception("the rest of a look at a server's statistics failed in an unforeseen way")
            return watched

    async def _with_the_rest(
        self, memory: _Memory, server: Server, statistics: ServerStatistics, watched: PostgresqlWatched
    ) -> PostgresqlWatched:
        """Each of these may be missing without the others."""
        tables = None
        if not statistics.in_recovery:  # a standby's tables are vacuumed by its primary, and count nothing themselves
            tables = await look_at_tables(server, memory.tables, statistics.databases)
        queries, why_not = await self._queries(memory, server, statistics, tables)
        certificate = await self._certificate(memory, server)
        return replace(watched, tables=tables, queries=queries, without_queries=why_not, certificate=certificate)

    async def _statistics(self, memory: _Memory, server: Server) -> ServerStatistics:
        if memory.version is None:
            (row,) = await self._sessions.query(server, VERSION, timeout=self._timeout)
            memory.version = int(row["version_number"])
        sql = STATISTICS_SINCE_17 if memory.version >= _CHECKPOINTER_SINCE else STATISTICS_UNTIL_16
        rows = await self._sessions.query(server, sql, (list(COMPARED_SETTINGS),), timeout=self._timeout)
        statistics = _understood(rows)
        locked, memory.waiting_since = with_waits(statistics.locked, memory.waiting_since, statistics.counters.at)
        return replace(statistics, locked=locked)

    async def _queries(
        self, memory: _Memory, server: Server, statistics: ServerStatistics, tables: TablesSeen | None
    ) -> tuple[tuple[QueryFigures, ...] | None, str]:
        elsewhere = tables.statements_in if tables is not None else None
        if not statistics.has_statement_statistics and elsewhere is None:
            return None, "pg_stat_statements is not installed (CREATE EXTENSION pg_stat_statements)"
        memory.statements.database = None if statistics.has_statement_statistics else elsewhere
        try:
            async with asyncio.timeout(self._timeout):
                figures = await self._statements.look(server, memory.statements, statistics.counters.at, self._timeout)
        except Exception as error:
            memory.statements.before = None
            return None, f"pg_stat_statements: {_unreachable(error, self._timeout).detail}"
        return figures, "" if figures is not None else "the next look will tell"

    async def _certificate(self, memory: _Memory, server: Server) -> Certificate | None:
        now = asyncio.get_running_loop().time()
        if now - memory.certificate_at >= CERTIFICATE_EVERY:
            try:
                memory.certificate = await certificate_of(Endpoint.of(server.conninfo), timeout=CERTIFICATE_TIMEOUT)
            except (OSError, TimeoutError, ValueError, ServerUnreachable):
                memory.certificate = None
            else:
                memory.certificate_at = now
        return memory.certificate

    def _answer(self, started: float, outcome: Outcome, detail: str = "") -> Answer:
        return Answer(outcome, self._clock(), time.perf_counter() - started, detail)


def with_waits(
    locked: tuple[Locked, ...], since: Mapping[int, float], now: float
) -> tuple[tuple[Locked, ...], dict[int, float]]:
    """Where the server does not say how long a session has waited (before PostgreSQL 14), what we have seen of it.

    `since` is when each pid was first seen to wait, and so is what comes back beside the sessions.
    """
    first = {one.session.pid: since.get(one.session.pid, now) for one in locked if one.waits}
    told = tuple(
        replace(one, wait_age=now - first[one.session.pid]) if one.waits and one.wait_age is None else one
        for one in locked
    )
    return told, first


def _understood(rows: list[Row]) -> ServerStatistics:
    try:
        (row,) = rows
        return server_statistics(row)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ServerUnreachable(Outcome.FAILED, f"its statistics make no sense: {error}"[:200]) from None


def _unreachable(error: Exception, timeout: float) -> ServerUnreachable:
    if isinstance(error, SqlFailed) and error.outcome is Outcome.DENIED:
        return ServerUnreachable(error.outcome, f"{error.detail}; as a superuser: GRANT pg_monitor TO the bot's role")
    if isinstance(error, ServerUnreachable):
        return error
    if isinstance(error, KeyError | TypeError | ValueError):
        return ServerUnreachable(Outcome.FAILED, f"its answer makes no sense: {error}"[:200])
    if isinstance(error, TimeoutError):
        return ServerUnreachable(Outcome.TIMED_OUT, f"no statistics within {timeout:g} s")
    _log.error("a look at a server's statistics failed in an unforeseen way", exc_info=error)
    return ServerUnreachable(Outcome.FAILED, f"the look at its statistics failed: {type(error).__name__}")
