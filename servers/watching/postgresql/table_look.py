"""Goes from database to database of a primary, every ten minutes, over connections that are closed again at once."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field

import psycopg

from servers.errors import ServerUnreachable
from servers.heartbeat import in_database
from servers.inventory import Server
from servers.sql_errors import explained
from servers.sql_session import open_session
from servers.watching.postgresql.tables import HAS_STATEMENT_STATISTICS, TABLES_BEHIND, TableBehind, tables_behind

EVERY = 600.0
AFTER_A_REFUSAL = 3600.0  # each attempt is a line in the server's log
MOST_DATABASES = 20
CONNECT_SECONDS = 3.0
DATABASE_SECONDS = 5.0
ALL_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class TablesSeen:
    """Tables that autovacuum is behind with, the worst first, and the databases that were not seen, with the reason.

    `statements_in` is a database that has pg_stat_statements.
    """

    behind: tuple[TableBehind, ...] = ()
    unseen: tuple[str, ...] = ()
    statements_in: str | None = None


@dataclass(slots=True)
class TableMemory:
    """One server's. Times are the event loop's."""

    at: float = float("-inf")
    refused: dict[str, tuple[float, str]] = field(default_factory=dict)
    seen: TablesSeen | None = None


async def look_at_tables(server: Server, memory: TableMemory, databases: Sequence[str]) -> TablesSeen | None:
    """What was seen within the last ten minutes, or now. Never raises for what the server does or says."""
    now = asyncio.get_running_loop().time()
    if now - memory.at < EVERY:
        return memory.seen
    memory.at = now
    behind: list[TableBehind] = []
    unseen: list[str] = []
    statements_in = None
    for number, database in enumerate(databases):
        refused = memory.refused.get(database)
        if refused is not None and now - refused[0] < AFTER_A_REFUSAL:
            unseen.append(refused[1])
        elif number >= MOST_DATABASES or asyncio.get_running_loop().time() - now > ALL_SECONDS:
            unseen.append(f"{database}: there are too many databases to look at each")
        else:
            try:
                found, has_statements = await _in(server, database)
            except (ServerUnreachable, KeyError, TypeError, ValueError) as error:
                line = f"{database}: {error}"
                memory.refused[database] = now, line
                unseen.append(line)
            else:
                behind.extend(found)
                statements_in = statements_in or (database if has_statements else None)
    worst = tuple(sorted(behind, key=lambda one: -one.factor)[:MOST_DATABASES])
    memory.seen = TablesSeen(worst, tuple(unseen), statements_in)
    return memory.seen


async def _in(server: Server, database: str) -> tuple[tuple[TableBehind, ...], bool]:
    """Raises ServerUnreachable, and KeyError, TypeError or ValueError for an answer that makes no sense."""
    try:
        async with asyncio.timeout(CONNECT_SECONDS + DATABASE_SECONDS):
            session = await open_session(in_database(server, database).conninfo, CONNECT_SECONDS)
            try:
                rows = await session.fetch(TABLES_BEHIND, (), round(DATABASE_SECONDS), 100)
                (here,) = await session.fetch(HAS_STATEMENT_STATISTICS, (), round(DATABASE_SECONDS), 1)
            finally:
                session.close()
    except (psycopg.Error, OSError, TimeoutError) as error:
        raise explained(error, server) from None
    return tables_behind(database, rows), bool(here["here"])
