"""What the watch inside PostgreSQL saw of one server, and how it got it."""

from dataclasses import dataclass

from servers.state import Answer
from servers.watching.postgresql.certificate import Certificate
from servers.watching.postgresql.changes import Change
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.statements import QueryFigures
from servers.watching.postgresql.table_look import TablesSeen


@dataclass(frozen=True, slots=True)
class PostgresqlWatched:
    """One server's last answer; `statistics` None: there was none, and `answer` says why. `failures`: so many times
    in a row.

    `latest` is the growth of its counters since the look before, `lately` over ten minutes, `long` over an hour; each
    None while it is not known: after a restart, a reset, a promotion. `queries` are the busiest since the look before,
    None where they are not known, and `without_queries` says why not. `tables` and `certificate`: None, not known.
    """

    server: str
    answer: Answer
    statistics: ServerStatistics | None = None
    latest: Change | None = None
    lately: Change | None = None
    long: Change | None = None
    queries: tuple[QueryFigures, ...] | None = None
    without_queries: str = ""
    tables: TablesSeen | None = None
    certificate: Certificate | None = None
    failures: int = 0
