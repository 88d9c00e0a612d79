"""The queries that a server spends its time on, by pg_stat_statements."""

from collections.abc import Iterator

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import watched_of
from ledger.query_series import QUERY_CALLS, QUERY_LOAD, QUERY_MEAN_SECONDS, Query
from servers.state import ServerState
from servers.watching.postgresql.statements import QueryFigures


def queries(look: Look) -> tuple[Observation, ...]:
    """`query_load` (how many sessions it kept busy on average), `query_mean_seconds` and `query_calls_per_second` of
    each server's busiest queries since the look before, twenty at most. Without the extension there are none."""
    return tuple(seen for server in look.state.servers for seen in _of_server(look, server))


def _of_server(look: Look, server: ServerState) -> Iterator[Observation]:
    watched = watched_of(look, server)
    for one in (watched.queries if watched is not None else None) or ():
        yield from _of_query(server.name, one)


def _of_query(server: str, one: QueryFigures) -> Iterator[Observation]:
    subject = Query(server, str(one.key[1]), one.query, one.database).subject
    yield Observation(QUERY_LOAD, subject, one.busy, Unit.COUNT, (), server)
    yield Observation(QUERY_MEAN_SECONDS, subject, one.mean_seconds, Unit.SECONDS, (), server)
    yield Observation(QUERY_CALLS, subject, one.calls_per_second, Unit.COUNT, (), server)
