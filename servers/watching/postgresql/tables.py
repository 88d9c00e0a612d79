"""Tables that autovacuum should have been at long ago. What a database's own statistics tell needs a connection to it.

When autovacuum is due: https://www.postgresql.org/docs/current/routine-vacuuming.html#AUTOVACUUM. Tables with fewer
dead rows than ten thousand are left out, however small they are: nobody notices those.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, LiteralString

from servers.watching.postgresql.reading import decoded, maybe_number, number

# A table's own storage parameters count before the server's settings; 18 has a most besides.
TABLES_BEHIND: LiteralString = """
SELECT encode(textsend(tables.schemaname || '.' || tables.relname), 'hex') AS table_hex,
       n_dead_tup::float8 AS dead,
       least(
           coalesce((SELECT option_value::float8 FROM pg_options_to_table(class.reloptions)
                      WHERE option_name = 'autovacuum_vacuum_threshold'),
                    current_setting('autovacuum_vacuum_threshold')::float8)
           + greatest(class.reltuples, 0)
             * coalesce((SELECT option_value::float8 FROM pg_options_to_table(class.reloptions)
                          WHERE option_name = 'autovacuum_vacuum_scale_factor'),
                        current_setting('autovacuum_vacuum_scale_factor')::float8),
           nullif(current_setting('autovacuum_vacuum_max_threshold', true)::float8, -1)) AS due,
       extract(epoch FROM clock_timestamp()
               - greatest(last_vacuum, last_autovacuum))::float8 AS vacuumed_age
  FROM pg_stat_user_tables AS tables JOIN pg_class AS class ON class.oid = tables.relid
 WHERE n_dead_tup >= 10000 ORDER BY n_dead_tup DESC LIMIT 20
"""

HAS_STATEMENT_STATISTICS: LiteralString = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_stat_statements') AS here
"""


@dataclass(frozen=True, slots=True)
class TableBehind:
    """A table with its dead rows, at how many autovacuum comes, and seconds since the last vacuum (None: never)."""

    database: str
    table: str
    dead: float
    due: float
    vacuumed_age: float | None

    @property
    def factor(self) -> float:
        """How many times as many as autovacuum comes at."""
        return self.dead / max(self.due, 1.0)


def tables_behind(database: str, rows: Sequence[Mapping[str, Any]]) -> tuple[TableBehind, ...]:
    """Raises KeyError, TypeError or ValueError for rows that make no sense."""
    return tuple(
        TableBehind(
            database,
            decoded(row["table_hex"]),
            number(row["dead"]),
            number(row["due"]),
            maybe_number(row["vacuumed_age"]),
        )
        for row in rows
    )
