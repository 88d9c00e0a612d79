"""What the slower watch saw inside a server, for the probes that read it."""

from collections.abc import Callable, Iterable

from alerts.observation import Look, Observation, Unit
from servers.state import ServerState
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

# A value, or None where it is not known, with its evidence.
Measured = tuple[float | None, tuple[str, ...]]
UNKNOWN: Measured = (None, ())


def watched_of(look: Look, server: ServerState) -> PostgresqlWatched | None:
    """The last answer; None where there is none, or the server does not answer by now: what it said has passed."""
    if server.sql is None:
        return None
    return next((one for one in look.state.watched.postgresql or () if one.server == server.name), None)


def statistics_of(look: Look, server: ServerState) -> ServerStatistics | None:
    watched = watched_of(look, server)
    return watched.statistics if watched is not None else None


def of_each_server(
    look: Look, name: str, unit: Unit, measure: Callable[[ServerState, ServerStatistics, PostgresqlWatched], Measured]
) -> Iterable[Observation]:
    """One observation of each server: unknown where it has not answered, or hides other roles' rows from us."""
    for server in look.state.servers:
        watched = watched_of(look, server)
        seen = watched.statistics if watched is not None else None
        if watched is None or seen is None or not seen.sees_everything:
            value, evidence = UNKNOWN
        else:
            value, evidence = measure(server, seen, watched)
        yield Observation(name, server.name, value, unit, evidence, server.name)
