"""Sessions that wait for a lock, and who holds them up."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import Measured, of_each_server
from ledger.quantities import count_text, seconds_text
from servers.state import ServerState
from servers.watching.postgresql.blocking import PREPARED, HeldUp, held_up
from servers.watching.postgresql.server_statistics import Locked, ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

BLOCKED_SESSIONS = "blocked_sessions"
BLOCKED_SECONDS = "blocked_seconds"
_HEADS, _WAITING = 2, 3  # that are named


def blocked_sessions(look: Look) -> tuple[Observation, ...]:
    """`blocked_sessions` and `blocked_seconds` (the longest wait, 0 where nobody waits) of each server."""
    return (
        *of_each_server(look, BLOCKED_SESSIONS, Unit.COUNT, _count),
        *of_each_server(look, BLOCKED_SECONDS, Unit.SECONDS, _longest),
    )


def _count(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    return float(seen.waiting), ()


def _longest(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    waiting = [one for one in seen.locked if one.waits]
    longest = max((one.wait_age for one in waiting if one.wait_age is not None), default=0.0)
    return longest, tuple(_lines(seen, waiting))


def _lines(seen: ServerStatistics, waiting: list[Locked]) -> Iterator[str]:
    for head in held_up(seen.locked)[:_HEADS]:
        yield _head(head)
    by_age = sorted(waiting, key=lambda one: -(one.wait_age or 0.0))
    for one in by_age[:_WAITING]:
        whom = ", ".join(_named(pid) for pid in one.blocked_by)
        waits = f"{one.session.who} has waited {seconds_text(one.wait_age or 0.0)} for {whom}"
        yield f"{waits}: {one.session.query}" if one.session.query else waits
    if len(by_age) > _WAITING:
        yield f"and {len(by_age) - _WAITING} more wait"


def _head(head: HeldUp) -> str:
    holds = f"holds up {count_text(len(head.waiting), 'session')}"
    if head.session is None:
        return f"{_named(head.pid)} {holds}"
    session = head.session.session
    age = f" for {seconds_text(session.state_age)}" if session.state_age is not None else ""
    query = f": {session.query}" if session.query else ""
    return f"{session.who} {holds}, it is {session.state or 'at work'}{age}{query}"


def _named(pid: int) -> str:
    return "a prepared transaction" if pid == PREPARED else f"pid {pid}"
