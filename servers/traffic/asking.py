"""One question over a session that sets nothing there: a pooler's console has no settings, and its servers are shared.

The deadline holds, as `servers.sql` explains: the socket is shut down under libpq when it passes.
"""

import asyncio
from typing import Any

from servers.sql_session import Session, Statement

_MOST_ROWS = 10_000


async def ask(session: Session, question: Statement, *, timeout: float) -> list[dict[str, Any]]:
    """The rows. Raises psycopg.Error, and TimeoutError, after which the session is closed."""
    asking = asyncio.create_task(session.fetch(question, (), None, _MOST_ROWS))
    asking.add_done_callback(_retrieved)
    try:
        await asyncio.wait({asking}, timeout=timeout)
    except asyncio.CancelledError:
        session.close()
        raise
    if not asking.done():
        session.close()
        raise TimeoutError
    return asking.result()


def _retrieved(task: asyncio.Task[Any]) -> None:
    if not task.cancelled():
        task.exception()
