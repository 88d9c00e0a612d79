"""The queries that a server spends its time on, by pg_stat_statements."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import watched_of
from servers.state import ServerState
from servers.watching.postgresql.statements import QueryFigures

QUERY_MEAN_SECONDS = "query_mean_seconds"
QUERY_CALLS = "query_calls_per_second"
QUERY_BUSY = "query_busy"


def queries(look: Look) -> tuple[Observation, ...]:
    """`query_mean_seconds`, `query_calls_per_second` and `query_busy` (how many sessions it keeps busy on average) of
    each server's busiest queries since the look before, twenty at most, such as “db1 query 4711” (PostgreSQL's queryid).

    The evidence is the query without literals, and its database. Without the extension there are none.
    """
    return tuple(seen for server in look.state.servers for seen in _of_server(look, server))


def _of_server(look: Look, server: ServerState) -> Iterator[Observation]:
    watched = watched_of(look, server)
    for one in (watched.queries if watched is not None else None) or ():
        yield from _of_query(server.name, one)


def _of_query(server: str, one: QueryFigures) -> Iterator[Observation]:
    subject, evidence = f"{server} query {one.key[1]}", (one.query or "its text is gone", f"in {one.database}")
    yield Observation(QUERY_MEAN_SECONDS, subject, one.mean_seconds, Unit.SECONDS, evidence, server)
    yield Observation(QUERY_CALLS, subject, one.calls_per_second, Unit.COUNT, evidence, server)
    yield Observation(QUERY_BUSY, subject, one.busy, Unit.COUNT, evidence, server)
