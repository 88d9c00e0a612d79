"""Under which names the history has what pg_stat_statements says of queries: the probe that reads it observes them, and
`/ha queries` shows them.

A subject is one query on one server: the server's name, the query's id, the query without its literals, its database.
"""

from dataclasses import dataclass

# Of the calls since the look before: their mean execution time, how many there were a second, and how many seconds of
# execution there were a second (2.0: two backends were busy with it all the time).
QUERY_MEAN_SECONDS = "query_mean_seconds"
QUERY_CALLS = "query_calls_per_second"
QUERY_LOAD = "query_load"


@dataclass(frozen=True, slots=True)
class Query:
    """`id` is pg_stat_statements' queryid. A server's name has no space in it; a database's may have any."""

    server: str
    id: str
    text: str
    database: str

    @property
    def subject(self) -> str:
        return f"{self.server} {self.id} {self.text} ({self.database})"


def query_of(subject: str) -> Query:
    """The query of that subject."""
    server, _, rest = subject.partition(" ")
    query_id, _, rest = rest.partition(" ")
    text, _, database = rest.rpartition(" (")
    return Query(server, query_id, text, database.removesuffix(")"))
