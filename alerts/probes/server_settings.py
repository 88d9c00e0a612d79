"""Settings that wait for a restart, and settings in which the servers of a cluster differ."""

from collections.abc import Iterator, Mapping

from alerts.observation import Look, Observation, Unit
from alerts.probes.postgresql_watched import Measured, of_each_server, statistics_of
from servers.state import Role, ServerState
from servers.watching.postgresql.server_statistics import ServerStatistics
from servers.watching.postgresql.watched import PostgresqlWatched

PENDING_RESTART = "settings_pending_restart"
SETTINGS_DIFFER = "settings_differ"
_DIGESTS = ("archive_command",)  # whose values nobody has to read


def server_settings(look: Look) -> tuple[Observation, ...]:
    """`settings_pending_restart` of each server, and `settings_differ`: in how many that matter each standby is unlike
    the primary. A primary is like itself; without one, or without its answer, it is unknown."""
    return (*of_each_server(look, PENDING_RESTART, Unit.COUNT, _pending), *_differences(look))


def _pending(server: ServerState, seen: ServerStatistics, watched: PostgresqlWatched) -> Measured:
    names = seen.pending_restart
    return float(len(names)), ((f"changed, and not in use yet: {', '.join(names)}",) if names else ())


def _differences(look: Look) -> Iterator[Observation]:
    primaries = [server for server in look.state.servers if server.role is Role.PRIMARY]
    primary = primaries[0] if len(primaries) == 1 else None
    wanted = statistics_of(look, primary) if primary is not None else None
    for server in look.state.servers:
        seen = statistics_of(look, server)
        if primary is None or wanted is None or seen is None:
            yield Observation(SETTINGS_DIFFER, server.name, None, Unit.COUNT, (), server.name)
            continue
        lines = tuple(_lines(primary.name, wanted.settings, server.name, seen.settings))
        yield Observation(SETTINGS_DIFFER, server.name, float(len(lines)), Unit.COUNT, lines, server.name)


def _lines(primary: str, wanted: Mapping[str, str], standby: str, seen: Mapping[str, str]) -> Iterator[str]:
    for name in sorted(wanted.keys() & seen.keys()):
        if wanted[name] == seen[name]:
            continue
        if name in _DIGESTS:
            yield f"{name} is not the same on {primary} and {standby}"
        else:
            yield f"{name} is {wanted[name] or 'empty'} on {primary} and {seen[name] or 'empty'} on {standby}"
