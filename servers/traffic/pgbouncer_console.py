"""PgBouncer's admin console: https://www.pgbouncer.org/usage.html#admin-console. It speaks the simple protocol only."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from servers.engines.engine import ActionFailed
from servers.sql_session import Session, open_session
from servers.traffic.asking import ask

RELOAD = sql.SQL("RELOAD")
_SHOW_DATABASES = sql.SQL("SHOW DATABASES")


@dataclass(frozen=True, slots=True)
class Database:
    """A line of SHOW DATABASES: where a database leads to, and whether its clients are paused."""

    name: str
    host: str
    port: int
    paused: bool


class NoAnswer(ActionFailed):
    """PgBouncer did not answer in time: what was asked of it may still come to pass."""


class Console:
    """An open admin console."""

    def __init__(self, session: Session, name: str) -> None:
        self._session = session
        self._name = name

    async def databases(self, *, timeout: float) -> dict[str, Database]:
        rows = await self.ask(_SHOW_DATABASES, timeout=timeout)
        return {
            row["name"]: Database(row["name"], row["host"] or "", int(row["port"]), bool(int(row["paused"])))
            for row in rows
        }

    async def pause(self, database: str, *, timeout: float) -> None:
        """Ends once no server connection of the database is in use. When it does not end, clients wait all the same."""
        await self.ask(sql.SQL("PAUSE {}").format(sql.Identifier(database)), timeout=timeout)

    async def resume(self, database: str, *, timeout: float) -> None:
        await self.ask(sql.SQL("RESUME {}").format(sql.Identifier(database)), timeout=timeout)

    async def ask(self, command: sql.SQL | sql.Composed, *, timeout: float) -> list[dict[str, Any]]:
        """The rows. Raises ActionFailed, as NoAnswer after the time-out; the console is of no more use then."""
        try:
            return await ask(self._session, command, timeout=timeout)
        except TimeoutError:
            text = command.as_string()
            raise NoAnswer(f"{self._name}: PgBouncer has not answered “{text}” within {timeout:.1f} s") from None
        except psycopg.Error as error:
            said = (str(error) or type(error).__name__).splitlines()[0]
            raise ActionFailed(f"{self._name}: PgBouncer does not do “{command.as_string()}”: {said}") from None


@asynccontextmanager
async def open_console(conninfo: str, name: str, *, timeout: float) -> AsyncIterator[Console]:
    """Raises ActionFailed where PgBouncer lets nobody in."""
    try:
        async with asyncio.timeout(timeout):
            session = await open_session(make_conninfo(conninfo, dbname="pgbouncer"), timeout)
    except TimeoutError:
        raise NoAnswer(f"{name}: PgBouncer's admin console does not answer within {timeout:g} s") from None
    except (psycopg.Error, OSError) as error:
        said = (str(error) or type(error).__name__).splitlines()[-1]
        mend = "Look at its address, admin_users and the password"
        raise ActionFailed(f"{name}: PgBouncer's admin console lets us not in: {said}. {mend}") from None
    try:
        yield Console(session, name)
    finally:
        session.close()
