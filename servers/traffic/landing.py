"""Where a new connection through a traffic target lands: the same server as by the bot's own way to it?"""

import asyncio
from typing import LiteralString

import psycopg

from servers.engines.deadline import Deadline
from servers.engines.engine import ActionFailed
from servers.errors import ServerUnreachable
from servers.inventory import Cluster
from servers.sql import Row, Sessions
from servers.sql_session import open_session
from servers.traffic.asking import ask

# No two servers have started in the same microsecond, and poolers and relays change nothing of it.
_WHO: LiteralString = "SELECT pg_postmaster_start_time()::text AS who, pg_is_in_recovery() AS standby"


class Landing:
    """Connects through a target and sees who answers."""

    def __init__(self, sessions: Sessions, cluster: Cluster) -> None:
        self._sessions = sessions
        self._cluster = cluster

    async def check(self, target: str, conninfo: str, server: str, *, timeout: float) -> str:
        """One line on what was seen. Raises ActionFailed where it is not `server`, or where it takes no writes."""
        deadline = Deadline(timeout)
        seen = await _through(target, conninfo, deadline)
        try:
            [known] = await self._sessions.query(self._cluster.server(server), _WHO, timeout=deadline.left())
        except ServerUnreachable as error:
            raise ActionFailed(f"{target}: {server} itself cannot be asked who it is: {error.detail}") from None
        if seen["who"] != known["who"]:
            raise ActionFailed(f"{target}: a connection through it lands on another server than {server}")
        if seen["standby"]:
            raise ActionFailed(f"{target}: a connection through it lands on {server}, which takes no writes")
        return f"A connection through it lands on {server}."


async def _through(target: str, conninfo: str, deadline: Deadline) -> Row:
    try:
        async with asyncio.timeout(deadline.left()):
            session = await open_session(conninfo, deadline.left())
        try:
            [row] = await ask(session, _WHO, timeout=deadline.left())
        finally:
            session.close()
    except TimeoutError:
        raise ActionFailed(f"{target}: a connection through it gets no answer") from None
    except (psycopg.Error, OSError) as error:
        said = (str(error) or type(error).__name__).splitlines()[-1]
        raise ActionFailed(f"{target}: a connection through it does not work: {said}") from None
    return row
