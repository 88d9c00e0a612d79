"""Questions to servers by SQL, over one kept connection each.

psycopg's own waits do not bound a server that hangs: a cancelled query first asks that server to cancel it, and then
waits for its answer. So every wait here has a deadline of its own; when it passes, the socket is shut down under libpq,
which then finds its connection closed and gives up at once.
"""

import asyncio
import contextlib
import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg

from servers.errors import ServerUnreachable
from servers.inventory import Server
from servers.knock import Endpoint, Knock, knock, takes_connections
from servers.sql_errors import SqlFailed, explained, refused_by_server
from servers.sql_session import Session, open_session
from servers.state import Outcome

CONNECT_TIMEOUT = 5.0
SHORTEST_STATEMENT_TIMEOUT = 5.0  # seconds; the server ends what we gave up on
MOST_ROWS = 10_000
MOST_BYTES = 64 * 1024 * 1024  # of one answer: libpq keeps all of it in memory, however large a row is
LOOK_EVERY = 0.05  # seconds, at how large an answer is by then
FIRST_PAUSE = 1.0  # after a wrong password: each attempt is a line in the server's log
LONGEST_PAUSE = 30.0

Row = dict[str, Any]

_log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False)
class _Link:
    """What is kept for one server. `lock`: one question at a time."""

    server: Server
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    session: Session | None = None
    connecting: asyncio.Task[Session | ServerUnreachable] | None = None
    denials: int = 0
    retry_at: float = 0.0
    error: ServerUnreachable | None = None


class Sessions:
    """Asks servers by SQL. One connection a server, made when first needed, kept, and watched while it is idle."""

    def __init__(self, *, connect_timeout: float = CONNECT_TIMEOUT) -> None:
        self._connect_timeout = connect_timeout
        self._links: dict[str, _Link] = {}
        self._listeners: list[Callable[[Server], None]] = []

    def on_lost(self, listener: Callable[[Server], None]) -> Callable[[], None]:
        """Call `listener` with the server as soon as a kept connection breaks. Returns what unregisters it.

        Whoever has the same conninfo shares the connection: it is told of once.
        """
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    async def query(
        self, server: Server, sql: LiteralString, params: Sequence[object] = (), *, timeout: float
    ) -> list[Row]:
        """The rows, within `timeout` seconds, connecting included. Autocommit; ten thousand rows at most.

        Raises ServerUnreachable, as SqlFailed (with its SQLSTATE) where the server answered with an error.
        A connection that turns out to be broken is replaced once, within the same time.
        """
        link = self._link(server)
        deadline = asyncio.get_running_loop().time() + timeout
        try:
            async with asyncio.timeout_at(deadline):
                await link.lock.acquire()
        except TimeoutError:
            raise _no_answer(timeout) from None
        try:
            kept = link.session is not None
            try:
                return await self._ask(link, sql, params, deadline, timeout)
            except ServerUnreachable as error:
                if not (kept and error.outcome is Outcome.UNREACHABLE):
                    raise
            return await self._ask(link, sql, params, deadline, timeout)
        finally:
            link.lock.release()

    async def takes_connections(self, server: Server, *, timeout: float) -> None:
        """Whether the server's postmaster answers a new connection, as it may not while a kept one still works.

        Raises ServerUnreachable if it does not. Costs no session: see `servers.knock`.
        """
        session = self._link(server).session
        endpoint = session.endpoint if session else Endpoint.of(server.conninfo)
        await takes_connections(endpoint, timeout=timeout)

    def wake(self, server: Server) -> None:
        """Forget the pause after a wrong password: the next question may connect at once."""
        self._link(server).retry_at = 0.0

    async def close(self) -> None:
        """Close every connection; waits for nobody."""
        links, self._links = list(self._links.values()), {}
        for link in links:
            if link.connecting is not None:
                link.connecting.cancel()
            if link.session is not None:
                link.session.close()
        connecting = [link.connecting for link in links if link.connecting is not None]
        await asyncio.gather(*connecting, return_exceptions=True)

    def _link(self, server: Server) -> _Link:
        # By conninfo: two clusters may each have a server of the same name.
        return self._links.setdefault(server.conninfo, _Link(server))

    async def _ask(
        self, link: _Link, sql: LiteralString, params: Sequence[object], deadline: float, timeout: float
    ) -> list[Row]:
        session = await self._session(link, deadline, timeout)
        statement_timeout = math.ceil(max(timeout, SHORTEST_STATEMENT_TIMEOUT))
        asking = asyncio.create_task(session.fetch(sql, params, statement_timeout, MOST_ROWS))
        asking.add_done_callback(_retrieved)
        try:
            too_much = await _wait(asking, session, deadline)
        except asyncio.CancelledError:
            self._drop(link, session)
            raise
        if too_much:
            self._lost(link, session)
            raise ServerUnreachable(Outcome.FAILED, f"its answer is larger than {MOST_BYTES // 2**20} MB")
        if not asking.done():
            self._lost(link, session)
            raise _no_answer(timeout)
        try:
            return asking.result()
        except psycopg.Error as error:
            if session.broken:
                self._lost(link, session)
            raise explained(error, link.server) from None
        except ValueError as error:
            # A text that is no UTF-8, a number that is none. What it was is not told: it may be anything.
            detail = f"its answer makes no sense ({type(error).__name__})"
            raise ServerUnreachable(Outcome.FAILED, detail) from None

    async def _session(self, link: _Link, deadline: float, timeout: float) -> Session:
        if link.session is not None:
            return link.session
        loop = asyncio.get_running_loop()
        if link.connecting is None:
            if link.error is not None and loop.time() < link.retry_at:
                raise ServerUnreachable(link.error.outcome, link.error.detail)
            link.connecting = asyncio.create_task(self._connect(link))
        try:
            async with asyncio.timeout_at(deadline):
                # Shielded: whoever waits may give up, the attempt goes on for those who come after.
                result = await asyncio.shield(link.connecting)
        except TimeoutError:
            raise _no_answer(timeout) from None
        if isinstance(result, ServerUnreachable):
            raise type(result)(result.outcome, result.detail)
        return result

    async def _connect(self, link: _Link) -> Session | ServerUnreachable:
        """One attempt. Its failure is a value, because there may be nobody left to raise it to."""
        try:
            async with asyncio.timeout(self._connect_timeout):
                session = await open_session(link.server.conninfo, self._connect_timeout)
        except Exception as error:
            link.error = await self._why(link, error)
            if link.error.outcome is Outcome.DENIED:
                pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(link.denials, 10))
                link.denials += 1
                link.retry_at = asyncio.get_running_loop().time() + pause
            return link.error
        else:
            link.session, link.error, link.denials = session, None, 0
            session.watch(lambda: self._lost(link, session))
            return session
        finally:
            link.connecting = None

    async def _why(self, link: _Link, error: Exception) -> ServerUnreachable:
        """libpq tells no SQLSTATE of a refused connection, and its text may be in any language: so knock and see."""
        answer = explained(error, link.server)
        if answer.outcome is not Outcome.FAILED or not refused_by_server(error):
            return answer
        with contextlib.suppress(ServerUnreachable):
            if await knock(Endpoint.of(link.server.conninfo), timeout=1.0) is Knock.NOT_YET:
                return ServerUnreachable(Outcome.STARTING, answer.detail)
            return ServerUnreachable(Outcome.DENIED, answer.detail)
        return answer

    @staticmethod
    def _drop(link: _Link, session: Session) -> bool:
        session.close()
        was_kept = link.session is session
        if was_kept:
            link.session = None
        return was_kept

    def _lost(self, link: _Link, session: Session) -> None:
        if not self._drop(link, session):
            return
        for listener in tuple(self._listeners):
            try:
                listener(link.server)
            except Exception:
                _log.exception("a listener for lost connections failed")


async def _wait(asking: "asyncio.Task[Any]", session: Session, deadline: float) -> bool:
    """Until the answer is there or the deadline has passed; True, and sooner, where it is larger than it may be."""
    loop, before = asyncio.get_running_loop(), session.received
    while not asking.done() and (left := deadline - loop.time()) > 0:
        await asyncio.wait({asking}, timeout=min(left, LOOK_EVERY))
        received = session.received if not asking.done() else None
        if before is not None and received is not None and received - before > MOST_BYTES:
            return True
    return False


def _no_answer(timeout: float) -> ServerUnreachable:
    return ServerUnreachable(Outcome.TIMED_OUT, f"no answer by SQL within {timeout:g} s")


def _retrieved(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()


__all__ = ["Row", "Sessions", "SqlFailed"]
