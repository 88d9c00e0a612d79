"""Tables with many more dead rows than autovacuum should let there be."""

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import UNKNOWN, Measured, of_each_server
from ledger.quantities import seconds_text
from servers.state import Role, ServerState
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.tables import TableBehind
from servers.watching.postgresql.watched import PostgresqlWatched

DEAD_ROWS = "dead_rows"
_NAMED = 5


def autovacuum(look: Look) -> tuple[Observation, ...]:
    """`dead_rows` of each server: in its worst table, how many times as many as autovacuum comes at. 0 where none is
    due, and at a standby, whose tables its primary vacuums."""
    return tuple(of_each_server(look, DEAD_ROWS, Unit.TIMES, _worst))


def _worst(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    if server.role is Role.STANDBY:
        return 0.0, ()
    if watched.tables is None or (watched.tables.unseen and not watched.tables.behind):
        return UNKNOWN
    unseen = (f"not looked at: {'; '.join(watched.tables.unseen[:3])}",) if watched.tables.unseen else ()
    behind = [table for table in watched.tables.behind if table.factor > 1]
    return max((table.factor for table in behind), default=0.0), (*(_line(each) for each in behind[:_NAMED]), *unseen)


def _line(table: TableBehind) -> str:
    last = f"vacuumed {seconds_text(table.vacuumed_age)} ago" if table.vacuumed_age is not None else "never vacuumed"
    return f"{table.database}: {table.table} has {table.dead:.0f} dead rows, {last}; it is due at {table.due:.0f}"
