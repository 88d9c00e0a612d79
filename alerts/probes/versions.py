"""Which release of PostgreSQL each server runs: as the others do, and as new as it might be."""

from datetime import UTC, date, datetime, time

from alerts.observation import Look, Observation, Unit, yes
from servers.postgresql_releases import KNOWN_AS_OF, RELEASES, newer_release, version_text
from servers.state import Role, ServerState

VERSIONS_DIFFER = "versions_differ"
RELEASE_OUTDATED = "release_outdated_seconds"
RELEASE_UNSUPPORTED = "release_unsupported_seconds"


def versions(look: Look) -> tuple[Observation, ...]:
    """`versions_differ` (yes or no, from the primary's), `release_outdated_seconds` (how long a newer minor release has
    been out, by the table in `servers.postgresql_releases`) and `release_unsupported_seconds`, of each server."""
    primaries = [server for server in look.state.servers if server.role is Role.PRIMARY]
    primary = primaries[0] if len(primaries) == 1 else None
    return tuple(seen for server in look.state.servers for seen in _of(look, primary, server))


def _of(look: Look, primary: ServerState | None, server: ServerState) -> tuple[Observation, ...]:
    name = server.name
    differ, apart = _difference(primary, server)
    outdated, newer = _outdated(look, server)
    unsupported, last = _unsupported(look, server)
    return (
        Observation(VERSIONS_DIFFER, name, yes(differ), Unit.YES_OR_NO, apart, name),
        Observation(RELEASE_OUTDATED, name, outdated, Unit.SECONDS, newer, name),
        Observation(RELEASE_UNSUPPORTED, name, unsupported, Unit.SECONDS, last, name),
    )


def _difference(primary: ServerState | None, server: ServerState) -> tuple[bool | None, tuple[str, ...]]:
    if server.sql is None or primary is None or primary.sql is None:
        return None, ()
    ours, theirs = server.sql.version_number, primary.sql.version_number
    if ours == theirs:
        return False, ()
    return True, (f"{server.name} runs {version_text(ours)}, {primary.name} {version_text(theirs)}",)


def _outdated(look: Look, server: ServerState) -> tuple[float | None, tuple[str, ...]]:
    if server.sql is None:
        return None, ()
    number = server.sql.version_number
    newer = newer_release(number)
    if newer is None:
        return 0.0, ()
    line = (
        f"{server.name} runs {version_text(number)}, {number // 10_000}.{newer.minor} was released on {newer.released} "
        f"(releases are known here as of {KNOWN_AS_OF})"
    )
    return _since(look.state.at, newer.released), (line,)


def _unsupported(look: Look, server: ServerState) -> tuple[float | None, tuple[str, ...]]:
    if server.sql is None:
        return None, ()
    major = server.sql.version_number // 10_000
    known = RELEASES.get(major)
    seconds = _since(look.state.at, known.supported_until) if known is not None else 0.0
    if known is None or not seconds:
        return 0.0, ()
    return seconds, (f"PostgreSQL {major} has had no release since {known.supported_until}, nor will it",)


def _since(now: datetime, day: date) -> float:
    return max(0.0, (now - datetime.combine(day, time(), UTC)).total_seconds())
