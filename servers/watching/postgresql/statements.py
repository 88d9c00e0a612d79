"""Which queries a server spends its time on, by pg_stat_statements: the busiest ones since the look before.

The extension counts for all databases, and shows them from whichever it is installed in. `pg_stat_statements(false)`
leaves the texts in their file; they are read once for each query that is shown.
https://www.postgresql.org/docs/current/pgstatstatements.html
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from servers.watching.postgresql.query_text import shown_query
from servers.watching.postgresql.reading import decoded, number

MOST = 20

STATEMENT_COUNTS: LiteralString = """
SELECT dbid::bigint AS database_id, queryid, sum(calls)::float8 AS calls,
       (sum(total_exec_time) / 1000)::float8 AS seconds
  FROM pg_stat_statements(false) WHERE queryid IS NOT NULL
 GROUP BY dbid, queryid ORDER BY sum(total_exec_time) DESC LIMIT 500
"""

STATEMENT_TEXTS: LiteralString = """
SELECT DISTINCT ON (dbid, queryid) dbid::bigint AS database_id, queryid,
       encode(substr(textsend(query), 1, 600), 'hex') AS query_hex,
       encode(textsend(datname::text), 'hex') AS database_hex
  FROM pg_stat_statements(true) JOIN pg_database ON pg_database.oid = dbid WHERE queryid = ANY(%s)
"""

# The extension's schema may be any, and only the session's path says which.
STATEMENT_PATH: LiteralString = """
SELECT set_config('search_path', 'pg_catalog, ' || quote_ident(nspname), false)
  FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'pg_stat_statements'
"""

QueryKey = tuple[int, int]  # database and query


@dataclass(frozen=True, slots=True)
class Counted:
    """What a query has done since its statistics began. Seconds of execution."""

    calls: float
    seconds: float


@dataclass(frozen=True, slots=True)
class QueryFigures:
    """What a query did in one stretch: calls a second, mean seconds of a call, and how many sessions it kept busy."""

    key: QueryKey
    calls_per_second: float
    mean_seconds: float
    busy: float
    query: str = ""
    database: str = ""


def counted(rows: Sequence[Mapping[str, Any]]) -> dict[QueryKey, Counted]:
    """Raises KeyError, TypeError or ValueError for rows that make no sense."""
    return {
        (int(row["database_id"]), int(row["queryid"])): Counted(number(row["calls"]), number(row["seconds"]))
        for row in rows
    }


def texts(rows: Sequence[Mapping[str, Any]]) -> dict[QueryKey, tuple[str, str]]:
    """The query, without literals (pg_stat_statements keeps those of utility commands), and the database's name."""
    return {
        (int(row["database_id"]), int(row["queryid"])): (
            shown_query(decoded(row["query_hex"], longest=None)),
            decoded(row["database_hex"]),
        )
        for row in rows
    }


def busiest(
    before: Mapping[QueryKey, Counted], after: Mapping[QueryKey, Counted], seconds: float
) -> tuple[QueryFigures, ...]:
    """Those on which most time was spent in between, the busiest first.

    One that was not counted before is left out, for nobody knows over how long it counts, and so is one whose
    statistics were reset.
    """
    grown = []
    for key, now in after.items():
        then = before.get(key)
        if then is None or now.calls <= then.calls or now.seconds < then.seconds or seconds <= 0:
            continue
        calls, spent = now.calls - then.calls, now.seconds - then.seconds
        grown.append(QueryFigures(key, calls / seconds, spent / calls, spent / seconds))
    return tuple(sorted(grown, key=lambda one: (-one.busy, one.key))[:MOST])
