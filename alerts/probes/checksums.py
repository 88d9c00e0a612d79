"""Pages that were read from disk and were not what had been written."""

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import Measured, of_each_server
from ledger.quantities import count_text, seconds_text
from servers.state import ServerState
from servers.watching.postgresql.server_statistics import DamagedDatabase, ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

CHECKSUM_FAILURES = "checksum_failures"


def checksums(look: Look) -> tuple[Observation, ...]:
    """`checksum_failures` of each server, since its statistics were reset. Without data checksums none are noticed."""
    return tuple(of_each_server(look, CHECKSUM_FAILURES, Unit.COUNT, _failures))


def _failures(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    return float(sum(one.failures for one in seen.damaged)), tuple(_line(one) for one in seen.damaged)


def _line(one: DamagedDatabase) -> str:
    last = f", the last one {seconds_text(one.age)} ago" if one.age is not None else ""
    return f"database {one.database}: {count_text(one.failures, 'page')} with a wrong checksum{last}"
