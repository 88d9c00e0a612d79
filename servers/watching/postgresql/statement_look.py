"""Asks a server for its busiest queries, and remembers what it counted before and which text each one has."""

from dataclasses import dataclass, field

from servers.heartbeat import in_database
from servers.inventory import Server
from servers.sql import Row, Sessions
from servers.sql_errors import SqlFailed
from servers.watching.postgresql.statements import (
    STATEMENT_COUNTS,
    STATEMENT_PATH,
    STATEMENT_TEXTS,
    Counted,
    QueryFigures,
    QueryKey,
    busiest,
    counted,
    texts,
)

_UNDEFINED_FUNCTION = "42883"
MOST_TEXTS = 500


@dataclass(slots=True)
class StatementMemory:
    """One server's. `database` is where the extension was found, None for the one that is connected to anyway."""

    database: str | None = None
    at: float = 0.0
    before: dict[QueryKey, Counted] | None = None
    texts: dict[QueryKey, tuple[str, str]] = field(default_factory=dict)


class StatementLook:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def look(
        self, server: Server, memory: StatementMemory, at: float, timeout: float
    ) -> tuple[QueryFigures, ...] | None:
        """The busiest since the look before; None at the first one. `at` is the server's clock in Unix seconds.

        Raises ServerUnreachable, and KeyError, TypeError or ValueError for an answer that makes no sense.
        """
        asked = server if memory.database is None else in_database(server, memory.database)
        now = counted(await self._counts(asked, timeout))
        before, since = memory.before, at - memory.at
        memory.before, memory.at = now, at
        if before is None or since <= 0:
            return None
        figures = busiest(before, now, since)
        await self._read_texts(asked, memory, figures, timeout)
        return tuple(_named(one, memory.texts) for one in figures)

    async def _counts(self, server: Server, timeout: float) -> list[Row]:
        try:
            return await self._sessions.query(server, STATEMENT_COUNTS, timeout=timeout)
        except SqlFailed as error:
            if error.sqlstate != _UNDEFINED_FUNCTION:
                raise
        # Once for each connection.
        await self._sessions.query(server, STATEMENT_PATH, timeout=timeout)
        return await self._sessions.query(server, STATEMENT_COUNTS, timeout=timeout)

    async def _read_texts(
        self, server: Server, memory: StatementMemory, figures: tuple[QueryFigures, ...], timeout: float
    ) -> None:
        """Only those that are not known yet: the server reads a file of all of them."""
        missing = sorted({one.key[1] for one in figures if one.key not in memory.texts})
        if not missing:
            return
        if len(memory.texts) > MOST_TEXTS:
            memory.texts.clear()
            missing = sorted({one.key[1] for one in figures})
        memory.texts.update(texts(await self._sessions.query(server, STATEMENT_TEXTS, (missing,), timeout=timeout)))


def _named(one: QueryFigures, known: dict[QueryKey, tuple[str, str]]) -> QueryFigures:
    query, database = known.get(one.key, ("", ""))
    return QueryFigures(one.key, one.calls_per_second, one.mean_seconds, one.busy, query, database)
