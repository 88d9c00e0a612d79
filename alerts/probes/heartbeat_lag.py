"""How old a standby's copy of the heartbeat is: the replay lag in seconds, also where nobody else writes."""

from datetime import timedelta

from alerts.observation import Look, Observation, Unit
from servers.heartbeat import Beats, lag_seconds
from servers.state import Role, ServerState

HEARTBEAT_LAG = "heartbeat_lag_seconds"
# One that is no longer written would be the same everywhere, and tell of no lag. Clocks may be apart by as much.
_FRESH = timedelta(minutes=1)


def heartbeat_lag(look: Look) -> tuple[Observation, ...]:
    """`heartbeat_lag_seconds` of each server, to within the time between two beats; none where the settings want no
    heartbeat. Unknown while it is not written or not read; a primary is not behind."""
    beats = look.state.watched.beats
    if beats is None:
        return ()
    return tuple(
        Observation(HEARTBEAT_LAG, server.name, _lag(look, beats, server), Unit.SECONDS, (), server.name)
        for server in look.state.servers
    )


def _lag(look: Look, beats: Beats, server: ServerState) -> float | None:
    written = beats.at.get(beats.primary) if beats.primary is not None else None
    if server.sql is None or written is None or abs(look.state.at - written) > _FRESH:
        return None
    return 0.0 if server.role is Role.PRIMARY else lag_seconds(beats, server.name)
